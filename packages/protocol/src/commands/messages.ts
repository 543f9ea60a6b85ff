/** Commands about messages that are there: changing, erasing, reacting, and reading them as they are now. */
import { z } from "zod";
import {
  clientMessageId,
  commandId,
  emoji,
  isOnePlace,
  messageData,
  messageRef,
  messageText,
  moment,
  onePlace,
  pageLimit,
  roomId,
  sequence,
} from "../fields.ts";
import type { ClientMessageId, Epoch, EventId, RoomId, Sequence, UserId } from "../ids.ts";
import type { JsonObject } from "../json-value.ts";
import type { CommandId } from "./command-id.ts";
import type { ForwardedFrom } from "./keeping.ts";
import { type Mentions, type MentionWish, mentionWish } from "./mentions.ts";
import type { PollView } from "./polls.ts";
import type { ThreadSummary } from "./threads.ts";

/**
 * Replaces text and data of the caller's own message. The versions before stay in the log. In every command
 * `message_id` is a message's id, or its number as a string of digits.
 */
export interface EditMessage {
  readonly type: "edit_message";
  readonly id: CommandId;
  readonly room: RoomId;
  readonly message_id: string;
  readonly text: string;
  /** Absent: the message has none from now on. */
  readonly data?: JsonObject;
  /** As in `publish`; whom earlier versions mentioned does not count any more. */
  readonly mentions?: MentionWish;
  /** Makes repeating safe, as in `publish`. */
  readonly client_message_id?: ClientMessageId;
}

/** Erases a message and all its versions. For its author, the room's staff, and back ends that manage rooms. */
export interface DeleteMessage {
  readonly type: "delete_message";
  readonly id: CommandId;
  readonly room: RoomId;
  readonly message_id: string;
  readonly client_message_id?: ClientMessageId;
}

/** Where a change of a message is in the log. */
export interface MessageChanged {
  readonly room: RoomId;
  readonly epoch: Epoch;
  /** Of the event that says so, not of the message. */
  readonly sequence: Sequence;
  readonly message_id: EventId;
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly repeated?: boolean;
}

/** Puts a reaction on a message (`on`), or takes one's own off. What is so already stays so and makes no event. */
export interface React {
  readonly type: "react";
  readonly id: CommandId;
  readonly room: RoomId;
  readonly message_id: string;
  readonly emoji: string;
  readonly on: boolean;
  readonly client_message_id?: ClientMessageId;
}
export interface Reacted {
  readonly room: RoomId;
  readonly epoch: Epoch;
  readonly message_id: EventId;
  readonly emoji: string;
  readonly on: boolean;
  /** Of the event that says so; absent where it was so already. */
  readonly sequence?: Sequence;
  readonly repeated?: boolean;
}

/** One message as it is now. */
export interface GetMessage {
  readonly type: "get_message";
  readonly id: CommandId;
  /** Where it must be. Absent: wherever the caller may read it. */
  readonly room?: RoomId;
  readonly message_id: string;
}

/**
 * A room's messages as they are now: the newest, or those at one place. `before`, `after`, `around` and `at` exclude each other.
 * Those of threads are in `list_thread`.
 */
export interface ListMessages {
  readonly type: "list_messages";
  readonly id: CommandId;
  readonly room: RoomId;
  /** The nearest messages whose own sequence is smaller. */
  readonly before?: Sequence;
  /** The nearest messages whose own sequence is greater. */
  readonly after?: Sequence;
  /** Half of the page before this sequence, the rest from it on. */
  readonly around?: Sequence;
  /** As `around` the first event of that time or later; ISO 8601. */
  readonly at?: string;
  /** 1-200, 50 if absent. */
  readonly limit?: number;
  /** Those of threads too, each at its own place: for those who do not know threads. */
  readonly with_threads?: true;
}
export interface MessageList {
  readonly room: RoomId;
  readonly epoch: Epoch;
  readonly head: Sequence;
  /** Ascending by sequence. For the pages beside it, ask with `before` the first one's and `after` the last one's; none are left where a page is empty. */
  readonly messages: readonly MessageView[];
}

