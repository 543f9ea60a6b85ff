/** Commands about what is not sent yet: drafts on all devices, and messages that are sent at a time. */
import { z } from "zod";
import type { ErrorCode } from "../errors.ts";
import {
  clientMessageId,
  commandId,
  messageData,
  messageRef,
  messageText,
  moment,
  openText,
  roomId,
} from "../fields.ts";
import type { ClientMessageId, RoomId } from "../ids.ts";
import type { JsonObject } from "../json-value.ts";
import type { CommandId } from "./command-id.ts";
import { type MentionWish, mentionWish } from "./mentions.ts";
import { type PollWish, pollWish } from "./polls.ts";

/**
 * Keeps what the caller is writing in a room, or in a thread of it, for all of its devices. The newest by `edited_at` wins: one that
 * comes late from a device that was away changes nothing. An empty text is none.
 */
export interface SaveDraft {
  readonly type: "save_draft";
  readonly id: CommandId;
  readonly room: RoomId;
  /** Id of the root. */
  readonly thread?: string;
  readonly text: string;
  /** The message that it answers. */
  readonly reply_to?: string;
  /** When it was written; ISO 8601. Absent, or later than the server's clock: now. */
  readonly edited_at?: string;
}

/** A draft as it is kept. */
export interface Draft {
  readonly room: RoomId;
  readonly thread?: string;
  /** Empty: there is none. */
  readonly text: string;
  readonly reply_to?: string;
  /** ISO 8601, UTC. */
  readonly edited_at: string;
}

/** The caller's drafts that have a text, the newest first. */
export interface ListDrafts {
  readonly type: "list_drafts";
  readonly id: CommandId;
}
export interface DraftList {
  readonly drafts: readonly Draft[];
}

/**
 * Has a message sent at a time, through the same rights and bounds as if it were written then. The same `client_message_id` again, of
 * the same caller, changes what was said before, until it is being sent; it is the message's own in the room.
 */
export interface ScheduleMessage {
  readonly type: "schedule_message";
  readonly id: CommandId;
  readonly room: RoomId;
  readonly client_message_id: ClientMessageId;
  /** ISO 8601; at most a year ahead. In the past: at once. */
  readonly at: string;
  readonly text: string;
  readonly data?: JsonObject;
  readonly thread?: string;
  readonly reply_to?: string;
  /** It asks, as in `publish`. */
  readonly poll?: PollWish;
  readonly mentions?: MentionWish;
}

/** Takes back what was not sent yet, or forgets what could not be sent. */
export interface CancelScheduled {
  readonly type: "cancel_scheduled";
  readonly id: CommandId;
  readonly client_message_id: ClientMessageId;
}

/** What the caller has waiting, the next first; what was sent is not among it. */
export interface ListScheduled {
  readonly type: "list_scheduled";
  readonly id: CommandId;
}
export interface ScheduledList {
  readonly scheduled: readonly ScheduledMessage[];
}
export interface ScheduledMessage {
  readonly room: RoomId;
  readonly client_message_id: ClientMessageId;
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly text: string;
  readonly data?: JsonObject;
  readonly thread?: string;
  readonly reply_to?: string;
  readonly poll?: PollWish;
  readonly mentions?: MentionWish;
  /** `sent` and `cancelled` are only told by `own`. */
  readonly state: "waiting" | "sending" | "refused" | "sent" | "cancelled";
  /** Why it was refused when its time had come. */
  readonly reason?: ErrorCode;
}

export const saveDraft: z.ZodType<SaveDraft> = z.object({
  type: z.literal("save_draft"),
  id: commandId,
  room: roomId,
  thread: messageRef.exactOptional(),
  text: openText,
  reply_to: messageRef.exactOptional(),
  edited_at: moment.exactOptional(),
});

export const listDrafts: z.ZodType<ListDrafts> = z.object({
  type: z.literal("list_drafts"),
  id: commandId,
});

const content = {
  text: messageText,
  data: messageData.exactOptional(),
  thread: messageRef.exactOptional(),
  reply_to: messageRef.exactOptional(),
  poll: pollWish.exactOptional(),
  mentions: mentionWish.exactOptional(),
};

export const scheduleMessage: z.ZodType<ScheduleMessage> = z.object({
  type: z.literal("schedule_message"),
  id: commandId,
  room: roomId,
  client_message_id: clientMessageId,
  at: moment,
  ...content,
});

export const cancelScheduled: z.ZodType<CancelScheduled> = z.object({
  type: z.literal("cancel_scheduled"),
  id: commandId,
  client_message_id: clientMessageId,
});

export const listScheduled: z.ZodType<ListScheduled> = z.object({
  type: z.literal("list_scheduled"),
  id: commandId,
});

/** Schema of a draft, for replies and events. */
export const draft: z.ZodType<Draft> = z.object({
  room: roomId,
  thread: messageRef.exactOptional(),
  text: z.string(),
  reply_to: messageRef.exactOptional(),
  edited_at: z.iso.datetime(),
});

/** Schema of a scheduled message, for replies and events. */
export const scheduledMessage: z.ZodType<ScheduledMessage> = z.object({
  room: roomId,
  client_message_id: clientMessageId,
  at: z.iso.datetime(),
  ...content,
  state: z.enum(["waiting", "sending", "refused", "sent", "cancelled"]),
  reason: (z.string() as unknown as z.ZodType<ErrorCode>).exactOptional(),
});
