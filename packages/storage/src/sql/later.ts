/** Drafts and scheduled messages in SQL that all engines understand. */
import type { DraftRecord, DueMessage, ScheduledRecord } from "@parlance/core";
import type { ClientMessageId, ErrorCode, RoomId, UserId } from "@parlance/protocol";
import { all, type DirectorySteps, first, run, type Steps } from "./statements.ts";

/** How long it is remembered that a draft was emptied, so that one that comes late does not bring it back. */
const emptiedLifeMs = 30 * 86_400_000;

interface DraftRow {
  readonly room: RoomId;
  readonly root: string;
  readonly text: string;
  readonly replyTo: string | null;
  readonly editedAt: number;
}

const draftSelect = `SELECT room, root, text, reply_to AS "replyTo", edited_at AS "editedAt" FROM {drafts}`;

function draftOf({ room, root, text, replyTo, editedAt }: DraftRow): DraftRecord {
  return {
    room,
    ...(root === "" ? {} : { thread: root }),
    text,
    ...(replyTo === null ? {} : { replyTo }),
    editedAt,
  };
}

function* saveDraft(
  room: RoomId,
  person: UserId,
  draft: DraftRecord,
  most: number,
): Steps<DraftRecord | undefined> {
  const root = draft.thread ?? "";
  const there = yield* first<DraftRow>(
    `${draftSelect} WHERE person = ? AND room = ? AND root = ?`,
    person,
    room,
    root,
  );
  if (there !== undefined && there.editedAt > draft.editedAt) return draftOf(there);
  const kept = yield* first<{ kept: number }>(
    "SELECT count(*) AS kept FROM {drafts} WHERE person = ? AND text <> ''",
    person,
  );
  const isOneMore = draft.text !== "" && (there?.text ?? "") === "";
  if (isOneMore && Number(kept?.kept ?? 0) >= most) return undefined;
  yield* run(
    "DELETE FROM {drafts} WHERE person = ? AND text = '' AND edited_at < ?",
    person,
    draft.editedAt - emptiedLifeMs,
  );
  yield* forgetEmptied(person, most);
  yield* run("DELETE FROM {drafts} WHERE person = ? AND room = ? AND root = ?", person, room, root);
  yield* run(
    "INSERT INTO {drafts} (person, room, root, text, reply_to, edited_at) VALUES (?, ?, ?, ?, ?, ?)",
    person,
    room,
    root,
    draft.text,
    draft.replyTo ?? null,
    draft.editedAt,
  );
  return draft;
}

/* Security: emptying a draft in ever new places would else leave a row for each. */
/** Of emptied ones the newest are remembered, one fewer than `most`. */
function* forgetEmptied(person: UserId, most: number): Steps<void> {
  const last = yield* first<{ editedAt: number }>(
    `SELECT edited_at AS "editedAt" FROM {drafts} WHERE person = ? AND text = ''
     ORDER BY edited_at DESC LIMIT 1 OFFSET ?`,
    person,
    most - 1,
  );
  if (last === undefined) return;
  yield* run(
    "DELETE FROM {drafts} WHERE person = ? AND text = '' AND edited_at <= ?",
    person,
    last.editedAt,
  );
}

function* drafts(person: UserId): Steps<DraftRecord[]> {
  const rows = yield* all<DraftRow>(
    `${draftSelect} WHERE person = ? AND text <> '' ORDER BY edited_at DESC, room, root`,
    person,
  );
  return rows.map(draftOf);
}

interface ScheduledRow {
  readonly room: RoomId;
  readonly key: ClientMessageId;
  readonly dueAt: number;
  readonly content: string;
  readonly author: string;
  readonly state: ScheduledRecord["state"];
  readonly reason: ErrorCode | null;
}

const scheduledSelect = `SELECT room, client_message_id AS "key", due_at AS "dueAt", content, author, state, reason
  FROM {scheduled}`;

