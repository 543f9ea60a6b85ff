/** The index of mentions in SQL that all engines understand. */
import type { MentionPlace, MentionQuery } from "@parlance/core";
import type { Mentions } from "@parlance/protocol";
import { all, type DirectorySteps, first, run, type Steps } from "./statements.ts";
import { followUnlessKnown } from "./threads.ts";

/** Stands for everybody in a room. Never a user's id: those are not empty. */
const everybody = "";

/** A message whose mentions are written down. */
export interface MentioningMessage {
  readonly room: string;
  readonly id: string;
  readonly author: string;
}

interface Place {
  readonly number: number;
  readonly sequence: number;
  readonly root: string | null;
  readonly running: number | null;
}

/**
 * Writes down whom a message mentions, in place of what an earlier version did. They stand at the message's own sequence: an edit
 * mentions nobody who has read past it. Who is mentioned in a thread follows it from there.
 */
export function* indexMentions(
  { room, id, author }: MentioningMessage,
  { users = [], room: isRoom, here = [] }: Mentions,
): Steps<void> {
  const place = yield* first<Place>(
    `SELECT m.number, m.sequence, t.root, t.running FROM {messages} m
     LEFT JOIN {thread_messages} t ON t.message_id = m.id WHERE m.id = ?`,
    id,
  );
  if (place === undefined) return;
  const people = new Set<string>([...users, ...here]);
  people.delete(author);
  for (const person of [...people].sort()) {
    yield* insertMention(room, person, id, place);
    if (place.root === null) continue;
    const before = { sequence: place.sequence - 1, running: (place.running ?? 1) - 1 };
    yield* followUnlessKnown(room, place.root, person, before);
  }
  if (isRoom === true) yield* insertMention(room, everybody, id, place);
}

function* insertMention(
  room: string,
  person: string,
  id: string,
  { number, sequence, root }: Place,
): Steps<void> {
  yield* run(
    `INSERT INTO {mentions} (room, person, sequence, message_id, number, root)
     VALUES (?, ?, ?, ?, ?, ?)`,
    room,
    person,
    sequence,
    id,
    number,
    root,
  );
}

/** A message is gone, or says something else now. */
export function* dropMentions(id: string): Steps<void> {
  yield* run("DELETE FROM {mentions} WHERE message_id = ?", id);
}

function* mentionsOf({ user, room, before, limit }: MentionQuery): Steps<MentionPlace[]> {
  const below = before ?? Number.MAX_SAFE_INTEGER;
  const inRoom = room === undefined ? "" : "AND x.room = ?";
  const rooms = room === undefined ? [] : [room];
  const columns = "x.room, x.message_id AS id, x.number";
  const own = yield* all<MentionPlace>(
    `SELECT ${columns} FROM {mentions} x
     WHERE x.person = ? ${inRoom} AND x.number < ? ORDER BY x.number DESC LIMIT ?`,
    user,
    ...rooms,
    below,
    limit,
  );
  const shared = yield* all<MentionPlace>(
    `SELECT ${columns} FROM {members} m JOIN {mentions} x ON x.room = m.room AND x.person = ''
     JOIN {messages} w ON w.id = x.message_id AND w.author <> m.user_id
     WHERE m.user_id = ? ${inRoom} AND x.number < ? ORDER BY x.number DESC LIMIT ?`,
    user,
    ...rooms,
    below,
    limit,
  );
  const byNumber = new Map([...own, ...shared].map((place) => [place.number, place]));
  return [...byNumber.values()]
    .sort((left, right) => right.number - left.number)
    .slice(0, limit)
    .map(({ room: where, id, number }) => ({ room: where, id, number }));
}

export type MentionReadName = "mentionsOf";
/** Reads of the index. */
export const mentionReads: DirectorySteps<MentionReadName> = { mentionsOf };
