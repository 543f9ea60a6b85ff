import type { FileBounds, NewFile } from "@parlance/core";
import type { DurablePayloads, FileId } from "@parlance/protocol";
import type { Database } from "./database.ts";

/** Files of one call of `expireFiles`. */
const expiredAtOnce = 100;

/** Every write to the table of files that is not an event's projection, by name. */
export interface FileWrites {
  beginFile(file: NewFile, bounds: FileBounds): "begun" | "over_quota" | "too_many";
  expireFiles(before: number): FileId[];
  forgetFile(file: string): void;
}

export function createFileWrites(database: Database): FileWrites {
  return {
    beginFile: (file, { quotaBytes, uploads }) => {
      const held = database.get<{ bytes: number; uploads: number }>(
        `SELECT coalesce(sum(bytes), 0) AS bytes, coalesce(sum(state = 'uploading'), 0) AS uploads
         FROM files WHERE owner = ? AND state IN ('uploading', 'shared')`,
        file.owner,
      ) ?? { bytes: 0, uploads: 0 };
      if (held.uploads >= uploads) return "too_many";
      if (held.bytes + file.bytes > quotaBytes) return "over_quota";
      database.run(
        `INSERT INTO files (id, room, owner, name, bytes, media_type, state, created_at)
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
    },

    expireFiles: (before) => {
      database.run(
        `UPDATE files SET state = 'deleted', name = '' WHERE state = 'uploading' AND created_at < ?`,
        before,
      );
      return database
        .all<{ id: FileId }>("SELECT id FROM files WHERE state = 'deleted' LIMIT ?", expiredAtOnce)
        .map(({ id }) => id);
    },

    forgetFile: (file) => {
      database.run("DELETE FROM files WHERE id = ? AND state <> 'shared'", file);
    },
  };
}

/** Where an event is. */
interface Place {
  readonly room: string;
  readonly sequence: number;
  /** Milliseconds since 1970. */
  readonly time: number;
}

/** Makes a file visible. @throws Error if its upload is gone; the event is not stored then. */
export function shareFile(
  database: Database,
  { room, sequence, time }: Place,
  payload: DurablePayloads["file.shared"],
): void {
  const shared = database.run(
    `UPDATE files SET state = 'shared', sequence = ?, sha256 = ?, created_at = ?
     WHERE id = ? AND room = ? AND state = 'uploading'`,
    sequence,
    payload.sha256,
    time,
    payload.file_id,
    room,
  );
  if (shared === 0) throw new Error("the upload is gone");
}

/** Makes a file invisible and erases what its event says of it. Does nothing where that was done before. */
export function unshareFile(
  database: Database,
  { room, time }: Place,
  payload: DurablePayloads["file.deleted"],
): void {
  const row = database.get<{ sequence: number }>(
    "SELECT sequence FROM files WHERE id = ? AND room = ? AND state = 'shared'",
    payload.file_id,
    room,
  );
  if (row === undefined) return;
  database.run("UPDATE files SET state = 'deleted', name = '' WHERE id = ?", payload.file_id);
  database.run(
    "UPDATE events SET payload = NULL, nonce = NULL, erased_at = ? WHERE room = ? AND sequence = ?",
    time,
    room,
    row.sequence,
  );
}
