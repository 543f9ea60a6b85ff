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

/** @returns The acts, what tells of a further message that was read, and what ends it all. */
export function createMarks(
  host: MarksHost,
): Marks & { read(room: string, sequence: number): void; close(): void } {
  const { client, me, dispatch, roomState } = host;
  let listing: ReturnType<typeof setTimeout> | undefined;
  const readMarks = createReadMarks(async (room, sequence) => {
    const { unread } = await client.room(room).markRead(sequence);
    const held = roomState(room)?.isHeldUnread === true;
    // Somebody said otherwise while the mark travelled.
    if (!held) dispatch({ type: "mark_moved", room, unreadAfter: sequence, unread });
  });
  const unlisten = client.on("own", (change) => {
    if (change.what !== "read") return;
    const { room, unread_after: unreadAfter, unread } = change;
    dispatch({ type: "mark_moved", room, unreadAfter, unread });
    if (unread === 0) return;
    // How many of them mention the reader is in the list only.
    clearTimeout(listing);
    listing = setTimeout(() => void host.listRooms(), settleMs);
  });
  return {
    read: readMarks.mark,
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
      readMarks.drop(id);
      const unreadAfter = sequence - 1;
      const unread = Math.max(1, countFrom(room, sequence, me));
      dispatch({ type: "mark_moved", room: id, unreadAfter, unread, byHand: true });
      client
        .room(id)
        .markUnread(sequence)
        .catch(() => host.listRooms());
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
