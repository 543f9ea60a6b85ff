/**
 * One piece of a log as a list. Only what is near the screen is in the page. The place of the reader is sacred: it
 * follows the end only if it was there, and it stays where it is when older messages come above it.
 */
import {
  type ReactNode,
  type Ref,
  useCallback,
  useEffect,
  useImperativeHandle,
  useRef,
  useState,
} from "react";
import { Virtualizer, type VirtualizerHandle } from "virtua";
import { useChat, useChatState } from "../chat/context.ts";
import type { RoomState } from "../state/model.ts";
import { shownEvents } from "../state/window.ts";
import { useTexts } from "../texts/texts.tsx";
import { Icon } from "../ui/icons.tsx";
import type { MessageAction } from "./actions.ts";
import { focusKey } from "./list-keys.ts";
import { ConversationRow } from "./message-row.tsx";
import { useUnknownQuotes } from "./quote-line.tsx";
import { RowPicker } from "./reactions.tsx";
import type { Row } from "./rows.ts";
import { usePlace } from "./use-place.ts";
import { useReading } from "./use-reading.ts";
import { useRowList } from "./use-row-list.ts";
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
  onThread,
  ref,
}: {
  room: RoomState;
  actions: readonly MessageAction[];
  /** Goes to a place of any room; absent: there is no way to. */
  onPlace: ((room: string, sequence: number) => void) | undefined;
  /** Opens the thread under a message. Absent: there is no place for threads. */
  onThread: ((message: string) => void) | undefined;
  ref: Ref<HistoryHandle>;
}): ReactNode {
  const { t } = useTexts();
  const chat = useChat();
  const me = useChatState((state) => state.me);
  const rows = useRows(room, me);
  const scroll = useRef<VirtualizerHandle>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const first = shownEvents(room)[0]?.sequence ?? 0;
  const place = usePlace({ list: scroll, scroller, rows, room, first });
  const { isAtEnd } = place;
  const [seen, setSeen] = useState(room.head);
  const list = useRowList({
    room,
    rows,
    scroller,
    more,
    toRow: (index) => place.toRow(index, "nearest"),
    toMessage: useCallback(
      (sequence: number) => void chat.jump(room.id, sequence),
      [chat, room.id],
    ),
    onThread,
  });
  const marked = useTarget(room, rows, place.toRow, (key) => {
    list.setActive(key);
    focusKey(scroller.current, key);
  });

  useEffect(() => {
    if (isAtEnd) setSeen(room.head);
  }, [isAtEnd, room.head]);
  useReading(room.id, isAtEnd);
  useUnknownQuotes(room.id, rows);

  const toEnd = (): void => {
    if (room.window === undefined) place.toEnd();
    else chat.toNewest(room.id);
  };
  useImperativeHandle(ref, () => ({ toEnd, focusLast: () => list.focusRow(rows.length - 1) }));

  const below = isAtEnd ? 0 : countNew(rows, seen);
  const lastOwn = rows.findLast(
    (row) => row.kind === "message" && row.own && row.state === "sent",
  )?.key;
  return (
    <>
      <div
        ref={scroller}
        className="history"
        role="log"
        tabIndex={-1}
        aria-live="off"
        aria-label={t("conversation", { room: room.title })}
        {...list.listeners}
      >
        <div className="history-fill" />
        {rows.some((row) => row.kind === "message") || first > room.floor + 1 ? null : (
          <div className="empty at-start">
            <h2>{t("emptyTitle")}</h2>
            <p>{t("emptyHint")}</p>
          </div>
        )}
        <Virtualizer
          ref={scroll}
          scrollRef={scroller}
          data={rows}
          shift={place.isShifted}
          bufferSize={600}
          keepMounted={list.kept}
          onScroll={place.onScroll}
          onResize={place.onResize}
        >
          {(row, index) => (
            <ConversationRow
              key={row.key}
              row={row}
              {...list.rowProps(row, index)}
              isTarget={row.key === marked}
              isLastOwn={row.key === lastOwn}
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
            list.focusRow(rows.length - 1);
          }}
        >
          <Icon name="down" small />
          {below > 0 ? t("newBelow", { count: below }) : null}
        </button>
      )}
      <RowPicker list={list} />
    </>
  );
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

function countNew(rows: readonly Row[], seen: number): number {
  let count = 0;
  for (const row of rows.toReversed()) {
    if (row.sequence !== undefined && row.sequence <= seen) break;
    if (row.kind === "message" && !row.own) count += 1;
  }
  return count;
}
