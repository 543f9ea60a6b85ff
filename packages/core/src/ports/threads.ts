import type { EventId, RoomId, Sequence, UserId } from "@parlance/protocol";

/**
 * What people have to do with threads: which they follow, and how far they have read them. A thread itself is made by the events
 * of its room's log. Same errors as `RoomLog`.
 */
export interface Threads {
  /** Of somebody who has nothing to do with it: not followed, read up to 0. */
  threadStanding(root: EventId, user: UserId): Promise<ThreadRecord>;
  /** Those that the user follows, or does not any more, whether the room may still be read or not; the one written in last first. */
  followedThreads(query: FollowedQuery): Promise<readonly FollowedThread[]>;
  /** Whoever begins to follow has nothing unread in it, unless it had a mark there. */
  followThread(room: RoomId, root: EventId, user: UserId, follows: boolean): Promise<ThreadRecord>;
  /** Raises the mark to where the thread was at a sequence of its room, at most to its head. A mark that is higher stays. */
  markThreadRead(
    room: RoomId,
    root: EventId,
    user: UserId,
    sequence: Sequence,
  ): Promise<ThreadRecord>;
}

export interface ThreadRecord {
  readonly follows: boolean;
  readonly readMark: Sequence;
  readonly unread: number;
}

export interface FollowedThread extends ThreadRecord {
  readonly room: RoomId;
  readonly root: EventId;
  /** Number of the newest message in it, of all messages of the install: the order of the list. */
  readonly lastNumber: number;
}

export interface FollowedQuery {
  readonly user: UserId;
  readonly room?: RoomId;
  /** False: those that the user has to do with and does not follow. Absent: those that are followed. */
  readonly follows?: boolean;
  /** Only those with something unread. */
  readonly unread?: boolean;
  /** Only those whose `lastNumber` is smaller. */
  readonly before?: number;
  readonly limit: number;
}