function scheduledOf({
  room,
  key,
  dueAt,
  content,
  author,
  state,
  reason,
}: ScheduledRow): ScheduledRecord {
  return {
    room,
    key,
    at: dueAt,
    content: JSON.parse(content) as ScheduledRecord["content"],
    author: JSON.parse(author) as ScheduledRecord["author"],
    state,
    ...(reason === null ? {} : { reason }),
  };
}

function oneOf(person: UserId, key: ClientMessageId): Steps<ScheduledRow | undefined> {
  return first<ScheduledRow>(
    `${scheduledSelect} WHERE person = ? AND client_message_id = ?`,
    person,
    key,
  );
}

function* drop(person: UserId, key: ClientMessageId): Steps<void> {
  yield* run("DELETE FROM {scheduled} WHERE person = ? AND client_message_id = ?", person, key);
}

function* schedule(
  room: RoomId,
  person: UserId,
  { key, at, content, author, state, reason }: ScheduledRecord,
  most: number,
): Steps<"kept" | "taken" | "full"> {
  const there = yield* oneOf(person, key);
  // Another room's lock is not held here: what waits there is changed there.
  if (there !== undefined && (there.state !== "waiting" || there.room !== room)) return "taken";
  const row = yield* first<{ kept: number }>(
    "SELECT count(*) AS kept FROM {scheduled} WHERE person = ?",
    person,
  );
  if (there === undefined && Number(row?.kept ?? 0) >= most) return "full";
  yield* drop(person, key);
  yield* run(
    `INSERT INTO {scheduled} (person, client_message_id, room, due_at, content, author, state, reason)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    person,
    key,
    room,
    at,
    JSON.stringify(content),
    JSON.stringify(author),
    state === "refused" ? state : "waiting",
    state === "refused" ? (reason ?? null) : null,
  );
  return "kept";
}

function* scheduled(person: UserId): Steps<ScheduledRecord[]> {
  const rows = yield* all<ScheduledRow>(
    `${scheduledSelect} WHERE person = ? ORDER BY due_at, client_message_id`,
    person,
  );
  return rows.map(scheduledOf);
}

function dueMessages(now: number, limit: number): Steps<DueMessage[]> {
  return all<DueMessage>(
    `SELECT room, person AS "user", client_message_id AS "key" FROM {scheduled}
     WHERE state IN ('waiting', 'sending') AND due_at <= ? ORDER BY due_at LIMIT ?`,
    now,
    limit,
  );
}

function* claim(
  room: RoomId,
  person: UserId,
  key: ClientMessageId,
  now: number,
): Steps<ScheduledRecord | undefined> {
  const there = yield* oneOf(person, key);
  if (there === undefined || there.room !== room) return undefined;
  if (there.state === "refused" || there.dueAt > now) return undefined;
  yield* run(
    "UPDATE {scheduled} SET state = 'sending' WHERE person = ? AND client_message_id = ?",
    person,
    key,
  );
  return scheduledOf({ ...there, state: "sending" });
}

function* settle(
  room: RoomId,
  person: UserId,
  key: ClientMessageId,
  refused?: ErrorCode,
): Steps<void> {
  if (refused === undefined) {
    yield* drop(person, key);
    return;
  }
  yield* run(
    `UPDATE {scheduled} SET state = 'refused', reason = ?
     WHERE person = ? AND client_message_id = ? AND room = ?`,
    refused,
    person,
    key,
    room,
  );
}

function* cancel(room: RoomId, person: UserId, key: ClientMessageId): Steps<boolean> {
  const there = yield* oneOf(person, key);
  if (there === undefined || there.room !== room || there.state === "sending") return false;
  yield* drop(person, key);
  return true;
}

export type LaterReadName = "drafts" | "scheduled" | "dueMessages";
export const laterReads: DirectorySteps<LaterReadName> = { drafts, scheduled, dueMessages };

export type LaterWriteName =
  | "saveDraft"
  | "schedule"
  | "claimScheduled"
  | "settleScheduled"
  | "cancelScheduled";
/** Each begins with the room that has to be locked. */
export const laterWrites: DirectorySteps<LaterWriteName> = {
  saveDraft,
  schedule,
  claimScheduled: claim,
  settleScheduled: settle,
  cancelScheduled: cancel,
};
