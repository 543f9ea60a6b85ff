/** The order of rooms in lists. */
import type { RoomState } from "../state/model.ts";

const titles = new Intl.Collator();

/** Rooms of the reader, and rooms to discover; each by title, so that nothing jumps when messages come. */
export function sortRooms(rooms: Readonly<Record<string, RoomState>>): {
  readonly joined: readonly RoomState[];
  readonly discoverable: readonly RoomState[];
} {
  const sorted = Object.values(rooms).toSorted(
    (a, b) => titles.compare(a.title, b.title) || (a.id < b.id ? -1 : 1),
  );
  return {
    // Inboxes are behind the bell.
    joined: sorted.filter((room) => room.role !== undefined && room.kind !== "inbox"),
    discoverable: sorted.filter((room) => room.role === undefined && room.listed),
  };
}

/** Rooms whose title or id contains each word of the query, those that begin with it first. */
export function findRooms(rooms: readonly RoomState[], query: string): readonly RoomState[] {
  const words = query.toLocaleLowerCase().split(/\s+/u).filter(Boolean);
  const text = (room: RoomState): string => `${room.title} ${room.id}`.toLocaleLowerCase();
  const begins = (room: RoomState): number => (text(room).startsWith(words[0] ?? "") ? 0 : 1);
  return rooms
    .filter((room) => words.every((word) => text(room).includes(word)))
    .toSorted((a, b) => begins(a) - begins(b));
}
