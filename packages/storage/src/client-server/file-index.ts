import type { FileIndex, SharedFile } from "@parlance/core";
import type { FileId, RoomId, UserId } from "@parlance/protocol";
import type { Reads, Write } from "./access.ts";
import { ownerColumns } from "./tables.ts";

/** Files of one call of `expire`. */
const expiredAtOnce = 100;

interface FileRow {
  readonly id: FileId;
  readonly room: RoomId;
  readonly sequence: number;
  readonly owner: UserId;
  readonly name: string;
  readonly bytes: number;
  readonly media_type: string;
  readonly sha256: string;
  readonly created_at: number;
}

const columns =
  "f.id, f.room, f.sequence, f.owner, f.name, f.bytes, f.media_type, f.sha256, f.created_at";

function toFile(row: FileRow): SharedFile {
  return {
    file: row.id,
    room: row.room,
    sequence: row.sequence,
    owner: row.owner,
    name: row.name,
    bytes: row.bytes,
    mediaType: row.media_type,
    sha256: row.sha256,
    createdAt: row.created_at,
  };
}

export function createFileIndex(reads: Reads, write: Write): FileIndex {
  return {
    begin: (file, { quotaBytes, uploads }) =>
      write(async (session) => {
        // One upload of an owner at a time is let in, on all nodes together: so the quota is exact.
        const owner = [file.owner];
        await session.insertNew({ table: "file_owners", columns: ownerColumns, rows: [owner] });
        await session.get("SELECT owner FROM {file_owners} WHERE owner = ? FOR UPDATE", file.owner);
        const held = await session.get<{ bytes: number; uploads: number }>(
          `SELECT coalesce(sum(bytes), 0) AS bytes,
             coalesce(sum(CASE WHEN state = 'uploading' THEN 1 ELSE 0 END), 0) AS uploads
           FROM {files} WHERE owner = ? AND state IN ('uploading', 'shared')`,
          file.owner,
        );
        if ((held?.uploads ?? 0) >= uploads) return "too_many";
        if ((held?.bytes ?? 0) + file.bytes > quotaBytes) return "over_quota";
        await session.run(
          `INSERT INTO {files} (id, room, owner, name, bytes, media_type, state, created_at)
           VALUES (?, ?, ?, ?, ?, ?, 'uploading', ?)`,
          file.file,
          file.room,
          file.owner,
          file.name,
          file.bytes,
          file.mediaType,
          file.createdAt,
        );
        return "begun";
      }),

    file: (file) =>
      reads.each(async (session) => {
        const row = await session.get<FileRow & { revision: number }>(
          `SELECT ${columns}, r.revision FROM {files} f JOIN {rooms} r ON r.room = f.room
           WHERE f.id = ? AND f.state = 'shared'`,
          file,
        );
        return row === undefined ? undefined : { file: toFile(row), revision: row.revision };
      }),

    /* The revision last: if a right ends between the two statements, the caller asks again. */
    files: (room, before, limit) =>
      reads.each(async (session) => {
        const rows = await session.all<FileRow>(
          `SELECT ${columns} FROM {files} f
           WHERE f.room = ? AND f.state = 'shared' AND f.sequence < ?
           ORDER BY f.sequence DESC LIMIT ?`,
          room,
          before ?? Number.MAX_SAFE_INTEGER,
          limit,
        );
        const state = await session.get<{ revision: number }>(
          "SELECT revision FROM {rooms} WHERE room = ?",
          room,
        );
        return { files: rows.map(toFile), revision: state?.revision ?? 0 };
      }),

    usedBytes: (owner) =>
      reads.each(async (session) => {
        const row = await session.get<{ bytes: number }>(
          `SELECT coalesce(sum(bytes), 0) AS bytes FROM {files}
           WHERE owner = ? AND state IN ('uploading', 'shared')`,
          owner,
        );
        return row?.bytes ?? 0;
      }),

    expire: (before) =>
      write(async (session) => {
        await session.run(
          `UPDATE {files} SET state = 'deleted', name = ''
           WHERE state = 'uploading' AND created_at < ?`,
          before,
        );
        const rows = await session.all<{ id: FileId }>(
          "SELECT id FROM {files} WHERE state = 'deleted' LIMIT ?",
          expiredAtOnce,
        );
        return rows.map(({ id }) => id);
      }),

    forget: (file) =>
      write(async (session) => {
        await session.run("DELETE FROM {files} WHERE id = ? AND state <> 'shared'", file);
      }),
  } satisfies FileIndex;
}
