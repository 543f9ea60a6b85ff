/** What an operator does with a spool by hand, beside the door or without it: looks, gives back, throws away. */
import { constants, type Dirent } from "node:fs";
import { type FileHandle, lstat, open, opendir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { isSpooled, setAsideIn } from "./directory.ts";
import { codeOf } from "./trouble.ts";

/** A file that waits, or that was set aside. */
export interface SpooledFile {
  readonly name: string;
  readonly bytes: number;
  /** When it was written, milliseconds since 1970. */
  readonly at: number;
  /** Why it was set aside; absent if it waits, or nobody wrote it. */
  readonly reason?: string;
}

/** The first files of a place, and how many there are. */
export interface SpoolPlace {
  readonly count: number;
  readonly bytes: number;
  /** By their names; at most so many as were asked for. */
  readonly files: readonly SpooledFile[];
}

export type SpoolPart = "waiting" | "refused";

const maxReasonBytes = 4_096;
const reasonEnd = ".reason.txt";

/** What is there. A directory that is absent is empty. @throws the system's error if it may not be read. */
export async function inspectSpool(
  directory: string,
  part: SpoolPart,
  limit: number,
): Promise<SpoolPlace> {
  const place = placeOf(directory, part);
  const names: string[] = [];
  let bytes = 0;
  for await (const entry of await entriesOf(place)) {
    if (!entry.isFile() || !isSpooled(entry.name)) continue;
    names.push(entry.name);
    bytes += (await lstatOf(join(place, entry.name)))?.size ?? 0;
  }
  names.sort();
  const files: SpooledFile[] = [];
  for (const name of names.slice(0, limit)) {
    const stats = await lstatOf(join(place, name));
    if (stats === undefined) continue;
    const reason = part === "refused" ? await reasonOf(place, name) : undefined;
    files.push({
      name,
      bytes: stats.size,
      at: stats.mtimeMs,
      ...(reason === undefined ? {} : { reason }),
    });
  }
  return { count: names.length, bytes, files };
}

/**
 * Gives a file that was set aside back to the door. Its name stays, which is the key of a publication without one: what
 * of it was stored already is not stored again.
 *
 * @returns false if there is no such file, `"taken"` if one of that name waits.
 */
export async function retrySpooled(directory: string, name: string): Promise<boolean | "taken"> {
  const from = join(placeOf(directory, "refused"), name);
  if (!isSpooled(name) || name.includes("/")) return false;
  if ((await lstatOf(from))?.isFile() !== true) return false;
  const to = join(directory, name);
  if ((await lstatOf(to)) !== undefined) return "taken";
  await rename(from, to);
  await rm(reasonPath(placeOf(directory, "refused"), name), { force: true });
  return true;
}

/** Removes what was set aside before a time, and the reasons. @returns how many. */
export async function clearRefused(directory: string, before: number): Promise<number> {
  const place = placeOf(directory, "refused");
  const old: string[] = [];
  for await (const entry of await entriesOf(place)) {
    if (!entry.isFile() || !isSpooled(entry.name)) continue;
    // When it was moved here, not when it was written.
    const stats = await lstatOf(join(place, entry.name));
    if (stats !== undefined && stats.ctimeMs < before) old.push(entry.name);
  }
  for (const name of old) {
    await rm(join(place, name), { force: true });
    await rm(reasonPath(place, name), { force: true });
  }
  return old.length;
}

function placeOf(directory: string, part: SpoolPart): string {
  return part === "waiting" ? directory : join(directory, setAsideIn);
}

async function entriesOf(place: string): Promise<AsyncIterable<Dirent> | readonly Dirent[]> {
  try {
    return await opendir(place);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  }
}

async function lstatOf(path: string) {
  try {
    return await lstat(path);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

function reasonPath(place: string, name: string): string {
  return join(place, `${name.slice(0, -".json".length)}${reasonEnd}`);
}

async function reasonOf(place: string, name: string): Promise<string | undefined> {
  let file: FileHandle | undefined;
  try {
    file = await open(reasonPath(place, name), constants.O_RDONLY | constants.O_NOFOLLOW);
    const bytes = Buffer.alloc(maxReasonBytes);
    const { bytesRead } = await file.read(bytes, 0, maxReasonBytes, 0);
    return bytes.subarray(0, bytesRead).toString("utf8").trim();
  } catch {
    return undefined;
  } finally {
    await file?.close();
  }
}
