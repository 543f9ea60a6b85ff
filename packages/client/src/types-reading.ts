/** Reading and answering: what rooms and clients can do with threads, mentions, versions and marks. */
import type {
  MarkedRead,
  MentionList,
  MessageVersion,
  MessageView,
  RoomView,
  Sequence,
  ThreadList,
  ThreadPage,
  ThreadStanding,
  WireUser,
} from "@parlance/protocol";
import type { CommandBody } from "./types.ts";

/** The part of a thread: the newest, or what is nearest before a sequence. `limit`: 1-200, 50 if absent. */
export type ThreadQuery = Omit<CommandBody<"list_thread">, "type" | "room" | "message_id">;
/** In all rooms or one, only those with something unread, and where a page begins. */
export type ThreadsQuery = Omit<CommandBody<"list_threads">, "type">;
/** In all rooms or one, and where a page begins. */
export type MentionsQuery = Omit<CommandBody<"list_mentions">, "type">;

/** Of a room. `messageId` is a message's id, or its number as a string of digits. All reject with a `ClientError` where the server refuses. */
export interface RoomReading {
  /** The room as the reader sees it now, with its settings and what is unread. Never makes it. */
  view(): Promise<RoomView>;
  /** One message of this room as it is now. */
  message(messageId: string): Promise<MessageView>;
  /** What a message said, from its first version to the present one; nothing once it is deleted. */
  versions(messageId: string): Promise<readonly MessageVersion[]>;
  /** A page of the thread under a message, and the reader's standing in it. */
  thread(messageId: string, query?: ThreadQuery): Promise<ThreadPage>;
  /** Follows a thread, or stops. */
  followThread(messageId: string, on: boolean): Promise<ThreadStanding>;
  /** Moves the reader's mark in a thread, up or down. Nobody else sees it. */
  markThreadRead(messageId: string, sequence: Sequence): Promise<ThreadStanding>;
  /** Makes everything from a sequence on unread again, for the reader alone. */
  markUnread(sequence: Sequence): Promise<MarkedRead>;
  /** Members who have read a message, as far as they tell, without its author. `feature_disabled` where this room's readers do not tell. */
  seenBy(messageId: string): Promise<readonly WireUser[]>;
}

/** Of the whole. */
export interface ClientReading {
  /** Threads that the user follows and may read, the one written in last first. `next` of a page is the `before` of the one behind it. */
  listThreads(query?: ThreadsQuery): Promise<ThreadList>;
  /** Messages that mention the user, the newest first. `next` as above. */
  listMentions(query?: MentionsQuery): Promise<MentionList>;
}
