/** What clients do about who people are, and whether they are here. */
import type { OwnProfile, PersonView, ProfileChanges, ProfileShown } from "@parlance/protocol";

/** Every call rejects with `ClientError` where the server refuses. */
export interface ClientProfiles {
  /**
   * The caller's own profile, with all that was chosen in `own`; or what one may know of somebody. `not_found` of those in no common room.
   *
   * @param room One that the caller may read and they are in, for rooms that the caller is no member of.
   */
  profile(user?: string, room?: string): Promise<ProfileShown>;
  /** Sets name, profile, status and availability; null takes away. Resolves with all that is chosen now. */
  setProfile(changes: ProfileChanges): Promise<OwnProfile>;
  /** Sets one's picture, or takes it away. PNG, JPEG or WebP of at most 32 KiB and 512 by 512 pixels. */
  setPicture(picture: Uint8Array | null): Promise<OwnProfile>;
  /**
   * Whether nobody uses this window. Others see one as away where all of one's windows are idle. Said again by the client after each
   * reconnect; never throws.
   */
  setIdle(idle: boolean): void;
  /** The members of a room with their profiles. */
  people(room: string): Promise<readonly PersonView[]>;
}
