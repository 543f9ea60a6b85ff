/**
 * One piece of a log as a list. Only what is near the screen is in the page. The place of the reader is sacred: it
 * follows the end only if it was there, and it stays where it is when older messages come above it.
 */
import {
  type KeyboardEvent,
  type ReactNode,
  type Ref,
  useCallback,
  useEffect,
  useImperativeHandle,
  useMemo,
  useRef,
  useState,
} from "react";
import { Virtualizer, type VirtualizerHandle } from "virtua";
import { useChat, useChatState } from "../chat/context.ts";
import type { RoomState } from "../state/model.ts";
import { shownEvents } from "../state/window.ts";
import { useTexts } from "../texts/texts.tsx";
import { Icon } from "../ui/icons.tsx";
import { type MessageAction, type MessageActionUi, useMessageActions } from "./actions.ts";
import { grownText, mayCancel } from "./growth.tsx";
import { actionOfKey, focusKey, isWriting, keyOf, keyTarget } from "./list-keys.ts";
import { ConversationRow } from "./message-row.tsx";
import { ReactionPicker } from "./reactions.tsx";
import { useRowActs } from "./row-acts.ts";
import type { MessageRow, Row } from "./rows.ts";
import { usePlace } from "./use-place.ts";
import { useReading } from "./use-reading.ts";
import { useRows } from "./use-rows.ts";

/** What the composer needs of the list. */
export interface HistoryHandle {
  toEnd(): void;
  focusLast(): void;
}

/** How long a message that somebody wanted to see is marked. Milliseconds. */
const markedMs = 2_500;

/** @param room A room that is ready. */
export function MessageList({
  room,
  actions: more,
  onPlace,
  ref,
}: {
  room: RoomState;
  actions: readonly MessageAction[];
  onPlace?: ((room: string, sequence: number) => void) | undefined;
  ref: Ref<HistoryHandle>;
}): ReactNode {
  const { t } = useTexts();
  const chat = useChat();
  const me = useChatState((state) => state.me);
  const rows = useRows(room, me);
  const list = useRef<VirtualizerHandle>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const first = shownEvents(room)[0]?.sequence ?? 0;
  const place = usePlace({ list, scroller, rows, room, first });
  const { isAtEnd } = place;
  const [seen, setSeen] = useState(room.head);
  const [active, setActive] = useState<string>();
  const [hovered, setHovered] = useState<string>();
  const [focused, setFocused] = useState<string>();
  const [editing, setEditing] = useState<string>();
  const [picking, setPicking] = useState<Picking>();
  const marked = useTarget(room, rows, place.toRow, (key) => {
    setActive(key);
    focusKey(scroller.current, key);
  });

  useEffect(() => {
    if (isAtEnd) setSeen(room.head);
  }, [isAtEnd, room.head]);
  useReading(room.id, isAtEnd);

  const onEdited = useCallback((row: MessageRow) => {
    setEditing(undefined);
    focusKey(scroller.current, row.key);
  }, []);
  const acts = useRowActs(room.id, onEdited);
  const ui = useMemo(
    (): MessageActionUi => ({
      edit: (row) => setEditing(row.key),
      pickReaction: (row, anchor) => setPicking({ row, anchor }),
    }),
    [],
  );
  const actions = useMessageActions(ui, more);

  const focusRow = (index: number): void => {
    const row = rows[index];
    if (row === undefined) return;
    setActive(row.key);
    place.toRow(index, "nearest");
    focusKey(scroller.current, row.key);
  };
  const toEnd = (): void => {
    if (room.window === undefined) place.toEnd();
    else chat.toNewest(room.id);
  };
  useImperativeHandle(ref, () => ({ toEnd, focusLast: () => focusRow(rows.length - 1) }));

  const activeIndex = activeRow(rows, active);
  const onKeyDown = (event: KeyboardEvent): void => {
    const row = rows[activeIndex];
    if (event.altKey || event.ctrlKey || event.metaKey || isWriting(event.target)) return;
    if (event.key === "Escape") {
      event.preventDefault();
      stepOut(event.target, scroller.current);
      return;
    }
    const target = keyTarget(event.key, activeIndex, rows.length);
    if (target !== undefined) {
      event.preventDefault();
      focusRow(target);
      return;
    }
    if (row?.kind !== "message") return;
    const host = { row, room, me: me.id };
    const action = actionOfKey(event.key, actions, host);
    const anchor = scroller.current?.querySelector<HTMLElement>(
      `[data-row="${CSS.escape(row.key)}"]`,
    );
    if (action === undefined || anchor === null || anchor === undefined) return;
    event.preventDefault();
    action.run(host, anchor);
  };

  const below = isAtEnd ? 0 : countNew(rows, seen);
  const lastOwn = rows.findLast(
    (row) => row.kind === "message" && row.own && row.state === "sent",
  )?.key;
  const keep = rows.flatMap((row, index) =>
    index === activeIndex || row.key === editing ? [index] : [],
  );
  return (
    <>
      <div
        ref={scroller}
        className="history"
        role="log"
        tabIndex={-1}
        aria-live="off"
        aria-label={t("conversation", { room: room.title })}
        onKeyDown={onKeyDown}
        onFocus={(event) => {
          const key = keyOf(event.target);
          setFocused(key);
          if (key !== undefined) setActive(key);
        }}
        onBlur={() => setFocused(undefined)}
        onPointerOver={(event) => setHovered(keyOf(event.target))}
        onPointerLeave={() => setHovered(undefined)}
      >
        <div className="history-fill" />
        {rows.some((row) => row.kind === "message") || first > room.floor + 1 ? null : (
          <div className="empty at-start">
            <h2>{t("emptyTitle")}</h2>
            <p>{t("emptyHint")}</p>
          </div>
        )}
        <Virtualizer
          ref={list}
          scrollRef={scroller}
          data={rows}
          shift={place.isShifted}
          bufferSize={600}
          keepMounted={keep}
          onScroll={place.onScroll}
          onResize={place.onResize}
        >
          {(row, index) => (
            <ConversationRow
              key={row.key}
              row={row}
              isActive={index === activeIndex}
              isHot={row.key === hovered || row.key === focused || row.key === picking?.row.key}
              isEditing={row.key === editing}
              isTarget={row.key === marked}
              isLastOwn={row.key === lastOwn}
              room={room}
              me={me.id}
              grown={grownText(row, room.texts)}
              mayCancel={mayCancel(row, room, me.id)}
              acts={acts}
              actions={actions}
              onPlace={onPlace}
            />
          )}
        </Virtualizer>
      </div>
      {isAtEnd ? null : (
        <button
          type="button"
          className={below > 0 ? "pill new" : "pill"}
          aria-label={t("toNewest")}
          onClick={() => {
            toEnd();
            // The button goes: focus would be lost with it.
            focusRow(rows.length - 1);
          }}
        >
          <Icon name="down" small />
          {below > 0 ? t("newBelow", { count: below }) : null}
        </button>
      )}
      {picking === undefined ? null : (
        <ReactionPicker
          anchor={picking.anchor}
          onPick={(emoji) => acts.react(picking.row, emoji, true)}
          onClose={() => setPicking(undefined)}
        />
      )}
    </>
  );
}

