/** Where the reader is in a list of messages, and how it stays there. */
import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import type { VirtualizerHandle } from "virtua";
import { useChat } from "../chat/context.ts";
import type { RoomState } from "../state/model.ts";
import type { Row } from "./rows.ts";

/** So near to the end, in pixels, counts as being there. */
const endSlack = 32;
/** More messages are asked for when so little is left, in pixels. */
const moreMargin = 900;
/** Left above the line of what is new, in pixels. */
const newLineOffset = 64;

/** The reader's place. */
export interface Place {
  /** The newest message is on the screen. */
  readonly isAtEnd: boolean;
  /** Rows came or went at the top in this very update: the list keeps its place from the end. */
  readonly isShifted: boolean;
  toEnd(): void;
  toRow(index: number, align: "nearest" | "center"): void;
  onScroll(offset: number): void;
  onResize(): void;
}

/** @param first Sequence of the first event that is shown; 0 if there is none. */
export function usePlace({
  list,
  scroller,
  rows,
  room,
  first,
}: {
  list: RefObject<VirtualizerHandle | null>;
  /** What scrolls, around the list. */
  scroller: RefObject<HTMLElement | null>;
  rows: readonly Row[];
  room: RoomState;
  first: number;
}): Place {
  const chat = useChat();
  const place = useRef({ isAtEnd: true, offset: 0 });
  const [isListAtEnd, setListAtEnd] = useState(true);
  const [shownFirst, setShownFirst] = useState(first);
  const isElsewhere = room.window !== undefined;

  // By hand: the list's own `scrollToIndex` goes on for a while as rows are measured, and would pull back who scrolls up meanwhile.
  // What grows later is followed by `onResize`.
  const scrollToEnd = useCallback(() => {
    scroller.current?.scrollTo({ top: scroller.current.scrollHeight, behavior: "instant" });
  }, [scroller]);
  const loadIfNear = useCallback(() => {
    const handle = list.current;
    if (handle === null) return;
    const isMoreAbove = first > room.floor + 1;
    if (handle.scrollOffset < moreMargin && isMoreAbove && room.older === "idle") {
      void chat.loadOlder(room.id);
    }
    const isNearEnd = handle.scrollSize - handle.scrollOffset - handle.viewportSize < moreMargin;
    if (isNearEnd && room.window?.newer === "idle") void chat.loadNewer(room.id);
  }, [list, chat, first, room.floor, room.id, room.older, room.window?.newer]);

  // Where one begins: at what somebody wants to see, at the line of what is new, else at the end.
  useLayoutEffect(() => {
    const newLine = rows.findIndex((row) => row.newSince === true);
    if (room.target !== undefined || isElsewhere) {
      place.current.isAtEnd = false;
      setListAtEnd(false);
    } else if (newLine > 0) {
      place.current.isAtEnd = false;
      list.current?.scrollToIndex(newLine, { align: "start", offset: -newLineOffset });
      setListAtEnd(isEnd(scroller.current));
    } else scrollToEnd();
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- once, when the list is shown
  }, []);
  useLayoutEffect(() => {
    setShownFirst(first);
    if (place.current.isAtEnd) scrollToEnd();
  }, [rows, first, scrollToEnd]);
  useEffect(loadIfNear, [loadIfNear]);

  return {
    isAtEnd: isListAtEnd && !isElsewhere,
    isShifted: first !== shownFirst,
    toEnd: () => {
      place.current.isAtEnd = true;
      setListAtEnd(true);
      scrollToEnd();
    },
    toRow: useCallback(
      (index, align) => {
        if (align === "center") place.current.isAtEnd = false;
        list.current?.scrollToIndex(index, { align });
      },
      [list],
    ),
    onScroll: (offset) => {
      const isNowAtEnd = isEnd(scroller.current) && !isElsewhere;
      // Growth of the content moves the end away, not the reader; only scrolling up leaves it.
      if (isNowAtEnd) place.current.isAtEnd = true;
      else if (offset < place.current.offset - 1) place.current.isAtEnd = false;
      place.current.offset = offset;
      setListAtEnd(place.current.isAtEnd);
      loadIfNear();
    },
    onResize: () => {
      if (place.current.isAtEnd) scrollToEnd();
    },
  };
}

/* Not as the list has it: when something below it goes, as a file that was sent, it learns of its new height after it was scrolled. */
function isEnd(scroller: HTMLElement | null): boolean {
  if (scroller === null) return true;
  return scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < endSlack;
}
