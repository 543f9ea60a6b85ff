/** Commands about who people are and whether they are here: profiles, and what they say of themselves. */
import { z } from "zod";
import { commandId, pictureData, roomId, userId } from "../fields.ts";
import type { RoomId, UserId } from "../ids.ts";
import {
  type ChosenStatus,
  type OwnProfile,
  type PresenceState,
  type Profile,
  type ProfileChanges,
  profileChanges,
} from "../profiles.ts";
import type { CommandId } from "./command-id.ts";
import type { WireUser } from "./session.ts";

/** The caller's own profile, or that of somebody who is in a room with the caller. */
export interface GetProfile {
  readonly type: "get_profile";
  readonly id: CommandId;
  /** Absent: the caller. Of anybody in no common room the answer is `not_found`, as of somebody who does not exist. */
  readonly user?: UserId;
  /** A room that the caller may read, and of which the user is a member or in which the user is now: for rooms that one is no member of. */
  readonly room?: RoomId;
}
/** Somebody as others may know them. */
export interface PersonView extends Profile {
  readonly user: WireUser;
  /** Of accounts. */
  readonly username?: string;
  /** `offline` of those who are invisible, to everybody but themselves. */
  readonly state: PresenceState;
  readonly status?: ChosenStatus;
  /** When they were here last, where they are not here now; ISO 8601, to the minute. Absent where either of the two does not share it. */
  readonly last_seen?: string;
}
export interface ProfileShown {
  readonly person: PersonView;
  /** Of the caller's own profile only: all that was chosen, as it was chosen. */
  readonly own?: OwnProfile;
}

/** Sets what is said of the caller; tells the caller's other devices, and others as far as they may know it. */
export interface SetProfile {
  readonly type: "set_profile";
  readonly id: CommandId;
  readonly changes: ProfileChanges;
}
export interface ProfileSet {
  readonly own: OwnProfile;
}

/** Sets the caller's picture, or takes it away. `bad_request` for what is no PNG, JPEG or WebP of at most 512 by 512 pixels. */
export interface SetPicture {
  readonly type: "set_picture";
  readonly id: CommandId;
  /** Base64 (RFC 4648 §4) of at most 32 KiB; null takes it away. */
  readonly data: string | null;
}

/** Whether somebody still uses this connection's window. Where all of a person's windows are idle, others see them as away. */
export interface SetIdle {
  readonly type: "set_idle";
  readonly id: CommandId;
  readonly idle: boolean;
}

/** The people of a room: its members, at most 1,000, without when they were seen last. */
export interface ListPeople {
  readonly type: "list_people";
  readonly id: CommandId;
  readonly room: RoomId;
}
export interface PeopleList {
  readonly room: RoomId;
  readonly people: readonly PersonView[];
}

export const getProfile: z.ZodType<GetProfile> = z.object({
  type: z.literal("get_profile"),
  id: commandId,
  user: userId.exactOptional(),
  room: roomId.exactOptional(),
});
export const setProfile: z.ZodType<SetProfile> = z.object({
  type: z.literal("set_profile"),
  id: commandId,
  changes: profileChanges,
});
export const setPicture: z.ZodType<SetPicture> = z.object({
  type: z.literal("set_picture"),
  id: commandId,
  data: pictureData.nullable(),
});
export const setIdle: z.ZodType<SetIdle> = z.object({
  type: z.literal("set_idle"),
  id: commandId,
  idle: z.boolean(),
});
export const listPeople: z.ZodType<ListPeople> = z.object({
  type: z.literal("list_people"),
  id: commandId,
  room: roomId,
});
