/** Commands about threads: the replies under one root message, which have a running number and a mark of their own. */
import { z } from "zod";
import { eventId } from "../events/frame-schemas.ts";
import { commandId, messageRef, pageLimit, roomId, sequence, threadLimit } from "../fields.ts";
import type { Epoch, EventId, RoomId, Sequence, UserId } from "../ids.ts";
import type { CommandId } from "./command-id.ts";
import type { MessageView } from "./messages.ts";

/** What was written under a message. */
export interface ThreadSummary {
  /** How many messages; a deleted one stays counted, as its place stays visible. */
  readonly count: number;
  /** Of the newest one. */
  readonly last_sequence: Sequence;
  /** ISO 8601, UTC. */
  readonly last_time: string;
  /** Who wrote in it, in the order in which they came; the first ten. */
  readonly people: readonly UserId[];
}

/** The caller's own standing in a thread. */
export interface ThreadStanding {
  readonly room: RoomId;
  /** Id of the root message. */
  readonly thread: EventId;
  readonly following: boolean;
  /** Private: how far the caller has read it. May go back. */
  readonly read_mark: Sequence;
  /** Messages of the thread above the mark. */
  readonly unread: number;
}

/** A thread's messages as they are now: the newest, or the nearest before a place. `message_id` names the root or any message of it. */
export interface ListThread {
  readonly type: "list_thread";
  readonly id: CommandId;
  readonly room: RoomId;
  readonly message_id: string;
  /** Messages whose own sequence is smaller. */
  readonly before?: Sequence;
  /** 1-200, 50 if absent. */
  readonly limit?: number;
}
export interface ThreadPage extends ThreadStanding {
  readonly epoch: Epoch;
  readonly head: Sequence;
  /** Deleted, it has no text any more, and the thread is still there to be read. */
  readonly root: MessageView;
  /** Ascending by sequence. */
  readonly messages: readonly MessageView[];
}

/** Threads that the caller follows and may read, in all rooms or one, the one written in last first. */
export interface ListThreads {
  readonly type: "list_threads";
  readonly id: CommandId;
  readonly room?: RoomId;
  /** Only those with something unread. */
  readonly unread?: true;
  /** `next` of the page before. */
  readonly before?: number;
  /** 1-50, 20 if absent. */
  readonly limit?: number;
}
export interface ThreadList {
  readonly threads: readonly ThreadView[];
  /** Where the next page begins; absent where there is none. */
  readonly next?: number;
}
export interface ThreadView extends ThreadStanding {
  readonly root: MessageView;
}

/** Follows a thread or stops following it. Its writers and its root's author follow by themselves, until they stop. */
export interface FollowThread {
  readonly type: "follow_thread";
  readonly id: CommandId;
  readonly room: RoomId;
  readonly message_id: string;
  readonly on: boolean;
}

/** Moves the caller's mark in a thread to `sequence`, up or down. The mark of the room stays. */
export interface MarkThreadRead {
  readonly type: "mark_thread_read";
  readonly id: CommandId;
  readonly room: RoomId;
  readonly message_id: string;
  readonly sequence: Sequence;
}

/** Schema of a standing, for replies and events. */
export const threadStanding: z.ZodType<ThreadStanding> = z.object({
  room: roomId,
  thread: eventId,
  following: z.boolean(),
  read_mark: sequence,
  unread: z.int().min(0),
});

const message = { id: commandId, room: roomId, message_id: messageRef };

export const listThread: z.ZodType<ListThread> = z.object({
  type: z.literal("list_thread"),
  ...message,
  before: sequence.exactOptional(),
  limit: pageLimit.exactOptional(),
});

export const listThreads: z.ZodType<ListThreads> = z.object({
  type: z.literal("list_threads"),
  id: commandId,
  room: roomId.exactOptional(),
  unread: z.literal(true).exactOptional(),
  before: sequence.exactOptional(),
  limit: threadLimit.exactOptional(),
});

export const followThread: z.ZodType<FollowThread> = z.object({
  type: z.literal("follow_thread"),
  ...message,
  on: z.boolean(),
});

export const markThreadRead: z.ZodType<MarkThreadRead> = z.object({
  type: z.literal("mark_thread_read"),
  ...message,
  sequence,
});
