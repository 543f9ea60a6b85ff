/**
 * The messages of a room. Only what is near the screen is in the page. The place of the reader is sacred: it
 * follows the end only if it was there, and it stays where it is when older messages come above it.
 */
import {
  type KeyboardEvent,
  type ReactNode,
  type Ref,
  useCallback,
  useEffect,
  useImperativeHandle,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { Virtualizer, type VirtualizerHandle } from "virtua";
import { useChat, useChatState } from "../chat/context.ts";
import type { RoomState } from "../state/model.ts";
import { useTexts } from "../texts/texts.tsx";
import { Icon } from "../ui/icons.tsx";
import { Announcer } from "./announcer.tsx";
import { grownText, mayCancel } from "./growth.tsx";
import { ConversationRow } from "./message-row.tsx";
import { buildRows, type Row } from "./rows.ts";
import { useReading } from "./use-reading.ts";

/** What the composer needs of the history. */
export interface HistoryHandle {
  toEnd(): void;
  focusLast(): void;
}

/** So near to the end, in pixels, counts as being there. */
const endSlack = 32;
/** Older messages are asked for when so little is left above, in pixels. */
const olderMargin = 900;

/** @param room A room that is ready. One instance per life of its log (`key`). */
export function History({ room, ref }: { room: RoomState; ref: Ref<HistoryHandle> }): ReactNode {
  const { t } = useTexts();
  const chat = useChat();
  const me = useChatState((state) => state.me);
  const { events, outgoing, newAfter, floor } = room;
  const rows = useMemo(
    () => buildRows({ events, outgoing, newAfter, floor }, me),
    [events, outgoing, newAfter, floor, me],
  );
  const list = useRef<VirtualizerHandle>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const place = useRef({ isAtEnd: true, offset: 0 });
  const [isAtEnd, setAtEnd] = useState(true);
  const [seen, setSeen] = useState(room.head);
  const [active, setActive] = useState<string>();

  // Rows that come or go at the top: the list keeps its place from the end, in this very update.
  const first = room.events[0]?.sequence ?? 0;
  const [shownFirst, setShownFirst] = useState(first);
  const isShifted = first !== shownFirst;

  const scrollToEnd = useCallback(() => {
    if (rows.length > 0) list.current?.scrollToIndex(rows.length - 1, { align: "end" });
  }, [rows.length]);
  const loadOlderIfNear = useCallback(() => {
    const isNear = (list.current?.scrollOffset ?? 0) < olderMargin;
    const isMore = first > room.floor + 1;
    if (isNear && isMore && room.older === "idle") void chat.loadOlder(room.id);
  }, [chat, first, room.floor, room.id, room.older]);

  // Where one begins: at the line of what is new, else at the end.
  useLayoutEffect(() => {
    const newLine = rows.findIndex((row) => row.newSince === true);
    if (newLine > 0) {
      place.current.isAtEnd = false;
      list.current?.scrollToIndex(newLine, { align: "start", offset: -64 });
      setAtEnd(isEnd(list.current));
    } else scrollToEnd();
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- once, when the room is shown
  }, []);

  useLayoutEffect(() => {
    setShownFirst(first);
    if (place.current.isAtEnd) scrollToEnd();
  }, [rows, first, scrollToEnd]);
  useEffect(loadOlderIfNear, [loadOlderIfNear]);
  useEffect(() => {
    if (isAtEnd) setSeen(room.head);
  }, [isAtEnd, room.head]);
  useReading(room.id, isAtEnd);

  const onScroll = (offset: number): void => {
    const isNowAtEnd = isEnd(list.current);
    // Growth of the content moves the end away, not the reader; only scrolling up leaves it.
    if (isNowAtEnd) place.current.isAtEnd = true;
    else if (offset < place.current.offset - 1) place.current.isAtEnd = false;
    place.current.offset = offset;
    setAtEnd(place.current.isAtEnd);
    loadOlderIfNear();
  };
  const toEnd = (): void => {
    place.current.isAtEnd = true;
    setAtEnd(true);
    scrollToEnd();
  };

  const focusRow = (index: number): void => {
    const row = rows[index];
    if (row === undefined) return;
    setActive(row.key);
    list.current?.scrollToIndex(index, { align: "nearest" });
    focusKey(scroller.current, row.key);
  };
  useImperativeHandle(ref, () => ({ toEnd, focusLast: () => focusRow(rows.length - 1) }));
  const activeIndex = activeRow(rows, active);
  const onKeyDown = (event: KeyboardEvent): void => {
    const target = keyTarget(event.key, activeIndex, rows.length);
    if (event.key === "Escape") {
      event.preventDefault();
      document.querySelector<HTMLElement>("[data-testid=composer]")?.focus();
    } else if (target !== undefined && !event.altKey && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      focusRow(target);
    }
  };

  const cancel = useCallback((id: string) => chat.cancel(room.id, id), [chat, room.id]);

  const below = isAtEnd ? 0 : countNew(rows, seen);
  const lastOwn = rows.findLast(
    (row) => row.kind === "message" && row.own && row.state === "sent",
  )?.key;
  return (
    <div className="history-frame">
      <OlderNote room={room} />
      <div
        ref={scroller}
        className="history"
        role="log"
        tabIndex={-1}
        aria-live="off"
        aria-label={t("conversation", { room: room.title })}
        onKeyDown={onKeyDown}
        onFocus={(event) => setActive(keyOf(event.target) ?? active)}
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
          shift={isShifted}
          bufferSize={600}
          keepMounted={activeIndex >= 0 ? [activeIndex] : []}
          onScroll={onScroll}
          onResize={() => place.current.isAtEnd && scrollToEnd()}
        >
          {(row, index) => (
            <ConversationRow
              key={row.key}
              row={row}
              isActive={index === activeIndex}
              isLastOwn={row.key === lastOwn}
              room={room.title}
              grown={grownText(row, room.texts)}
              onCancel={mayCancel(row, room, me.id) ? cancel : undefined}
              onRetry={chat.retry}
              onDiscard={(id) => chat.discard(room.id, id)}
            />
          )}
        </Virtualizer>
      </div>
      {isAtEnd ? null : (
        <button
          type="button"
          className={below > 0 ? "pill new" : "pill"}
          aria-label={t("toNewest")}
          onClick={toEnd}
        >
          <Icon name="down" small />
          {below > 0 ? t("newBelow", { count: below }) : null}
        </button>
      )}
      <Announcer room={room} />
    </div>
  );
}

/** What is going on above the oldest message. It lies over the list, so that nothing moves when it goes. */
function OlderNote({ room }: { room: RoomState }): ReactNode {
  const { t } = useTexts();
  const chat = useChat();
  if (room.older === "idle") return null;
  return (
    <div className="older-note late" role="status">
      {room.older === "loading" ? (
        t("loadingOlder")
      ) : (
        <>
          {t("olderFailed")}{" "}
          <button type="button" className="link" onClick={() => void chat.loadOlder(room.id)}>
            {t("tryAgain")}
          </button>
        </>
      )}
    </div>
  );
}

function isEnd(list: VirtualizerHandle | null): boolean {
  if (list === null) return true;
  return list.scrollSize - list.scrollOffset - list.viewportSize < endSlack;
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

function keyTarget(key: string, from: number, length: number): number | undefined {
  switch (key) {
    case "ArrowUp":
      return Math.max(0, from - 1);
    case "ArrowDown":
      return Math.min(length - 1, from + 1);
    case "Home":
      return 0;
    case "End":
      return length - 1;
    default:
      return undefined;
  }
}

function keyOf(target: EventTarget): string | undefined {
  if (!(target instanceof HTMLElement)) return undefined;
  return target.closest<HTMLElement>("[data-row]")?.dataset["row"];
}

/** Frames within which a row that was scrolled to is in the page, with room to spare. */
const mountFrames = 30;

/** Focuses a row. One that has to be put into the page first is waited for; keys go to the list meanwhile. */
function focusKey(scroller: HTMLElement | null, key: string, frames = mountFrames): void {
  const row = scroller?.querySelector<HTMLElement>(`[data-row="${CSS.escape(key)}"]`);
  if (row !== null && row !== undefined) return row.focus({ preventScroll: true });
  if (scroller === null || frames === 0) return;
  if (frames === mountFrames) scroller.focus({ preventScroll: true });
  requestAnimationFrame(() => focusKey(scroller, key, frames - 1));
}
