import type { SharedFile } from "@parlance/core";
import type { FileId, RoomId, UserId } from "@parlance/protocol";
import type { Database } from "./database.ts";

/** Every read of the table of files, by name. Called in a reader thread. */
export interface FileReads {
  file(file: string): { file: SharedFile; revision: number } | undefined;
  files(
    room: string,
    before: number | undefined,
    limit: number,
  ): { files: SharedFile[]; revision: number };
  usedBytes(owner: string): number;
}

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

const columns = "files.id, files.room, sequence, owner, name, bytes, media_type, sha256";

export function createFileReads(database: Database): FileReads {
  return {
    file: (file) => {
      const row = database.get<FileRow & { revision: number }>(
        `SELECT ${columns}, files.created_at, revision FROM files JOIN rooms ON rooms.room = files.room
         WHERE files.id = ? AND state = 'shared'`,
        file,
      );
      return row === undefined ? undefined : { file: toFile(row), revision: row.revision };
    },

    /* The revision last: if a right ends between the two statements, the caller asks again. */
    files: (room, before, limit) => {
      const rows = database.all<FileRow>(
        `SELECT ${columns}, files.created_at FROM files
         WHERE room = ? AND state = 'shared' AND sequence < ? ORDER BY sequence DESC LIMIT ?`,
        room,
        before ?? Number.MAX_SAFE_INTEGER,
        limit,
      );
      const state = database.get<{ revision: number }>(
        "SELECT revision FROM rooms WHERE room = ?",
        room,
      );
      return { files: rows.map(toFile), revision: state?.revision ?? 0 };
    },

    usedBytes: (owner) =>
      database.get<{ bytes: number }>(
        `SELECT coalesce(sum(bytes), 0) AS bytes FROM files
         WHERE owner = ? AND state IN ('uploading', 'shared')`,
        owner,
      )?.bytes ?? 0,
  };
}

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
