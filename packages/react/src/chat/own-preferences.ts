/** The reader's preferences: shown at once, kept on the server, and followed from other devices. */
import type {
  Client,
  OwnPreferenceChanges,
  OwnPreferences,
  RoomPreferenceChanges,
  RoomPreferences,
} from "@parlance/client";
import type { Action } from "../state/actions.ts";
import { afterChanges, type Preferences } from "../state/preferences.ts";

/** What the reader may wish. Shown at once; what the server refuses goes back. */
export interface PreferenceActs {
  /** How one room is seen. @throws ClientError when the server refuses. */
  prefer(room: string, changes: RoomPreferenceChanges): Promise<void>;
  /** How everything is seen. @throws ClientError when the server refuses. */
  preferEverywhere(changes: OwnPreferenceChanges): Promise<void>;
}

/** @param get What is preferred now. */
export function createPreferences(
  client: Client,
  dispatch: (action: Action) => void,
  get: () => Preferences,
): PreferenceActs & { load(): Promise<void>; close(): void } {
  const setRoom = (of: string, preferences: RoomPreferences): void =>
    dispatch({ type: "room_preferred", of, preferences });
  const setAll = (preferences: OwnPreferences): void =>
    dispatch({ type: "preferred", preferences });
  const unlisten = client.on("own", (change) => {
    if (change.what === "preferences") setAll(change.preferences);
    if (change.what === "room_preferences") setRoom(change.room, change.preferences);
  });
  return {
    load: async () => {
      try {
        dispatch({ type: "preferences_listed", all: await client.preferences() });
      } catch {
        // Shown as they were; asked again with the next connection.
      }
    },
    prefer: async (room, changes) => {
      const before = get().rooms[room] ?? {};
      setRoom(room, afterChanges(before, changes));
      try {
        setRoom(room, await client.room(room).setPreferences(changes));
      } catch (error) {
        setRoom(room, before);
        throw error;
      }
    },
    preferEverywhere: async (changes) => {
      const before = get().everywhere;
      setAll(afterChanges(before, changes));
      try {
        setAll(await client.setPreferences(changes));
      } catch (error) {
        setAll(before);
        throw error;
      }
    },
    close: unlisten,
  };
}
