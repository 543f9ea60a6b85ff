/** What a back end publishes, whichever door it takes. The same fields over HTTP, brokers, files and tables. */
import { z } from "zod";
import { type MentionWish, mentionWish } from "./commands/mentions.ts";
import { type PollWish, pollWish } from "./commands/polls.ts";
import {
  clientMessageId,
  displayName,
  messageData,
  messageRef,
  messageText,
  roomId,
  userId,
} from "./fields.ts";
import type { ClientMessageId, RoomId, UserId } from "./ids.ts";
import type { JsonObject } from "./json-value.ts";

/** One publication may name so many rooms or users. */
export const publicationTargets = 100;

/**
 * Names one kind of target: `room`, `rooms`, `user`, `users` (their inboxes) or `everyone` (the room of announcements). Has
 * `text`, or `data` of which a text can be made, or both. Other members are not looked at.
 */
export interface Publication {
  readonly room?: RoomId;
  readonly rooms?: readonly RoomId[];
  readonly user?: UserId;
  readonly users?: readonly UserId[];
  readonly everyone?: true;
  /** What people read. Absent: `text`, `message`, `title` or `type` of `data`, the first that is a text, else `data` as it is written. */
  readonly text?: string;
  /** For programs: kept and delivered beside the text, at most 32 KiB of JSON. */
  readonly data?: JsonObject;
  /**
   * The user whom readers see as the author: one that there is, or, with a name, one of the application's own that is made. Only
   * for back ends that may (`impersonate`); the service stays on record.
   */
  readonly from?: UserId | { readonly id: UserId; readonly name?: string };
  /** With `room`: the message is a reply in the thread under this one of the room, a message's id or number. */
  readonly thread?: string;
  /** With `room`: it answers this message of the room. */
  readonly reply_to?: string;
  /** With `room` or `rooms`: it asks, with the text as the question; in each room by itself. */
  readonly poll?: PollWish;
  /** Whom it mentions beside those whom the text names. */
  readonly mentions?: MentionWish;
  /** The same key with the same content again is stored once, however often and through whichever door it comes. */
  readonly idempotency_key?: ClientMessageId;
  /** W3C Trace Context, "traceparent": the trace that it is a part of. For traces only: it is not stored. */
  readonly traceparent?: string;
}

const targets = ["room", "rooms", "user", "users", "everyone"] as const;

/** Total over any JSON. Where it fails, the first issue's path names the field; an empty path, that there is not one target. */
export const publicationSchema: z.ZodType<Publication> = z
  .object({
    room: roomId.exactOptional(),
    rooms: z.array(roomId).min(1).max(publicationTargets).exactOptional(),
    user: userId.exactOptional(),
    users: z.array(userId).min(1).max(publicationTargets).exactOptional(),
    everyone: z.literal(true).exactOptional(),
    text: messageText.exactOptional(),
    data: messageData.exactOptional(),
    from: z
      .union([userId, z.object({ id: userId, name: displayName.exactOptional() })])
      .exactOptional(),
    thread: messageRef.exactOptional(),
    reply_to: messageRef.exactOptional(),
    poll: pollWish.exactOptional(),
    mentions: mentionWish.exactOptional(),
    idempotency_key: clientMessageId.exactOptional(),
    traceparent: z.string().max(256).exactOptional(),
  })
  .refine((publication) => targets.filter((name) => publication[name] !== undefined).length === 1, {
    message: "exactly one of room, rooms, user, users and everyone",
  })
  .refine(({ text, data }) => text !== undefined || data !== undefined, {
    message: "text or data",
    path: ["text"],
  })
  .refine(({ room, thread }) => thread === undefined || room !== undefined, {
    message: "a thread is in one room",
    path: ["thread"],
  })
  .refine(({ room, reply_to }) => reply_to === undefined || room !== undefined, {
    message: "what is answered is in one room",
    path: ["reply_to"],
  })
  .refine(({ room, rooms, poll }) => poll === undefined || (room ?? rooms) !== undefined, {
    message: "a poll is in rooms where people vote",
    path: ["poll"],
  })
  .refine(({ text, poll }) => poll === undefined || text !== undefined, {
    message: "the text of a poll is its question",
    path: ["text"],
  }) as unknown as z.ZodType<Publication>;

const shown = ["text", "message", "title", "type"] as const;
const maxSummary = 1_024;

/** What people read of a publication's content: its text, else what its data says. */
export function textOfContent({ text, data }: Pick<Publication, "text" | "data">): string {
  if (text !== undefined) return text;
  for (const name of shown) {
    const value = data?.[name];
    if (typeof value === "string" && messageText.safeParse(value).success) return value;
  }
  return JSON.stringify(data ?? {})
    .slice(0, maxSummary)
    .toWellFormed();
}
