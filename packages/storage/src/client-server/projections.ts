/** What events other than new messages change beside the log. One statement after the other: they are rare. */
import type { Append } from "@parlance/core";
import { messageTerms } from "@parlance/core/search";
import type { AnyDurableEvent, DurablePayloads, RoomId, UserId } from "@parlance/protocol";
import { addPin, dropKept, dropPin } from "../sql/keeping.ts";
import { dropMentions, indexMentions } from "../sql/mentions.ts";
import { dropPoll, endPoll, putVote } from "../sql/polls.ts";
import { addToThread } from "../sql/threads.ts";
import type { RoomRow } from "./batch.ts";
import { writeControl } from "./control-log.ts";
import { endMembership, letIn, projectEntrance } from "./entrance-events.ts";
import { beginText, endText } from "./open-texts.ts";
import type { PendingRows } from "./pending-rows.ts";
import { EngineError, type EngineSql, type Session } from "./session.ts";
import { perform } from "./steps.ts";
import { addTermRows, removeTermRows } from "./term-rows.ts";

/** Where the event is that is being followed. */
interface Place {
  readonly room: string;
  readonly sequence: number;
  /** Milliseconds since 1970. */
  readonly time: number;
}

/** Follows one stored event that is no plain message; what was stored before it must be written already. */
export async function projectOther(
  session: Session,
  sql: EngineSql,
  pending: PendingRows,
  append: Append,
  event: AnyDurableEvent,
  row: RoomRow,
): Promise<void> {
  const place: Place = { room: row.room, sequence: row.head, time: append.time };
  switch (event.type) {
    case "message.created":
      return projectMessage(session, sql, append, event.data, place);
    case "message.closed":
      await endText(session, event.data.message_id);
      return edit(session, sql, place, event.data);
    case "message.edited": {
      const { message_id: id, mentions } = event.data;
      await edit(session, sql, place, event.data);
      await perform(session, dropMentions(id));
      if (mentions === undefined) return;
      const message = { room: place.room, id, author: append.author };
      return perform(session, indexMentions(message, mentions));
    }
    case "message.deleted":
      return erase(session, sql, pending, place, event.data.message_id);
    case "reaction.added":
      await session.run(
        `INSERT INTO {reactions} (message_id, emoji, user_id, room, sequence) VALUES (?, ?, ?, ?, ?)`,
        event.data.message_id,
        event.data.emoji,
        append.author,
        place.room,
        place.sequence,
      );
      return;
    case "reaction.removed":
      await session.run(
        "DELETE FROM {reactions} WHERE message_id = ? AND emoji = ? AND user_id = ?",
        event.data.message_id,
        event.data.emoji,
        append.author,
      );
      return;
    case "member.joined":
      await letIn(session, place.room, event.data);
      return joinMember(session, row, event.data);
    case "member.left":
      return endMembership(session, place, event.data.user);
    case "room.updated":
    case "member.role_changed":
    case "member.banned":
    case "member.unbanned":
    case "invite.created":
    case "invite.revoked":
    case "join.requested":
    case "join.refused":
      return projectEntrance(session, { ...place, author: append.author }, event);
    case "file.shared":
      return shareFile(session, place, event.data);
    case "file.deleted":
      return unshareFile(session, place, event.data);
    case "message.pinned": {
      const { author } = append;
      return perform(session, addPin(event.data.message_id, { ...place, author }));
    }
    case "poll.voted":
      return perform(
        session,
        putVote(append.principal, { ...place, author: append.author }, event.data),
      );
    case "poll.closed":
      return perform(session, endPoll(event.data.message_id, place.room, place.sequence));
    case "message.unpinned":
      return perform(session, dropPin(event.data.message_id));
    case "document.edited":
    case "document.updated":
    case "document.named":
    case "call.started":
    case "call.answered":
    case "call.left":
    case "call.ended":
      return;
    default:
      event satisfies never;
  }
}

/** What a message changes that is in a thread, or grows. */
async function projectMessage(
  session: Session,
  sql: EngineSql,
  append: Append,
  { text, open, thread, mentions }: DurablePayloads["message.created"],
  { room, sequence, time }: Place,
): Promise<void> {
  if (thread !== undefined) {
    const { id, author, principal } = append;
    const message = { room, sequence, id, author, principal, time, root: thread };
    await perform(session, addToThread(message));
  }
  if (mentions !== undefined) {
    const { id, author } = append;
    await perform(session, indexMentions({ room, id, author }, mentions));
  }
  if (open === true) await beginText(session, sql, append, text);
}

