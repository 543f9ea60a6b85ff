/** The reader's preferences: shown at once, kept on the server, and followed from other devices. */
import type {
  Client,
  OwnPreferenceChanges,
  OwnPreferences,
  RoomPreferenceChanges,
  RoomPreferences,
} from "@parlance/client";
import type { Action } from "../state/actions.ts";
import { afterChanges, listedPreferences, type Preferences } from "../state/preferences.ts";

/** What the reader may wish. Shown at once; what the server refuses goes back. */
export interface PreferenceActs {
  /** How one room is seen. @throws ClientError when the server refuses. */
  prefer(room: string, changes: RoomPreferenceChanges): Promise<void>;
  /** How everything is seen. @throws ClientError when the server refuses. */
  preferEverywhere(changes: OwnPreferenceChanges): Promise<void>;
}

/**
 * What the server said last, and on top of it what was asked for since and is not answered yet: the answer to an earlier wish does not
 * take a later one off the screen.
 */
class Wishes<T extends object> {
  #said: T;
  readonly #waiting: object[] = [];

  constructor(said: T) {
    this.#said = said;
  }

  get shown(): T {
    return this.#waiting.reduce<T>((all, changes) => afterChanges(all, changes), this.#said);
  }

  hear(said: T): void {
    this.#said = said;
  }

  /** @throws whatever `ask` rejects with; the wish is taken back then. */
  async make(changes: object, ask: () => Promise<T>, show: () => void): Promise<void> {
    this.#waiting.push(changes);
    show();
    try {
      this.#said = await ask();
    } finally {
      this.#waiting.splice(this.#waiting.indexOf(changes), 1);
      show();
    }
  }
}

/** @param get What is preferred now. */
export function createPreferences(
  client: Client,
  dispatch: (action: Action) => void,
  get: () => Preferences,
): PreferenceActs & { load(): Promise<void>; close(): void } {
  const everywhere = new Wishes<OwnPreferences>(get().everywhere);
  const rooms = new Map<string, Wishes<RoomPreferences>>();
  const ofRoom = (room: string): Wishes<RoomPreferences> => {
    const wishes = rooms.get(room) ?? new Wishes(get().rooms[room] ?? {});
    rooms.set(room, wishes);
    return wishes;
  };
  const showRoom = (of: string): void =>
    dispatch({ type: "room_preferred", of, preferences: ofRoom(of).shown });
  const showAll = (): void => dispatch({ type: "preferred", preferences: everywhere.shown });
  const unlisten = client.on("own", (change) => {
    if (change.what === "preferences") {
      everywhere.hear(change.preferences);
      showAll();
    }
    if (change.what === "room_preferences") {
      ofRoom(change.room).hear(change.preferences);
      showRoom(change.room);
    }
  });
  return {
    load: async () => {
      try {
        const all = await client.preferences();
        dispatch({ type: "preferences_listed", all });
        everywhere.hear(all.preferences);
        showAll();
        const listed = listedPreferences(all).rooms;
        for (const [room, wishes] of rooms) {
          wishes.hear(listed[room] ?? {});
          showRoom(room);
        }
      } catch {
        // Shown as they were; asked again with the next connection.
      }
    },
    prefer: (room, changes) =>
      ofRoom(room).make(
        changes,
        () => client.room(room).setPreferences(changes),
        () => showRoom(room),
      ),
    preferEverywhere: (changes) =>
      everywhere.make(changes, () => client.setPreferences(changes), showAll),
    close: unlisten,
  };
}
