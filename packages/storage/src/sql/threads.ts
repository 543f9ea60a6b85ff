/** Threads in SQL that all engines understand: what a message adds to its thread, and what people have to do with it. */
import type { FollowedQuery, FollowedThread, ThreadRecord } from "@parlance/core";
import type { EventId, RoomId, UserId } from "@parlance/protocol";
import {
  all,
  type DirectorySteps,
  first,
  run,
  type StatementCell,
  type Steps,
} from "./statements.ts";

/** A message that was stored in a thread. */
export interface ThreadMessage {
  readonly room: string;
  readonly sequence: number;
  readonly id: string;
  readonly author: string;
  readonly principal: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly root: string;
}

/** Follows one stored message of a thread. The room is locked, so nobody else counts meanwhile. */
export function* addToThread(message: ThreadMessage): Steps<void> {
  const { room, sequence, id, author, principal, time, root } = message;
  const known = yield* first<{ messages: number }>(
    "SELECT messages FROM {threads} WHERE root = ?",
    root,
  );
  const running = (known?.messages ?? 0) + 1;
  const numbered = yield* first<{ number: number }>(
    "SELECT number FROM {messages} WHERE id = ?",
    id,
  );
  const number = numbered?.number ?? 0;
  if (known === undefined) {
    yield* run(
      `INSERT INTO {threads} (root, room, messages, last_sequence, last_number, last_at)
       VALUES (?, ?, 1, ?, ?, ?)`,
      root,
      room,
      sequence,
      number,
      time,
    );
    yield* followByRootsAuthor(room, root);
  } else {
    yield* run(
      `UPDATE {threads} SET messages = ?, last_sequence = ?, last_number = ?, last_at = ?
       WHERE root = ?`,
      running,
      sequence,
      number,
      time,
      root,
    );
  }
  yield* run(
    "INSERT INTO {thread_messages} (root, sequence, message_id, running) VALUES (?, ?, ?, ?)",
    root,
    sequence,
    id,
    running,
  );
  yield* noteWriter(message, running, principal === author);
}

/** Whoever began it hears of it, unless the name is not its writer's own. */
function* followByRootsAuthor(room: string, root: string): Steps<void> {
  const made = yield* first<{ author: string; principal: string }>(
    `SELECT e.author, e.principal FROM {messages} m
     JOIN {events} e ON e.room = m.room AND e.sequence = m.sequence WHERE m.id = ?`,
    root,
  );
  if (made === undefined || made.author !== made.principal) return;
  yield* followUnlessKnown(room, root, made.author, { sequence: 0, running: 0 });
}

/** A place in a thread: of the room's log, and of the thread's messages. */
interface Mark {
  readonly sequence: number;
  readonly running: number;
}

/** Follows in somebody's name who never said anything about this thread. */
export function* followUnlessKnown(
  room: string,
  root: string,
  person: string,
  mark: Mark,
): Steps<void> {
  if ((yield* rowOf(root, person)) === undefined) {
    yield* insertPerson({ room, root, person, wrote: null, follows: 1, mark });
  }
}

/* Who did not write it itself has not read it either, and follows nothing. */
function* noteWriter(message: ThreadMessage, running: number, isOwn: boolean): Steps<void> {
  const { room, root, sequence, author } = message;
  const changed = isOwn
    ? yield* run(
        `UPDATE {thread_people} SET wrote_sequence = coalesce(wrote_sequence, ?), follows = 1,
           mark_sequence = ?, mark_running = ? WHERE root = ? AND person = ?`,
        sequence,
        sequence,
        running,
        root,
        author,
      )
    : yield* run(
        `UPDATE {thread_people} SET wrote_sequence = coalesce(wrote_sequence, ?)
         WHERE root = ? AND person = ?`,
        sequence,
        root,
        author,
      );
  if (changed > 0) return;
  const mark = isOwn ? { sequence, running } : { sequence: 0, running: 0 };
  const follows = isOwn ? 1 : 0;
  yield* insertPerson({ room, root, person: author, wrote: sequence, follows, mark });
}

interface PersonRow {
  readonly room: string;
  readonly root: string;
  readonly person: string;
  readonly wrote: number | null;
  readonly follows: 0 | 1;
  readonly mark: Mark;
}

