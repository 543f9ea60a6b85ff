/** Who people are: what the reader says of themselves, and what they may know of others. */
import type { Client, OwnProfile, ProfileChanges, ProfileShown } from "@parlance/client";
import type { Action } from "../state/actions.ts";
import type { ChatState } from "../state/model.ts";

/** What the reader may say of themselves. Shown at once; what the server refuses goes back. */
export interface ProfileActs {
  /** @throws ClientError when the server refuses. */
  setProfile(changes: ProfileChanges): Promise<void>;
  /** PNG, JPEG or WebP of at most 32 KiB and 512 by 512 pixels; null takes it away. @throws ClientError */
  setPicture(picture: Uint8Array | null): Promise<void>;
  /** What the reader may know of somebody. @throws ClientError */
  profileOf(user: string, room: string | undefined): Promise<ProfileShown["person"]>;
}

/** @param get What is shown now. */
export function createProfiles(
  client: Client,
  dispatch: (action: Action) => void,
  get: () => ChatState,
): ProfileActs & { load(): Promise<void>; loadRoom(room: string): Promise<void>; close(): void } {
  const show = (own: OwnProfile): void => dispatch({ type: "own_profile", own });
  const unlisten = client.on("own", (change) => {
    if (change.what === "profile") show(change.own);
  });
  return {
    load: async () => {
      try {
        const { own } = await client.profile();
        if (own !== undefined) show(own);
      } catch {
        // A back end's key has none, an older server does not know; asked again with the next connection.
      }
    },
    loadRoom: async (room) => {
      try {
        dispatch({ type: "profiles_listed", people: await client.people(room) });
      } catch {
        // Shown by the names in their messages; asked again when the room is opened.
      }
    },
    setProfile: async (changes) => {
      const before = get().own;
      if (before !== undefined) show(withChanges(before, changes));
      try {
        show(await client.setProfile(changes));
      } catch (error) {
        if (before !== undefined) show(before);
        throw error;
      }
    },
    setPicture: async (picture) => show(await client.setPicture(picture)),
    profileOf: async (user, room) => {
      const { person } = await client.profile(user, room);
      dispatch({ type: "profiles_listed", people: [person] });
      return person;
    },
    close: unlisten,
  };
}

/** As the server will have it: null takes away, and a new availability without an end has none. */
function withChanges(before: OwnProfile, changes: ProfileChanges): OwnProfile {
  const ends = changes.availability !== undefined && changes.availability_until === undefined;
  const after = { ...before, ...(ends ? { availability_until: null } : {}), ...changes };
  const set = Object.entries(after).filter(([, value]) => value !== null);
  return Object.fromEntries(set) as unknown as OwnProfile;
}