interface Picking {
  readonly row: MessageRow;
  readonly anchor: HTMLElement;
}

/** Goes where somebody wants to look, once it is loaded. @returns the key of the row that is marked. */
function useTarget(
  room: RoomState,
  rows: readonly Row[],
  toRow: (index: number, align: "center") => void,
  onReached: (key: string) => void,
): string | undefined {
  const chat = useChat();
  const [marked, setMarked] = useState<string>();
  const { target } = room;
  const reached = useRef(onReached);
  reached.current = onReached;
  useEffect(() => {
    if (target === undefined) return;
    // What stands at a place need not be a message: the one before it is nearest.
    const index = rows.findLastIndex((row) => row.sequence !== undefined && row.sequence <= target);
    const row = rows[index];
    if (row === undefined) return;
    toRow(index, "center");
    setMarked(row.key);
    reached.current(row.key);
    chat.arrive(room.id);
  }, [chat, room.id, target, rows, toRow]);
  useEffect(() => {
    if (marked === undefined) return;
    const timer = setTimeout(() => setMarked(undefined), markedMs);
    return () => clearTimeout(timer);
  }, [marked]);
  return marked;
}

/** From a control of a row to the row, from a row to the composer. */
function stepOut(from: EventTarget, scroller: HTMLElement | null): void {
  const row = from instanceof HTMLElement ? from.closest<HTMLElement>("[data-row]") : null;
  if (row !== null && row !== from) row.focus({ preventScroll: true });
  else
    scroller?.closest(".conversation")?.querySelector<HTMLElement>(".composer textarea")?.focus();
}

function countNew(rows: readonly Row[], seen: number): number {
  let count = 0;
  for (const row of rows.toReversed()) {
    if (row.sequence !== undefined && row.sequence <= seen) break;
    if (row.kind === "message" && !row.own) count += 1;
  }
  return count;
}

/** The row that Tab reaches: the one last focused, else the newest. */
function activeRow(rows: readonly Row[], active: string | undefined): number {
  const index = active === undefined ? -1 : rows.findIndex((row) => row.key === active);
  return index >= 0 ? index : rows.length - 1;
}
