/** States of documents in SQL that all engines understand. What one says is cut into parts, as rows must not grow without bound. */
import type { DocumentStateRecord, NewDocumentState, StoredDocumentState } from "@parlance/core";
import type { RoomId, Sequence, UserId } from "@parlance/protocol";
import { all, type DirectorySteps, first, run, type Steps } from "./statements.ts";

/** Bytes of one part, before base64. */
const partBytes = 786_432;

interface Row {
  readonly sequence: number;
  readonly time: number;
  readonly bytes: number;
  readonly name: string | null;
  readonly author: UserId | null;
  readonly author_name: string | null;
}

const columns = "sequence, time, bytes, name, author, author_name";

function recordOf({ sequence, time, bytes, name, author, author_name }: Row): DocumentStateRecord {
  const named = { name: name ?? "", author: author as UserId, authorName: author_name ?? "" };
  return {
    sequence: Number(sequence),
    time: Number(time),
    bytes: Number(bytes),
    ...(name === null ? {} : { named }),
  };
}

function* documentState(room: RoomId, sequence?: Sequence): Steps<StoredDocumentState | undefined> {
  const row =
    sequence === undefined
      ? yield* first<Row>(
          `SELECT ${columns} FROM {document_states} WHERE room = ? ORDER BY sequence DESC LIMIT 1`,
          room,
        )
      : yield* first<Row>(
          `SELECT ${columns} FROM {document_states} WHERE room = ? AND sequence = ?`,
          room,
          sequence,
        );
  if (row === undefined) return undefined;
  const parts = yield* all<{ data: string }>(
    "SELECT data FROM {document_parts} WHERE room = ? AND sequence = ? ORDER BY part",
    room,
    Number(row.sequence),
  );
  const pieces = parts.map(({ data }) => Buffer.from(data, "base64"));
  return { ...recordOf(row), state: new Uint8Array(Buffer.concat(pieces)) };
}

function* documentStates(
  room: RoomId,
  before: Sequence | undefined,
  limit: number,
): Steps<DocumentStateRecord[]> {
  const rows = yield* all<Row>(
    `SELECT ${columns} FROM {document_states} WHERE room = ? AND sequence < ?
     ORDER BY sequence DESC LIMIT ?`,
    room,
    before ?? Number.MAX_SAFE_INTEGER,
    limit,
  );
  return rows.map(recordOf);
}

function* putDocumentState(
  room: RoomId,
  { sequence, time, state, named }: NewDocumentState,
  after: Sequence,
): Steps<boolean> {
  const known = yield* first<Pick<Row, "name">>(
    "SELECT name FROM {document_states} WHERE room = ? AND sequence = ?",
    room,
    sequence,
  );
  if (known !== undefined) {
    if (known.name !== null || named === undefined) return false;
    yield* run(
      `UPDATE {document_states} SET name = ?, author = ?, author_name = ?
       WHERE room = ? AND sequence = ?`,
      named.name,
      named.author,
      named.authorName,
      room,
      sequence,
    );
    return true;
  }
  const newest = yield* first<{ sequence: number }>(
    "SELECT sequence FROM {document_states} WHERE room = ? ORDER BY sequence DESC LIMIT 1",
    room,
  );
  if (named === undefined && Number(newest?.sequence ?? 0) > after) return false;
  yield* run(
    `INSERT INTO {document_states} (room, sequence, time, bytes, name, author, author_name, erased)
     VALUES (?, ?, ?, ?, ?, ?, ?, 0)`,
    room,
    sequence,
    time,
    state.length,
    named?.name ?? null,
    named?.author ?? null,
    named?.authorName ?? null,
  );
  for (let part = 0; part * partBytes < state.length; part += 1) {
    const piece = state.subarray(part * partBytes, (part + 1) * partBytes);
    yield* run(
      "INSERT INTO {document_parts} (room, sequence, part, data) VALUES (?, ?, ?, ?)",
      room,
      sequence,
      part,
      Buffer.from(piece.buffer, piece.byteOffset, piece.length).toString("base64"),
    );
  }
  return true;
}

function* eraseDocumentUpdates(room: RoomId, before: number, now: number): Steps<number> {
  const newest = yield* first<{ sequence: number; erased: number }>(
    `SELECT sequence, erased FROM {document_states} WHERE room = ? AND time <= ?
     ORDER BY sequence DESC LIMIT 1`,
    room,
    before,
  );
  if (newest === undefined || Number(newest.erased) !== 0) return 0;
  const done = yield* first<{ sequence: number }>(
    `SELECT sequence FROM {document_states} WHERE room = ? AND erased = 1
     ORDER BY sequence DESC LIMIT 1`,
    room,
  );
  const erased = yield* run(
    `UPDATE {events} SET payload = NULL, nonce = NULL, erased_at = ?
     WHERE room = ? AND sequence > ? AND sequence <= ? AND type = 'document.updated' AND payload IS NOT NULL`,
    now,
    room,
    Number(done?.sequence ?? 0),
    Number(newest.sequence),
  );
  yield* run(
    "UPDATE {document_states} SET erased = 1 WHERE room = ? AND sequence = ?",
    room,
    Number(newest.sequence),
  );
  return erased;
}

function* dropDocumentStates(room: RoomId, sequences: readonly Sequence[]): Steps<void> {
  const newest = yield* first<{ sequence: number }>(
    "SELECT sequence FROM {document_states} WHERE room = ? ORDER BY sequence DESC LIMIT 1",
    room,
  );
  for (const sequence of sequences) {
    if (sequence === Number(newest?.sequence)) continue;
    const dropped = yield* run(
      "DELETE FROM {document_states} WHERE room = ? AND sequence = ? AND name IS NULL",
      room,
      sequence,
    );
    if (dropped === 0) continue;
    yield* run("DELETE FROM {document_parts} WHERE room = ? AND sequence = ?", room, sequence);
  }
}

export type DocumentReadName = "documentState" | "documentStates";
export const documentReads: DirectorySteps<DocumentReadName> = { documentState, documentStates };

export type DocumentWriteName = "putDocumentState" | "eraseDocumentUpdates" | "dropDocumentStates";
/** Each takes its turn in its room. */
export const documentWrites: DirectorySteps<DocumentWriteName> = {
  putDocumentState,
  eraseDocumentUpdates,
  dropDocumentStates,
};
