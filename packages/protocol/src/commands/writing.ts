/** Commands of writers, and small signals that are not stored. */
import { z } from "zod";
import {
  clientMessageId,
  commandId,
  isVisible,
  messageData,
  messageRef,
  openText,
  roomId,
  sequence,
} from "../fields.ts";
import type { ClientMessageId, Epoch, EventId, RoomId, Sequence } from "../ids.ts";
import type { JsonObject } from "../json-value.ts";
import type { CommandId } from "./command-id.ts";
import { type MentionWish, mentionWish } from "./mentions.ts";
import { type PollWish, pollWish } from "./polls.ts";

/**
 * Writes one message. The reply comes after the commit, never before. The same `client_message_id` again
 * returns the first place; with another text or other data it is refused as `conflict`.
 */
export interface Publish {
  readonly type: "publish";
  readonly id: CommandId;
  readonly room: RoomId;
  readonly client_message_id: ClientMessageId;
  readonly text: string;
  /** What the application puts beside the text, at most 32 KiB as JSON. Stored and delivered, not understood. */
  readonly data?: JsonObject;
  /** The message is not whole yet: `append_text` adds to it until `close_message`. Its first text may be empty. */
  readonly open?: true;
  /**
   * The message is a reply in the thread under this one: a message's id or number. A message that is in a thread itself
   * stands for its root. What is in a thread does not count as unread in the room.
   */
  readonly thread?: string;
  /** The message answers this one of the same room and shows the beginning of it: a message's id or number. */
  readonly reply_to?: string;
  /** It asks, with the text as the question; what is stored as its text has the choices too. Not with `open`. */
  readonly poll?: PollWish;
  /** Whom it mentions beside those whom the text names. No part of what a repeat must equal. */
  readonly mentions?: MentionWish;
}
export interface Published {
  readonly room: RoomId;
  readonly epoch: Epoch;
  readonly sequence: Sequence;
  readonly message_id: EventId;
  /** ISO 8601, UTC. */
  readonly time: string;
  /** Present and true when this was a repeat. */
  readonly repeated?: boolean;
  /** What is stored instead of what was sent, where the application rewrote it. A repeat is not told again. */
  readonly rewritten?: { readonly text: string; readonly data?: JsonObject };
}

/** Raises the caller's marks to `sequence` (above the head: to the head). A mark that is higher stays: `mark_unread` lowers. */
export interface MarkRead {
  readonly type: "mark_read";
  readonly id: CommandId;
  readonly room: RoomId;
  readonly sequence: Sequence;
}
export interface MarkedRead {
  readonly room: RoomId;
  /** The mark that others may see. */
  readonly read_mark: Sequence;
  /** The private mark: what is above it is unread. */
  readonly unread_after?: Sequence;
  readonly unread: number;
}

/**
 * Says that the caller is writing, or stopped. Told to others at most once in two seconds; not stored. Somebody writes in one place at a
 * time: in the room, or in one of its threads.
 */
export interface Typing {
  readonly type: "typing";
  readonly id: CommandId;
  readonly room: RoomId;
  /** In the thread under this message, or that this one is in: an id or number. */
  readonly thread?: string;
  readonly active: boolean;
}

/** A message that is whole shows something; one that grows may begin with nothing. */
export function seenUnlessOpen({
  value,
  issues,
}: z.core.ParsePayload<{ readonly text: string; readonly open?: true }>): void {
  if (value.open === true || isVisible(value.text)) return;
  issues.push({
    code: "custom",
    message: "nothing to see in it",
    path: ["text"],
    input: value.text,
  });
}

export const publish: z.ZodType<Publish> = z
  .object({
    type: z.literal("publish"),
    id: commandId,
    room: roomId,
    client_message_id: clientMessageId,
    text: openText,
    data: messageData.exactOptional(),
    open: z.literal(true).exactOptional(),
    thread: messageRef.exactOptional(),
    reply_to: messageRef.exactOptional(),
    poll: pollWish.exactOptional(),
    mentions: mentionWish.exactOptional(),
    /* Reserved for later versions. A server that does not know them says so (`unsupported`) instead of
     * storing a message that means something else. */
    attachments: z.never().exactOptional(),
    encrypted: z.never().exactOptional(),
  })
  .check(seenUnlessOpen)
  .transform(
    ({ attachments: _, encrypted: __, ...command }) => command,
  ) as unknown as z.ZodType<Publish>;

/** Fields of `publish` that are refused as `unsupported` while this version does not know them. */
export const reservedPublishFields: readonly string[] = ["attachments", "encrypted"];

export const markRead: z.ZodType<MarkRead> = z.object({
  type: z.literal("mark_read"),
  id: commandId,
  room: roomId,
  sequence,
});

export const typing: z.ZodType<Typing> = z.object({
  type: z.literal("typing"),
  id: commandId,
  room: roomId,
  thread: messageRef.exactOptional(),
  active: z.boolean(),
});