function* insertPerson({ room, root, person, wrote, follows, mark }: PersonRow): Steps<void> {
  yield* run(
    `INSERT INTO {thread_people}
       (root, person, room, wrote_sequence, follows, mark_sequence, mark_running)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
    root,
    person,
    room,
    wrote,
    follows,
    mark.sequence,
    mark.running,
  );
}

/** Whoever is put out of a room follows nothing there any more. */
export function* endFollowing(room: string, person: string): Steps<void> {
  yield* run(
    "UPDATE {thread_people} SET follows = 0 WHERE person = ? AND follows = 1 AND room = ?",
    person,
    room,
  );
}

interface StandingRow {
  readonly follows: number;
  readonly mark: number;
  readonly running: number;
}

function rowOf(root: string, person: string): Steps<StandingRow | undefined> {
  return first<StandingRow>(
    `SELECT follows, mark_sequence AS mark, mark_running AS running FROM {thread_people}
     WHERE root = ? AND person = ?`,
    root,
    person,
  );
}

function* messagesIn(root: string): Steps<number> {
  const row = yield* first<{ messages: number }>(
    "SELECT messages FROM {threads} WHERE root = ?",
    root,
  );
  return row?.messages ?? 0;
}

/** How many messages a thread had at a sequence of its room. */
function* runningAt(root: string, sequence: number): Steps<number> {
  const row = yield* first<{ running: number }>(
    `SELECT running FROM {thread_messages} WHERE root = ? AND sequence <= ?
     ORDER BY sequence DESC LIMIT 1`,
    root,
    sequence,
  );
  return row?.running ?? 0;
}

function* standing(root: EventId, person: UserId): Steps<ThreadRecord> {
  const row = yield* rowOf(root, person);
  const messages = yield* messagesIn(root);
  return {
    follows: row?.follows === 1,
    readMark: row?.mark ?? 0,
    unread: messages - (row?.running ?? 0),
  };
}

/* The mark of a thread that nobody wrote in since is where the room is: what was written before is read. */
function* follow(
  room: RoomId,
  root: EventId,
  person: UserId,
  follows: boolean,
): Steps<ThreadRecord> {
  const changed = yield* run(
    "UPDATE {thread_people} SET follows = ? WHERE root = ? AND person = ?",
    follows ? 1 : 0,
    root,
    person,
  );
  if (changed === 0) {
    const thread = yield* first<{ messages: number; last_sequence: number }>(
      "SELECT messages, last_sequence FROM {threads} WHERE root = ?",
      root,
    );
    const mark = { sequence: thread?.last_sequence ?? 0, running: thread?.messages ?? 0 };
    yield* insertPerson({ room, root, person, wrote: null, follows: follows ? 1 : 0, mark });
  }
  return yield* standing(root, person);
}

function* markRead(
  room: RoomId,
  root: EventId,
  person: UserId,
  sequence: number,
): Steps<ThreadRecord> {
  const there = yield* first<{ head: number }>("SELECT head FROM {rooms} WHERE room = ?", room);
  const mark = Math.min(sequence, there?.head ?? 0);
  const before = yield* rowOf(root, person);
  if (before !== undefined && before.mark >= mark) return yield* standing(root, person);
  const running = yield* runningAt(root, mark);
  const changed = yield* run(
    `UPDATE {thread_people} SET mark_sequence = ?, mark_running = ?
     WHERE root = ? AND person = ?`,
    mark,
    running,
    root,
    person,
  );
  if (changed === 0) {
    const at = { sequence: mark, running };
    yield* insertPerson({ room, root, person, wrote: null, follows: 0, mark: at });
  }
  return yield* standing(root, person);
}

interface FollowedRow {
  readonly room: RoomId;
  readonly root: EventId;
  readonly lastNumber: number;
  readonly readMark: number;
  readonly unread: number;
}

function* followed(query: FollowedQuery): Steps<FollowedThread[]> {
  const { user, room, follows = true, unread, before, limit } = query;
  const values: StatementCell[] = [user, follows ? 1 : 0];
  if (room !== undefined) values.push(room);
  const rows = yield* all<FollowedRow>(
    `SELECT t.room, t.root, t.last_number AS "lastNumber", p.mark_sequence AS "readMark",
       t.messages - p.mark_running AS unread
     FROM {thread_people} p JOIN {threads} t ON t.root = p.root
     WHERE p.person = ? AND p.follows = ? ${room === undefined ? "" : "AND p.room = ?"}
       ${unread === true ? "AND t.messages > p.mark_running" : ""}
       AND t.last_number < ? ORDER BY t.last_number DESC LIMIT ?`,
    ...values,
    before ?? Number.MAX_SAFE_INTEGER,
    limit,
  );
  return rows.map((row) => ({ ...row, follows }));
}

export type ThreadReadName = "threadStanding" | "followedThreads";
/** Reads of threads. */
export const threadReads: DirectorySteps<ThreadReadName> = {
  threadStanding: standing,
  followedThreads: followed,
};

export type ThreadWriteName = "followThread" | "markThreadRead";
/** Writes of threads; each begins with the room that has to be locked. */
export const threadWrites: DirectorySteps<ThreadWriteName> = {
  followThread: follow,
  markThreadRead: markRead,
};
