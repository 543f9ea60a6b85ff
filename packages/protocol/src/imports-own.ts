/** Lines of an export that tell what is one person's own: marks, preferences, drafts, what they saved and follow, who they say they are. */
import { z } from "zod";
import { messageRef, moment, openText, pictureId, roomId, sequence, userId } from "./fields.ts";
import type { EventId, RoomId, Sequence, UserId } from "./ids.ts";
import {
  type OwnPreferences,
  ownPreferences,
  type RoomPreferences,
  roomPreferences,
} from "./preferences.ts";
import { type OwnProfile, ownProfile } from "./profiles.ts";

/** How far a member has read a room. */
export interface ImportedMark {
  readonly type: "mark";
  readonly room: RoomId;
  readonly user: UserId;
  readonly read_mark: Sequence;
  readonly unread_after: Sequence;
}

/** A thread that somebody follows, and how far they have read it. */
export interface ImportedFollowing {
  readonly type: "following";
  readonly room: RoomId;
  readonly thread: EventId;
  readonly user: UserId;
  readonly read_mark: Sequence;
}

/** What somebody prefers in a room, or everywhere. */
export interface ImportedPreferences {
  readonly type: "preferences";
  readonly user: UserId;
  readonly room?: RoomId;
  readonly preferences: RoomPreferences | OwnPreferences;
}

/** What somebody has not sent yet. */
export interface ImportedDraft {
  readonly type: "draft";
  readonly user: UserId;
  readonly room: RoomId;
  readonly thread?: string;
  readonly text: string;
  readonly reply_to?: string;
  /** ISO 8601. */
  readonly edited_at: string;
}

/** A message that somebody saved. */
export interface ImportedSaved {
  readonly type: "saved";
  readonly user: UserId;
  readonly room: RoomId;
  readonly message: EventId;
}

/** What somebody says of themselves, with their picture. */
export interface ImportedProfile {
  readonly type: "profile";
  readonly user: UserId;
  readonly profile: Omit<OwnProfile, "name" | "picture">;
  readonly picture?: ImportedPicture;
}
export interface ImportedPicture {
  readonly id: string;
  readonly media_type: "image/png" | "image/jpeg" | "image/webp";
  /** Base64. */
  readonly data: string;
}

export type ImportedOwn =
  | ImportedMark
  | ImportedFollowing
  | ImportedPreferences
  | ImportedDraft
  | ImportedSaved
  | ImportedProfile;

/** Base64 of the largest picture that is taken. */
const pictureLength = 400_000;

const eventId = z
  .string()
  .max(64)
  .regex(/^[A-Za-z0-9_-]+$/) as unknown as z.ZodType<EventId>;
const ofOne = { user: userId };
const inRoom = { ...ofOne, room: roomId };
const {
  name: _name,
  picture: _picture,
  ...kept
} = (ownProfile as unknown as z.ZodObject<z.ZodRawShape>).shape;

/** Schema of one such line. */
export const importedOwn: z.ZodType<ImportedOwn> = z.union([
  z.object({
    type: z.literal("mark"),
    ...inRoom,
    read_mark: sequence,
    unread_after: sequence,
  }),
  z.object({ type: z.literal("following"), ...inRoom, thread: eventId, read_mark: sequence }),
  z.object({ type: z.literal("preferences"), ...inRoom, preferences: roomPreferences }),
  z.object({
    type: z.literal("preferences"),
    ...ofOne,
    room: z.never().exactOptional(),
    preferences: ownPreferences,
  }),
  z.object({
    type: z.literal("draft"),
    ...inRoom,
    thread: messageRef.exactOptional(),
    text: openText,
    reply_to: messageRef.exactOptional(),
    edited_at: moment,
  }),
  z.object({ type: z.literal("saved"), ...inRoom, message: eventId }),
  z.object({
    type: z.literal("profile"),
    ...ofOne,
    profile: z.object(kept),
    picture: z
      .object({
        id: pictureId,
        media_type: z.enum(["image/png", "image/jpeg", "image/webp"]),
        data: z.base64().max(pictureLength),
      })
      .exactOptional(),
  }),
]) as unknown as z.ZodType<ImportedOwn>;