/** A message with its edits and reactions folded in. */
export interface MessageView {
  readonly id: EventId;
  /** Counts an install's messages, for systems whose ids are numbers. */
  readonly number: number;
  readonly room: RoomId;
  /** Of the event that made it. */
  readonly sequence: Sequence;
  readonly author: UserId;
  /** Empty where the message was deleted. */
  readonly author_name: string;
  readonly author_number?: number;
  /** Empty where the message was deleted. */
  readonly text: string;
  readonly data?: JsonObject;
  /** When it was written; ISO 8601, UTC. */
  readonly time: string;
  /** When the version shown was written; absent where it is the first. */
  readonly edited_at?: string;
  readonly deleted?: true;
  /** It grows: `text` is what is stored of it. */
  readonly open?: true;
  /** Of a message that grew and was not edited since: how that ended. */
  readonly closed?: ClosedReason;
  /** With `closed`: of the event that says so, its place for whoever shows messages once they are whole. */
  readonly closed_sequence?: Sequence;
  /** In the order in which each was first put on; absent where there are none. */
  readonly reactions?: readonly ReactionView[];
  /** It says what another message said. */
  readonly forwarded?: ForwardedFrom;
  /** It asks; how it stands. */
  readonly poll?: PollView;
  /** It is pinned to its room. */
  readonly pinned?: true;
  /** Whom the version shown mentions; absent where nobody. */
  readonly mentions?: Mentions;
  /** It is in the thread under this message. */
  readonly thread?: EventId;
  /** What was written under it; absent where nothing was. */
  readonly replies?: ThreadSummary;
  /** The message that it answers, as that is now. */
  readonly reply_to?: QuotedMessage;
  /** The name is the writer's own word. */
  readonly unverified?: true;
  /** An account is called so, and it was not this account that wrote. */
  readonly name_of_account?: true;
  /** The back end that published it in the author's name. */
  readonly published_by?: string;
}
/** The beginning of a message that another one answers. */
export interface QuotedMessage {
  readonly message_id: EventId;
  readonly sequence: Sequence;
  readonly author: UserId;
  /** Empty where the message was deleted, as the next. */
  readonly author_name: string;
  /** At most 200 UTF-16 code units. */
  readonly text: string;
  readonly deleted?: true;
}
/** How a message that grew ended: by its writer, by somebody else, or by silence. */
export type ClosedReason = "done" | "cancelled" | "abandoned";
export interface ReactionView {
  readonly emoji: string;
  readonly count: number;
  /** The first 50. */
  readonly users: readonly UserId[];
}

/** How much was written in a room, and by how many. */
export interface RoomStats {
  readonly type: "room_stats";
  readonly id: CommandId;
  readonly room: RoomId;
}
/** Of the messages that are there; deleted ones do not count. Times are ISO 8601, UTC. */
export interface RoomStatistics {
  readonly room: RoomId;
  readonly message_count: number;
  /** Different authors. */
  readonly user_count: number;
  readonly first_message_at?: string;
  readonly last_message_at?: string;
}

const head = { id: commandId, room: roomId };
const repeatable = { client_message_id: clientMessageId.exactOptional() };

export const editMessage: z.ZodType<EditMessage> = z.object({
  type: z.literal("edit_message"),
  ...head,
  message_id: messageRef,
  text: messageText,
  data: messageData.exactOptional(),
  mentions: mentionWish.exactOptional(),
  ...repeatable,
});

export const deleteMessage: z.ZodType<DeleteMessage> = z.object({
  type: z.literal("delete_message"),
  ...head,
  message_id: messageRef,
  ...repeatable,
});

export const react: z.ZodType<React> = z.object({
  type: z.literal("react"),
  ...head,
  message_id: messageRef,
  emoji,
  on: z.boolean(),
  ...repeatable,
});

export const getMessage: z.ZodType<GetMessage> = z.object({
  type: z.literal("get_message"),
  id: commandId,
  room: roomId.exactOptional(),
  message_id: messageRef,
});

export const listMessages: z.ZodType<ListMessages> = z
  .object({
    type: z.literal("list_messages"),
    ...head,
    before: sequence.exactOptional(),
    after: sequence.exactOptional(),
    around: sequence.exactOptional(),
    at: moment.exactOptional(),
    limit: pageLimit.exactOptional(),
    with_threads: z.literal(true).exactOptional(),
  })
  .refine(isOnePlace, onePlace);

export const roomStats: z.ZodType<RoomStats> = z.object({ type: z.literal("room_stats"), ...head });
