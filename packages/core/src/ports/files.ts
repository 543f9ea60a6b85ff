import type { FileId, RoomId, Sequence, UserId } from "@parlance/protocol";

/** What a node needs to take files. */
export interface FilePorts {
  readonly store: FileStore;
  readonly index: FileIndex;
  /** The largest file. */
  readonly maxFileBytes: number;
  /** Bytes that one user's files may have together, those under way included. */
  readonly quotaBytes: number;
}

/**
 * The bytes of files. Knows no names and no rights: a file is its id. What was begun and not finished is never
 * seen by `read`, whatever breaks off. A store belongs to one process at a time.
 *
 * Failures that are not the caller's fault are `StorageError`s.
 */
export interface FileStore {
  /** Keeps room for `bytes` and takes pieces from then on. @returns `"full"` if the disk has no room for it. */
  begin(file: FileId, bytes: number): Promise<FileUpload | "full">;
  /**
   * Opens a finished file for one reader.
   *
   * @param range First and last byte, both included, inside the file. Absent: all of it.
   * @returns undefined if there is no such file.
   */
  read(file: FileId, range?: ByteRange): Promise<FileContent | undefined>;
  /** Removes a file, finished or not. Done also if there was none. */
  remove(file: FileId): Promise<void>;
  /** Removes uploads that no process goes on with and nobody touched since `before` (milliseconds since 1970). */
  sweep(before: number): Promise<void>;
  /** Ends the uploads under way as `abort` does. */
  close(): Promise<void>;
}

/** One file being received. Calls must not overlap. */
export interface FileUpload {
  /** @param content Base64. @returns `"full"` if the disk is; nothing of the upload is of use then. */
  write(content: string): Promise<"written" | "full">;
  /** Makes the file whole: synced to disk, then there for `read`. @returns its SHA-256, lower-case hexadecimal. */
  finish(): Promise<string>;
  /** Leaves nothing behind, also after `finish`. */
  abort(): Promise<void>;
}

/** First and last byte, both included. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/** A file that is open for one reader. Where it lies stays hidden. */
export interface FileContent {
  /** Size of the whole file. */
  readonly bytes: number;
  /** The range that was asked for. To be read once. */
  readonly stream: AsyncIterable<Uint8Array>;
  /** Lets go of the file, read to its end or not. */
  close(): void;
}

/**
 * What is known of files, beside the log. `RoomLog.append` makes a file visible with its `file.shared` and
 * invisible with its `file.deleted`, in the same transaction.
 */
export interface FileIndex {
  /**
   * Notes an upload, which counts towards its owner's quota from then on. Atomic with the check of the bounds,
   * so uploads side by side cannot exceed them together.
   */
  begin(file: NewFile, bounds: FileBounds): Promise<"begun" | "over_quota" | "too_many">;
  /** A shared file, with the revision of its room read in the same snapshot. */
  file(file: FileId): Promise<{ readonly file: SharedFile; readonly revision: number } | undefined>;
  /** A room's shared files with a smaller sequence than `before`, newest first. */
  files(
    room: RoomId,
    before: Sequence | undefined,
    limit: number,
  ): Promise<{ readonly files: readonly SharedFile[]; readonly revision: number }>;
  /** Bytes of a user's files, those under way included. */
  usedBytes(owner: UserId): Promise<number>;
  /**
   * Gives up uploads begun before (milliseconds since 1970); they cannot be shared any more.
   *
   * @returns files whose bytes are to be removed, those that were deleted included; at most 100.
   */
  expire(before: number): Promise<readonly FileId[]>;
  /** Forgets a file that is not shared. */
  forget(file: FileId): Promise<void>;
}

export interface FileBounds {
  readonly quotaBytes: number;
  /** Uploads that one user may have under way. */
  readonly uploads: number;
}

export interface NewFile {
  readonly file: FileId;
  readonly room: RoomId;
  readonly owner: UserId;
  readonly name: string;
  readonly bytes: number;
  readonly mediaType: string;
  /** Milliseconds since 1970; once it is shared, of its `file.shared`. */
  readonly createdAt: number;
}

export interface SharedFile extends NewFile {
  readonly sequence: Sequence;
  readonly sha256: string;
}
