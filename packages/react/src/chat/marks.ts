/** How far the reader has read, in each room, and how it is said: by reading, by hand, and on other devices. */
import type { Client } from "@parlance/client";
import type { Action } from "../state/actions.ts";
import type { RoomState } from "../state/model.ts";
import { countFrom, isRead } from "../state/unread.ts";
import { createReadMarks } from "./read-marks.ts";

/** Acts on the reader's marks. They return at once; what comes of them is in the state. */
export interface Marks {
  /** The end of a conversation is on a screen that somebody looks at, or not any more. */
  setReading(room: string, isReading: boolean): void;
  /** Nothing in the room is unread any more. */
  markAllRead(room: string): void;
  /** Everything from a message on is unread again, until the reader goes away and comes back, or writes. */
  markUnread(room: string, sequence: number): void;
}

/** What marks need of the chat around them. */
export interface MarksHost {
  readonly client: Client;
  readonly me: string;
  dispatch(action: Action): void;
  roomState(id: string): RoomState | undefined;
  /** What is unread has to be asked for again. */
  listRooms(): Promise<void>;
}

/** @returns The acts, what tells of a further message that was read or written, and what ends it all. */
export function createMarks(host: MarksHost): Marks & {
  read(room: string, sequence: number): void;
  wrote(room: string, sequence: number): void;
  close(): void;
} {
  const { client, me, dispatch, roomState } = host;
  let listing: ReturnType<typeof setTimeout> | undefined;
  /** Marks that went out from here and were not told back yet, by room, oldest first: they say nothing new then. */
  const sent = new Map<string, number[]>();
  const sentOf = (room: string): number[] => {
    const marks = sent.get(room) ?? [];
    sent.set(room, marks);
    return marks;
  };
  /** Whether a mark is one of those. They are told back in their order. */
  const isToldBack = (room: string, mark: number): boolean => {
    const marks = sentOf(room);
    const index = marks.indexOf(mark);
    marks.splice(0, index + 1);
    return index !== -1;
  };
  /** Rooms that the reader has just marked unread by hand. */
  const held = new Set<string>();
  const readMarks = createReadMarks(async (room, sequence) => {
    sentOf(room).push(sequence);
    const { unread, unread_after: mark = sequence } = await client
      .room(room)
      .markRead(sequence)
      .catch((error: unknown) => {
        isToldBack(room, sequence);
        throw error;
      });
    // The reader said otherwise while the mark travelled.
    if (held.has(room)) return;
    // What was behind the mark is told back as the mark.
    if (mark !== sequence) isToldBack(room, sequence);
    dispatch({ type: "mark_moved", room, unreadAfter: mark, unread, isEcho: true });
  });
  const unlisten = client.on("own", (change) => {
    if (change.what !== "read") return;
    const { room, unread_after: unreadAfter, unread } = change;
    const isOurs = isToldBack(room, unreadAfter);
    if (held.has(room)) return;
    const isEcho = isOurs && roomState(room)?.isHeldUnread !== true;
    dispatch({ type: "mark_moved", room, unreadAfter, unread, ...(isEcho ? { isEcho } : {}) });
    if (unread === 0) return;
    // How many of them mention the reader is in the list only.
    clearTimeout(listing);
    listing = setTimeout(() => void host.listRooms(), settleMs);
  });
  /** A mark that is on its way must not come after it. What is told meanwhile is older. */
  const sayUnread = async (id: string, sequence: number): Promise<void> => {
    held.add(id);
    try {
      await readMarks.drop(id);
      const { unread } = await client.room(id).markUnread(sequence);
      dispatch({ type: "mark_moved", room: id, unreadAfter: sequence - 1, unread, byHand: true });
    } catch {
      await host.listRooms();
    } finally {
      held.delete(id);
    }
  };
  return {
    read: readMarks.mark,
    wrote: readMarks.raise,
    setReading: (id, isReading) => {
      if (roomState(id)?.isReading === isReading) return;
      dispatch({ type: "reading_changed", room: id, isReading });
      const room = roomState(id);
      if (room !== undefined && isRead(room) && room.role !== undefined) {
        readMarks.mark(id, room.head);
      }
    },
    markAllRead: (id) => {
      const room = roomState(id);
      if (room?.role !== undefined && room.unread > 0) readMarks.mark(id, room.head);
    },
    markUnread: (id, sequence) => {
      const room = roomState(id);
      if (room?.role === undefined) return;
      const unreadAfter = sequence - 1;
      const unread = Math.max(1, countFrom(room, sequence, me));
      dispatch({ type: "mark_moved", room: id, unreadAfter, unread, byHand: true });
      void sayUnread(id, sequence);
    },
    close: () => {
      clearTimeout(listing);
      unlisten();
      readMarks.close();
    },
  };
}

/** Several marks at once are one question. */
const settleMs = 300;
