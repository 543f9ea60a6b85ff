import type { OwnPreferences, RoomId, RoomPreferences, UserId } from "@parlance/protocol";

/** What is one's own everywhere is kept beside what is of rooms, under a name that no room has. */
export const everywhere: RoomId = "" as RoomId;

/** What people prefer. Theirs alone; in no log. Same errors as `RoomLog`. */
export interface Preferences {
  /** All that a user prefers, `everywhere` among it, in the order of the rooms' ids. At most `limit`. */
  preferencesOf(user: UserId, limit: number): Promise<readonly PreferencesRecord[]>;
  /** What these users prefer everywhere; those who prefer nothing are absent. */
  preferencesEverywhere(users: readonly UserId[]): Promise<ReadonlyMap<UserId, OwnPreferences>>;
  /**
   * Sets what is named and takes back what is null; for `everywhere` too.
   *
   * @param changes As in `applyPreferences`.
   * @returns what is preferred now.
   */
  changePreferences(
    room: RoomId,
    user: UserId,
    changes: object,
  ): Promise<RoomPreferences | OwnPreferences>;
}

export interface PreferencesRecord {
  readonly room: RoomId;
  readonly preferences: RoomPreferences | OwnPreferences;
}
