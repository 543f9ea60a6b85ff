/** The order of rooms in lists. */
import type { RoomState } from "../state/model.ts";
import type { Preferences } from "../state/preferences.ts";

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

/** A part of the list of rooms. */
export interface RoomGroup {
  /** Of a section: its id. */
  readonly id: string;
  /** `section`: one of the reader's own, with its name. */
  readonly kind: "favourites" | "section" | "rooms" | "direct";
  readonly name: string;
  readonly isFolded: boolean;
  readonly rooms: readonly RoomState[];
}

/**
 * The reader's rooms as they want to see them: favourites, their own sections, other rooms, people. A section
 * without rooms is there too; the other parts only with rooms. What is hidden is left out until something is
 * written in it.
 */
export function groupRooms(
  joined: readonly RoomState[],
  { everywhere, rooms }: Preferences,
): readonly RoomGroup[] {
  const { sections = [], folded = [] } = everywhere;
  const known = new Set(sections.map(({ id }) => id));
  const placeOf = (room: RoomState): string => {
    const wish = rooms[room.id];
    if (wish?.favourite === true) return "favourites";
    if (wish?.section !== undefined && known.has(wish.section)) return `section ${wish.section}`;
    return room.kind === "direct" ? "direct" : "rooms";
  };
  const shown = joined.filter((room) => (rooms[room.id]?.hidden_at ?? -1) < room.head);
  const group = (id: string, kind: RoomGroup["kind"], name: string, place: string): RoomGroup => ({
    id,
    kind,
    name,
    isFolded: folded.includes(id),
    rooms: shown.filter((room) => placeOf(room) === place),
  });
  return [
    group("favourites", "favourites", "", "favourites"),
    ...sections.map(({ id, name }) => group(id, "section", name, `section ${id}`)),
    group("rooms", "rooms", "", "rooms"),
    group("direct", "direct", "", "direct"),
  ].filter((one) => one.kind === "section" || one.rooms.length > 0);
}
