/** The messages of a thread: the root, and what was written under it. Threads are short, so all that is loaded is in the page. */
import {
  type ReactNode,
  type RefObject,
  useCallback,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { useChat } from "../chat/context.ts";
import type { MessageAction } from "../conversation/actions.ts";
import { focusKey } from "../conversation/list-keys.ts";
import { ConversationRow } from "../conversation/message-row.tsx";
import { useUnknownQuotes } from "../conversation/quote-line.tsx";
import { RowPicker } from "../conversation/reactions.tsx";
import type { Row } from "../conversation/rows.ts";
import { useRowList } from "../conversation/use-row-list.ts";
import type { RoomState, ThreadState } from "../state/model.ts";
import { useTexts } from "../texts/texts.tsx";

/** So near to the end, in pixels, counts as being there. */
const endSlack = 32;

/**
 * @param onEnd Told whether the end is on the screen.
 * @param actions What the page can do with messages beyond the standard acts.
 */
export function ThreadList({
  room,
  root,
  thread,
  rows,
  actions,
  onEnd,
}: {
  room: RoomState;
  root: string;
  thread: ThreadState;
  rows: readonly Row[];
  actions: readonly MessageAction[];
  onEnd: (isAtEnd: boolean) => void;
}): ReactNode {
  const { t } = useTexts();
  const chat = useChat();
  const scroller = useRef<HTMLDivElement>(null);
  const [marked, setMarked] = useState<string>();
  const latest = useRef(rows);
  latest.current = rows;
  const toMessage = useCallback(
    (sequence: number) => {
      const row = latest.current.find((one) => one.sequence === sequence);
      if (row === undefined) {
        void chat.jump(room.id, sequence);
        return;
      }
      focusKey(scroller.current, row.key);
      rowOf(scroller.current, row.key)?.scrollIntoView({ block: "center" });
      setMarked(row.key);
    },
    [chat, room.id],
  );
  const list = useRowList({
    room,
    rows,
    scroller,
    more: actions,
    thread: root,
    toRow: (index) => {
      const key = rows[index]?.key;
      if (key !== undefined) rowOf(scroller.current, key)?.scrollIntoView({ block: "nearest" });
    },
    toMessage,
    onThread: undefined,
  });
  useUnknownQuotes(room.id, rows);
  useEnd(scroller, rows, onEnd);
  const lastOwn = rows.findLast(
    (row) => row.kind === "message" && row.own && row.state === "sent",
  )?.key;
  return (
    <>
      <div
        ref={scroller}
        className="thread-list"
        role="log"
        tabIndex={-1}
        aria-live="polite"
        aria-label={t("thread")}
        data-testid="thread-list"
        onScroll={(event) => onEnd(isEnd(event.currentTarget))}
        {...list.listeners}
      >
        {rows.map((row, index) => (
          <div key={row.key}>
            <ConversationRow
              row={row}
              {...list.rowProps(row, index)}
              isTarget={row.key === marked}
              isLastOwn={row.key === lastOwn}
            />
            {index === 0 && thread.hasOlder ? (
              <Older room={room} root={root} thread={thread} />
            ) : null}
          </div>
        ))}
      </div>
      <RowPicker list={list} />
    </>
  );
}

function Older({
  room,
  root,
  thread,
}: {
  room: RoomState;
  root: string;
  thread: ThreadState;
}): ReactNode {
  const { t } = useTexts();
  const chat = useChat();
  return (
    <p className="thread-older" role={thread.older === "failed" ? "alert" : undefined}>
      {thread.older === "failed" ? `${t("olderFailed")} ` : null}
      <button
        type="button"
        className="link"
        disabled={thread.older === "loading"}
        onClick={() => void chat.loadOlderReplies(room.id, root)}
      >
        {t(thread.older === "loading" ? "loadingOlder" : "threadOlder")}
      </button>
    </p>
  );
}

/** Begins at the end and stays there; older messages above move nothing that one reads. */
function useEnd(
  list: RefObject<HTMLElement | null>,
  rows: readonly Row[],
  onEnd: (isAtEnd: boolean) => void,
): void {
  const wasAtEnd = useRef(true);
  const before = useRef({ second: "", height: 0 });
  const told = useRef(onEnd);
  told.current = onEnd;
  useEffect(() => {
    const { current } = list;
    if (current === null) return;
    const note = (): void => {
      wasAtEnd.current = isEnd(current);
    };
    current.addEventListener("scroll", note, { passive: true });
    // A panel that is made narrower, a text that is formatted late: the end stays in view.
    const sizes = new ResizeObserver(() => {
      if (wasAtEnd.current) current.scrollTo({ top: current.scrollHeight });
    });
    sizes.observe(current);
    for (const child of current.children) sizes.observe(child);
    return () => {
      current.removeEventListener("scroll", note);
      sizes.disconnect();
    };
  }, [list, rows]);
  useLayoutEffect(() => {
    const { current } = list;
    if (current === null) return;
    const second = rows[1]?.key ?? "";
    const grown = current.scrollHeight - before.current.height;
    const isOlderAbove = before.current.second !== "" && second !== before.current.second;
    if (wasAtEnd.current) current.scrollTo({ top: current.scrollHeight });
    else if (isOlderAbove) current.scrollBy({ top: grown });
    before.current = { second, height: current.scrollHeight };
    wasAtEnd.current = isEnd(current);
    told.current(wasAtEnd.current);
  }, [list, rows]);
}

function isEnd(list: HTMLElement): boolean {
  return list.scrollHeight - list.scrollTop - list.clientHeight < endSlack;
}

function rowOf(scroller: HTMLElement | null, key: string): HTMLElement | null {
  return scroller?.querySelector<HTMLElement>(`[data-row="${CSS.escape(key)}"]`) ?? null;
}
