/** Lines of an export that tell what is one person's own: marks, preferences, drafts, what is to be sent, what they saved and follow, who they say they are. */
import { z } from "zod";
import { type ScheduledMessage, scheduledMessage } from "./commands/later.ts";
import type { ErrorCode } from "./errors.ts";
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

/** A thread that somebody follows, or does not any more, and how far they have read it. */
export interface ImportedFollowing {
  readonly type: "following";
  readonly room: RoomId;
  readonly thread: EventId;
  readonly user: UserId;
  readonly read_mark: Sequence;
  /** Absent: they do. */
  readonly follows?: false;
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

/** What somebody wrote to be sent at a time, or what could not be sent then and why. */
export interface ImportedScheduled extends Omit<ScheduledMessage, "state" | "reason"> {
  readonly type: "scheduled";
  readonly user: UserId;
  readonly refused?: ErrorCode;
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
  | ImportedScheduled
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
const {
  state: _state,
  reason: _reason,
  ...sent
} = (scheduledMessage as unknown as z.ZodObject<z.ZodRawShape>).shape;
/** Of an error's code. */
const codeLength = 64;

/** Schema of one such line. */
export const importedOwn: z.ZodType<ImportedOwn> = z.union([
  z.object({
    type: z.literal("mark"),
    ...inRoom,
    read_mark: sequence,
    unread_after: sequence,
  }),
  z.object({
    type: z.literal("following"),
    ...inRoom,
    thread: eventId,
    read_mark: sequence,
    follows: z.literal(false).exactOptional(),
  }),
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
  z.object({
    type: z.literal("scheduled"),
    ...ofOne,
    ...sent,
    at: moment,
    refused: z.string().max(codeLength).exactOptional(),
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
