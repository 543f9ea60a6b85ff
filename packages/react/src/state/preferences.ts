/** What the reader prefers: of everything, and of single rooms. Pure, like the reducer that uses it. */
import type { AllPreferences, OwnPreferences, RoomPreferences } from "@parlance/client";

/** All that the reader prefers. */
export interface Preferences {
  readonly everywhere: OwnPreferences;
  /** By room id; rooms in which nothing was set are not there. */
  readonly rooms: Readonly<Record<string, RoomPreferences>>;
}

/** Nothing was set. */
export const noPreferences: Preferences = { everywhere: {}, rooms: {} };

/** All of them, as the server lists them. */
export function listedPreferences({ preferences, rooms }: AllPreferences): Preferences {
  return {
    everywhere: preferences,
    rooms: Object.fromEntries(rooms.map((one) => [one.room, one.preferences])),
  };
}

/** With those of one room as they are now. */
export function withRoomPreferences(
  before: Preferences,
  room: string,
  preferences: RoomPreferences,
): Preferences {
  return { ...before, rooms: { ...before.rooms, [room]: preferences } };
}

/** What is set after a change: null and the default take a member away. */
export function afterChanges<T extends object>(before: T, changes: object): T {
  const set = Object.entries({ ...before, ...changes }).filter(
    ([name, value]) => value !== null && value !== name.startsWith("shares_"),
  );
  return Object.fromEntries(set) as T;
}

/** Whether the room is muted at that time, in milliseconds since the epoch. */
export function isMuted(preferences: RoomPreferences | undefined, now: number): boolean {
  const until = preferences?.muted_until;
  return until !== undefined && (until === "forever" || Date.parse(until) > now);
}
