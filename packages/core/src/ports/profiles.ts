import type { OwnProfile, UserId } from "@parlance/protocol";
import type { UserRecord } from "./directory.ts";

/** Who people are, as they say it themselves. In no log. Same errors as `RoomLog`. */
export interface Profiles {
  /** Those of these users who are known here, in no order. */
  profilesOf(users: readonly UserId[]): Promise<readonly ProfileRecord[]>;
  /** Whether two people are members of one room. */
  shareRoom(one: UserId, other: UserId): Promise<boolean>;
  /**
   * Sets what is named and takes back what is null, and tells the control log in the same transaction (`profile_changed`).
   *
   * @param changes As `applyPreferences` applies them to what is kept. `name` goes to the user's record, for accounts, guests and bots only.
   * @returns what is kept now, undefined if the user is not known here.
   */
  changeProfile(
    user: UserId,
    changes: KeptProfileChanges,
    now: number,
  ): Promise<ProfileRecord | undefined>;
  /** As `changeProfile` for `picture`, and keeps it in place of the one before; null takes it away. */
  setPicture(
    user: UserId,
    picture: PictureRecord | null,
    now: number,
  ): Promise<ProfileRecord | undefined>;
  picture(id: string): Promise<PictureRecord | undefined>;
  /** These users were here at a time, in milliseconds since 1970. What is later stays. */
  noteSeen(users: readonly UserId[], at: number): Promise<void>;
}

/** What is kept of a profile beside the user's record. */
export type KeptProfile = Omit<OwnProfile, "name">;
export type KeptProfileChanges = {
  readonly [K in keyof KeptProfile]?: KeptProfile[K] | null;
} & { readonly name?: string };

export interface ProfileRecord
  extends Pick<UserRecord, "id" | "number" | "kind" | "name" | "username"> {
  readonly profile: KeptProfile;
  /** When they were here last, in milliseconds since 1970; absent if never. */
  readonly seenAt?: number;
}

export interface PictureRecord {
  readonly id: string;
  readonly mediaType: "image/png" | "image/jpeg" | "image/webp";
  /** Base64. */
  readonly data: string;
}
