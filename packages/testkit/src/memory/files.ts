import { createHash } from "node:crypto";
import type { FileIndex, FileStore, SharedFile } from "@parlance/core";
import { StorageError } from "@parlance/core";
import type { DurablePayloads, FileId, UserId } from "@parlance/protocol";
import type { MemoryFile, MemoryRoom, MemoryState } from "./state.ts";

const expiredAtOnce = 100;

/** What is known of files, over a memory state. Every call is done when it returns. */
export function createMemoryFileIndex(state: MemoryState): FileIndex {
  const { files, rooms } = state;
  const ofOwner = (owner: UserId): MemoryFile[] =>
    [...files.values()].filter((file) => file.owner === owner && file.state !== "deleted");
  const sum = (held: readonly MemoryFile[]): number =>
    held.reduce((bytes, file) => bytes + file.bytes, 0);
  const revisionOf = (room: SharedFile["room"]): number => rooms.get(room)?.revision ?? 0;

  return {
    begin: async (file, { quotaBytes, uploads }) => {
      const held = ofOwner(file.owner);
      if (held.filter(({ state: at }) => at === "uploading").length >= uploads) return "too_many";
      if (sum(held) + file.bytes > quotaBytes) return "over_quota";
      files.set(file.file, { ...file, state: "uploading" });
      return "begun";
    },
    file: async (id) => {
      const file = toShared(files.get(id));
      return file === undefined ? undefined : { file, revision: revisionOf(file.room) };
    },
    files: async (room, before, limit) => ({
      files: [...files.values()]
        .flatMap((row) => toShared(row) ?? [])
        .filter((file) => file.room === room && file.sequence < (before ?? Infinity))
        .sort((left, right) => right.sequence - left.sequence)
        .slice(0, limit),
      revision: revisionOf(room),
    }),
    usedBytes: async (owner) => sum(ofOwner(owner)),
    expire: async (before) => {
      for (const [id, file] of files) {
        const isOver = file.state === "uploading" && file.createdAt < before;
        if (isOver) files.set(id, { ...file, state: "deleted" });
      }
      return [...files.values()]
        .filter((file) => file.state === "deleted")
        .slice(0, expiredAtOnce)
        .map(({ file }) => file);
    },
    forget: async (id) => {
      if (files.get(id)?.state !== "shared") files.delete(id);
    },
  } satisfies FileIndex;
}

function toShared(row: MemoryFile | undefined): SharedFile | undefined {
  if (row?.state !== "shared" || row.sequence === undefined || row.sha256 === undefined) {
    return undefined;
  }
  const { state: _, sequence, sha256, ...file } = row;
  return { ...file, sequence, sha256 };
}

/** @throws StorageError if there is no such upload. */
export function mustBeUploading(state: MemoryState, id: FileId): void {
  if (state.files.get(id)?.state !== "uploading") {
    throw new StorageError("the upload is gone", "none");
  }
}

/** Makes a file visible, with the newest event of its room. */
export function shareFile(
  state: MemoryState,
  room: MemoryRoom,
  time: number,
  payload: DurablePayloads["file.shared"],
): void {
  const file = state.files.get(payload.file_id);
  if (file === undefined) return;
  const shared = { state: "shared", sequence: room.events.length, createdAt: time } as const;
  state.files.set(file.file, { ...file, ...shared, sha256: payload.sha256 });
}

/** Makes a file invisible and erases what its event says of it. */
export function unshareFile(state: MemoryState, room: MemoryRoom, id: FileId): void {
  const file = state.files.get(id);
  if (file?.state !== "shared" || file.sequence === undefined || file.room !== room.room) return;
  state.files.set(id, { ...file, state: "deleted" });
  const event = room.events[file.sequence - 1];
  if (event === undefined || "erased" in event.frame) return;
  const { data: _, ...envelope } = event.frame;
  event.frame = { ...envelope, erased: true };
  event.nonce = undefined;
}

/** Bytes in memory. @param room How many there may be at once, those under way included. */
export function createMemoryFileStore(room: number = Infinity): FileStore {
  const whole = new Map<FileId, Uint8Array>();
  const parts = new Map<FileId, { announced: number; pieces: Uint8Array[] }>();
  const used = (): number => {
    let bytes = 0;
    for (const content of whole.values()) bytes += content.length;
    for (const { announced } of parts.values()) bytes += announced;
    return bytes;
  };

  return {
    begin: async (file, bytes) => {
      if (used() + bytes > room) return "full";
      const pieces: Uint8Array[] = [];
      parts.set(file, { announced: bytes, pieces });
      return {
        write: async (content) => {
          pieces.push(Buffer.from(content, "base64"));
          return "written";
        },
        finish: async () => {
          const content = whole.get(file) ?? Buffer.concat(pieces);
          whole.set(file, content);
          parts.delete(file);
          return createHash("sha256").update(content).digest("hex");
        },
        abort: async () => {
          parts.delete(file);
          whole.delete(file);
        },
      };
    },
    read: async (file, range) => {
      const content = whole.get(file);
      if (content === undefined) return undefined;
      const { first, last } = range ?? { first: 0, last: content.length - 1 };
      const stream = (async function* () {
        yield content.subarray(first, last + 1);
      })();
      return { bytes: content.length, stream, close: () => {} };
    },
    remove: async (file) => {
      parts.delete(file);
      whole.delete(file);
    },
    // Whatever is under way here is of this process.
    sweep: async () => {},
    close: async () => parts.clear(),
  } satisfies FileStore;
}
