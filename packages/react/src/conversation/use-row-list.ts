/** What a list of messages does whatever is in it: one row has the focus, keys act on it, one is a field, one is reacted to. */
import {
  type FocusEventHandler,
  type KeyboardEvent,
  type KeyboardEventHandler,
  type PointerEventHandler,
  type RefObject,
  useCallback,
  useMemo,
  useState,
} from "react";
import { useChatState } from "../chat/context.ts";
import type { RoomState } from "../state/model.ts";
import {
  type MessageAction,
  type MessageActionHost,
  type MessageActionUi,
  useMessageActions,
} from "./actions.ts";
import { grownText, mayCancel } from "./growth.tsx";
import { actionOfKey, focusKey, isWriting, keyOf, keyTarget } from "./list-keys.ts";
import type { RowProps } from "./message-row.tsx";
import { useRowActs } from "./row-acts.ts";
import type { MessageRow, Row } from "./rows.ts";

/** What a list is made of. */
export interface RowListParts {
  readonly room: RoomState;
  readonly rows: readonly Row[];
  readonly scroller: RefObject<HTMLElement | null>;
  /** What the page can do with messages beyond the standard acts. */
  readonly more: readonly MessageAction[];
  /** The thread that is shown. */
  readonly thread?: string;
  /** Brings a row on the screen. */
  toRow(index: number): void;
  /** A message of the room is wanted on the screen. */
  toMessage(sequence: number): void;
  /** Opens the thread under a message. */
  readonly onThread: ((message: string) => void) | undefined;
}

/** A message that a reaction is picked for. */
export interface Picking {
  readonly row: MessageRow;
  readonly anchor: HTMLElement;
}

/** The state of a list, and what its elements need. */
export interface RowListState {
  readonly activeIndex: number;
  /** Rows that stay in the page: the one with the focus, and the one that is a field. */
  readonly kept: readonly number[];
  readonly picking: Picking | undefined;
  setPicking(picking: Picking | undefined): void;
  setActive(key: string): void;
  focusRow(index: number): void;
  readonly acts: RowProps["acts"];
  rowProps(row: Row, index: number): Omit<RowProps, "row" | "isTarget" | "isLastOwn">;
  readonly listeners: {
    readonly onKeyDown: KeyboardEventHandler;
    readonly onFocus: FocusEventHandler;
    readonly onBlur: FocusEventHandler;
    readonly onPointerOver: PointerEventHandler;
    readonly onPointerLeave: PointerEventHandler;
  };
}

/** One for each list. */
export function useRowList(parts: RowListParts): RowListState {
  const { room, rows, scroller, more, thread, toRow, toMessage, onThread } = parts;
  const me = useChatState((state) => state.me.id);
  const [active, setActive] = useState<string>();
  const [hovered, setHovered] = useState<string>();
  const [focused, setFocused] = useState<string>();
  const [editing, setEditing] = useState<string>();
  const [picking, setPicking] = useState<Picking>();

  const onEdited = useCallback(
    (row: MessageRow) => {
      setEditing(undefined);
      focusKey(scroller.current, row.key);
    },
    [scroller],
  );
  const acts = useRowActs(room.id, { onEdited, onThread, toMessage });
  const ui = useMemo(
    (): MessageActionUi => ({
      edit: (row) => setEditing(row.key),
      pickReaction: (row, anchor) => setPicking({ row, anchor }),
      openThread: onThread,
    }),
    [onThread],
  );
  const actions = useMessageActions(ui, more);
  const hostOf = (row: MessageRow): MessageActionHost => ({ row, room, me, thread });

  const focusRow = (index: number): void => {
    const row = rows[index];
    if (row === undefined) return;
    setActive(row.key);
    toRow(index);
    focusKey(scroller.current, row.key);
  };
  /** The list may be in a dialog itself. */
  const around = (): Element | null | undefined => scroller.current?.closest("dialog");
  const activeIndex = activeRow(rows, active);
  const onKeyDown = (event: KeyboardEvent): void => {
    // Of the row that has the focus, whatever was last known to have it.
    const focusedKey = keyOf(event.target);
    const found = focusedKey === undefined ? -1 : rows.findIndex(({ key }) => key === focusedKey);
    const from = found === -1 ? activeIndex : found;
    const row = rows[from];
    if (event.altKey || event.ctrlKey || event.metaKey || isWriting(event.target)) return;
    // What a row has opened has keys of its own.
    if (event.target instanceof Element && event.target.closest("dialog") !== around()) return;
    if (event.key === "Escape") {
      event.preventDefault();
      stepOut(event.target, scroller.current);
      return;
    }
    const target = keyTarget(event.key, from, rows.length);
    if (target !== undefined) {
      event.preventDefault();
      focusRow(target);
      return;
    }
    if (row?.kind !== "message") return;
    const action = actionOfKey(event.key, actions, hostOf(row));
    const anchor = scroller.current?.querySelector<HTMLElement>(
      `[data-row="${CSS.escape(row.key)}"]`,
    );
    if (action === undefined || anchor === null || anchor === undefined) return;
    event.preventDefault();
    action.run(hostOf(row), anchor);
  };

  return {
    activeIndex,
    kept: rows.flatMap((row, index) =>
      index === activeIndex || row.key === editing ? [index] : [],
    ),
    picking,
    setPicking,
    setActive,
    focusRow,
    acts,
    rowProps: (row, index) => ({
      isActive: index === activeIndex,
      isHot: row.key === hovered || row.key === focused || row.key === picking?.row.key,
      isEditing: row.key === editing,
      room,
      me,
      thread,
      grown: grownText(row, room.texts),
      mayCancel: mayCancel(row, room, me),
      acts,
      actions,
    }),
    listeners: {
      onKeyDown,
      onFocus: (event) => {
        const key = keyOf(event.target);
        setFocused(key);
        if (key !== undefined) setActive(key);
      },
      // What is pressed must not go away before it is clicked: where the focus goes to a row, that is told next.
      onBlur: ({ relatedTarget }) => {
        if (relatedTarget === null || keyOf(relatedTarget) === undefined) setFocused(undefined);
      },
      // A finger is over a row only while it is down: what it taps has the focus.
      onPointerOver: (event) => {
        if (event.pointerType !== "touch") setHovered(keyOf(event.target));
      },
      onPointerLeave: (event) => {
        if (event.pointerType !== "touch") setHovered(undefined);
      },
    },
  };
}

/** From a control of a row to the row, from a row to the composer. */
function stepOut(from: EventTarget, scroller: HTMLElement | null): void {
  const row = from instanceof HTMLElement ? from.closest<HTMLElement>("[data-row]") : null;
  if (row !== null && row !== from) row.focus({ preventScroll: true });
  else {
    const around = scroller?.closest(".thread, .conversation");
    around?.querySelector<HTMLElement>(".composer textarea")?.focus();
  }
}

/** The row that Tab reaches: the one last focused, else the newest. */
function activeRow(rows: readonly Row[], active: string | undefined): number {
  const index = active === undefined ? -1 : rows.findIndex((row) => row.key === active);
  return index >= 0 ? index : rows.length - 1;
}
