/**
 * Files in one directory of this machine. A file lies there under its id, and before it is whole under `parts/`; a
 * name that somebody gave never becomes part of a path. Whole means: written, synced, then renamed.
 */
import { constants } from "node:fs";
import { open, readdir, rm, stat, statfs } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { FileContent, FileStore } from "@parlance/core";
import { StorageError } from "@parlance/core";
import type { FileId } from "@parlance/protocol";
import { makeDirectory } from "../sqlite/make-directory.ts";
import { isAbsent, isFull, wrapped } from "./errors.ts";
import { Part } from "./part.ts";

export interface FileDirectoryOptions {
  /** Made if absent. Belongs to one process at a time. */
  readonly directory: string;
  /** Bytes of the disk that uploads leave free, so that the database can go on. 64 MiB if not given. */
  readonly keepFreeBytes?: number;
}

const keepFree = 64 * 1_048_576;

/** Opens the directory. @throws StorageError, or the system's error if it cannot be made. */
export async function openFileDirectory(options: FileDirectoryOptions): Promise<FileStore> {
  const directory = resolve(options.directory);
  const parts = join(directory, "parts");
  await makeDirectory(parts);
  const keepFreeBytes = options.keepFreeBytes ?? keepFree;
  const uploads = new Map<FileId, Part>();

  /** What open uploads may still write. */
  const promised = (): number => {
    let bytes = 0;
    for (const upload of uploads.values()) bytes += upload.missing;
    return bytes;
  };

  return {
    begin: (file, bytes) =>
      wrapped(async () => {
        const paths = pathsOf(directory, file);
        if (uploads.has(file)) throw new StorageError("an id is used once", "none");
        const part = new Part(paths, bytes, () => uploads.delete(file));
        // Noted before anything is waited for: uploads that begin side by side see each other.
        uploads.set(file, part);
        try {
          const { bavail, bsize } = await statfs(directory);
          if (bavail * bsize - keepFreeBytes >= promised()) {
            await part.open();
            return part;
          }
        } catch (error) {
          await part.abort();
          if (isFull(error)) return "full";
          throw error;
        }
        await part.abort();
        return "full";
      }),

    read: (file, range) =>
      wrapped(async () => {
        const path = pathsOf(directory, file).whole;
        try {
          return await openContent(path, range);
        } catch (error) {
          if (isAbsent(error)) return undefined;
          throw error;
        }
      }),

    remove: (file) =>
      wrapped(async () => {
        const { part, whole } = pathsOf(directory, file);
        await rm(part, { force: true });
        await rm(whole, { force: true });
      }),

    sweep: (before) =>
      wrapped(async () => {
        for (const name of await readdir(parts)) {
          if (uploads.has(name as FileId)) continue;
          const path = join(parts, name);
          const { mtimeMs } = await stat(path);
          if (mtimeMs < before) await rm(path, { force: true });
        }
      }),

    close: async () => {
      await Promise.all([...uploads.values()].map((upload) => upload.abort()));
    },
  } satisfies FileStore;
}

async function openContent(
  path: string,
  range: { readonly first: number; readonly last: number } | undefined,
): Promise<FileContent> {
  const handle = await open(path, constants.O_RDONLY);
  const { size } = await handle.stat();
  const part = range === undefined ? {} : { start: range.first, end: range.last };
  const stream = handle.createReadStream({ ...part, autoClose: true });
  // Whoever reads hears of a failure; where nobody does any more it must not end the process.
  stream.on("error", () => {});
  return { bytes: size, stream, close: () => stream.destroy() };
}

/* Security: an id comes from a client's frame. Without this `../parlance.db` would be one. */
function pathsOf(directory: string, file: FileId): { part: string; whole: string } {
  if (!/^[A-Za-z0-9]{1,64}$/.test(file) || file === "parts") {
    throw new StorageError("not a file's id", "none");
  }
  return { part: join(directory, "parts", file), whole: join(directory, file) };
}