async function edit(
  session: Session,
  sql: EngineSql,
  { room, sequence }: Place,
  { message_id: message, text, data }: DurablePayloads["message.edited" | "message.closed"],
): Promise<void> {
  const row = await session.get<{ author: UserId }>(
    "SELECT author FROM {messages} WHERE id = ?",
    message,
  );
  const terms = messageTerms({
    room: room as RoomId,
    author: row?.author ?? ("" as UserId),
    text,
    ...(data === undefined ? {} : { data }),
  });
  if (sql.hasTermRows) await removeTermRows(session, message);
  await session.run(
    "UPDATE {messages} SET shown_sequence = ?, terms = ? WHERE id = ?",
    sequence,
    terms,
    message,
  );
  if (sql.hasTermRows) await Promise.all(addTermRows(session, [[message, terms]]));
  await session.run("INSERT INTO {edits} (message_id, sequence) VALUES (?, ?)", message, sequence);
}

/** Takes the text of a message and of all its versions out of the log and of whatever was made from it. */
async function erase(
  session: Session,
  sql: EngineSql,
  pending: PendingRows,
  { room, time }: Place,
  message: string,
): Promise<void> {
  const row = await session.get<{ sequence: number; author: string }>(
    "SELECT sequence, author FROM {messages} WHERE id = ?",
    message,
  );
  if (row === undefined) return;
  const edits = await session.all<{ sequence: number }>(
    "SELECT sequence FROM {edits} WHERE message_id = ? ORDER BY sequence",
    message,
  );
  const sequences = [row.sequence, ...edits.map(({ sequence }) => sequence)];
  await session.run(
    `UPDATE {events} SET payload = NULL, nonce = NULL, erased_at = ?
     WHERE room = ? AND sequence IN (?*)`,
    time,
    room,
    sequences,
  );
  if (sql.hasTermRows) await removeTermRows(session, message);
  await session.run("UPDATE {messages} SET terms = '', deleted_at = ? WHERE id = ?", time, message);
  await session.run("DELETE FROM {reactions} WHERE message_id = ?", message);
  await perform(session, dropMentions(message));
  await perform(session, dropKept(message));
  await perform(session, dropPoll(message));
  await endText(session, message);
  pending.tally(room, row.author, -1);
  await writeControl(session, { type: "message_erased", room, sequences }, time);
}

async function joinMember(
  session: Session,
  row: RoomRow,
  member: DurablePayloads["member.joined"],
): Promise<void> {
  const known = await session.get(
    "SELECT 1 AS found FROM {members} WHERE room = ? AND user_id = ?",
    row.room,
    member.user,
  );
  if (known !== undefined) {
    await session.run(
      "UPDATE {members} SET role = ?, name = ? WHERE room = ? AND user_id = ?",
      member.role,
      member.name,
      row.room,
      member.user,
    );
    return;
  }
  await session.run(
    `INSERT INTO {members} (room, user_id, name, role, joined_sequence) VALUES (?, ?, ?, ?, ?)`,
    row.room,
    member.user,
    member.name,
    member.role,
    row.head,
  );
  // What was put into an inbox before its owner first looked is news.
  const isAllNew = row.kind === "inbox";
  const mark = isAllNew ? 0 : row.head;
  await session.run(
    `INSERT INTO {read_marks} (room, user_id, public_sequence, private_sequence, private_countable)
     VALUES (?, ?, ?, ?, ?)`,
    row.room,
    member.user,
    mark,
    mark,
    isAllNew ? 0 : row.countable,
  );
}

/** Makes a file visible. @throws Error if its upload is gone; the event is not stored then. */
async function shareFile(
  session: Session,
  { room, sequence, time }: Place,
  payload: DurablePayloads["file.shared"],
): Promise<void> {
  const shared = await session.run(
    `UPDATE {files} SET state = 'shared', sequence = ?, sha256 = ?, created_at = ?
     WHERE id = ? AND room = ? AND state = 'uploading'`,
    sequence,
    payload.sha256,
    time,
    payload.file_id,
    room,
  );
  if (shared === 0) throw new EngineError("the upload is gone", "refused");
}

/** Makes a file invisible and erases what its event says of it. Does nothing where that was done before. */
async function unshareFile(
  session: Session,
  { room, time }: Place,
  payload: DurablePayloads["file.deleted"],
): Promise<void> {
  const row = await session.get<{ sequence: number }>(
    "SELECT sequence FROM {files} WHERE id = ? AND room = ? AND state = 'shared'",
    payload.file_id,
    room,
  );
  if (row === undefined) return;
  await session.run(
    "UPDATE {files} SET state = 'deleted', name = '' WHERE id = ?",
    payload.file_id,
  );
  await session.run(
    `UPDATE {events} SET payload = NULL, nonce = NULL, erased_at = ?
     WHERE room = ? AND sequence = ?`,
    time,
    room,
    row.sequence,
  );
}
