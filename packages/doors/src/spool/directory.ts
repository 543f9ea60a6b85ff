/**
 * The spool's directory. Whoever may write there may publish, and nothing more: a name is only ever looked at in this directory,
 * links are not followed, and what is no plain file is not waited for.
 */
import type { BigIntStats, Dirent } from "node:fs";
import { constants } from "node:fs";
import {
  type FileHandle,
  lstat,
  mkdir,
  open,
  opendir,
  rename,
  rm,
  stat,
  unlink,
} from "node:fs/promises";
import { join, resolve } from "node:path";
import { ProtocolError } from "@parlance/protocol";
import { maxPublicationBytes } from "../read.ts";
import { codeOf } from "./trouble.ts";

/** Tells one state of a file from another: changed or exchanged, it has another mark. */
export type Mark = string;

/** What there is under a name. */
export type Found =
  | { readonly is: "content"; readonly bytes: Buffer; readonly mark: Mark }
  /** Nothing that could be a publication. */
  | { readonly is: "refused"; readonly error: ProtocolError; readonly mark: Mark }
  /** Somebody took it away, or it is a directory. */
  | { readonly is: "nothing" };

/** Where a page of names begins and ends, and which are left out. */
export interface Page {
  /** Names behind this one. */
  readonly after: string;
  /** About so many. Fewer: there are no more. */
  readonly limit: number;
  readonly isSkipped: (name: string) => boolean;
}

/** Two as a rule. More while others write names that are not the last; whoever goes on doing so has no order to be kept. */
const maxLooks = 10;
/** Above this they are not counted any more. */
const maxCounted = 100_000;
/** Where files go that are not published. */
export const setAsideIn = "refused";
/** Of files with one name that were set aside, so many are kept; the last one then makes way. */
const maxNamesakes = 99;
/** A file's name may have 255 bytes on most systems; its reason's has more than its own. */
const maxNameBytes = 200;
const readOnly = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const writeAnew =
  constants.O_WRONLY |
  constants.O_CREAT |
  constants.O_TRUNC |
  constants.O_NOFOLLOW |
  constants.O_NONBLOCK;

/** Whether a name is one of the spool's. All others are left alone. */
export function isSpooled(name: string): boolean {
  return name.endsWith(".json") && !name.startsWith(".");
}

/** The methods reject with the system's errors. */
export class SpoolDirectory {
  readonly path: string;

  constructor(path: string) {
    this.path = resolve(path);
  }

  /** Makes it if it is absent, for this user only, and the place for what is refused with the same rights. */
  async make(): Promise<void> {
    await mkdirOnce(this.path, 0o700);
    await this.#asidePath();
  }

  /**
   * The first names of it in order. Holds a few pages in memory, however many files there are.
   *
   * A look at a directory is no snapshot: of two files that are made while it goes on it may have the second without the first. So
   * it is looked at until a look finds nothing new up to the last name. Then what was made before any of these is among them.
   */
  async list(page: Page): Promise<readonly string[]> {
    const first = await this.#look(page);
    const upTo = first.at(-1);
    if (upTo === undefined) return [];
    const names = new Set(first);
    for (let looks = 1; looks < maxLooks; looks += 1) {
      const known = names.size;
      const again = await this.#look({ ...page, upTo, limit: Infinity });
      for (const name of again) names.add(name);
      if (names.size === known) break;
    }
    return [...names].sort(byCodeUnits);
  }

  async #look(page: Page & { readonly upTo?: string }): Promise<string[]> {
    const { after, upTo, limit, isSkipped } = page;
    let names: string[] = [];
    const first = (): string[] => names.sort(byCodeUnits).slice(0, limit);
    for await (const entry of await opendir(this.path, { bufferSize: 256 })) {
      const { name } = entry;
      if (!isCandidate(entry) || name <= after || isSkipped(name)) continue;
      if (upTo !== undefined && name > upTo) continue;
      names.push(name);
      if (names.length >= 4 * limit) names = first();
    }
    return first();
  }

  /** How many wait; counted up to a bound, since whoever asks wants to know whether they are many. */
  async count(): Promise<number> {
    let count = 0;
    for await (const entry of await opendir(this.path, { bufferSize: 256 })) {
      if (isCandidate(entry)) count += 1;
      if (count >= maxCounted) break;
    }
    return count;
  }

  async read(name: string): Promise<Found> {
    try {
      const file = await open(join(this.path, name), readOnly);
      try {
        return await contentOf(file);
      } finally {
        await file.close();
      }
    } catch (error) {
      const code = codeOf(error);
      if (code === "ENOENT") return { is: "nothing" };
      // A symbolic link, or a socket. It is set aside itself; what it leads to is not touched.
      if (code !== "ELOOP" && code !== "ENXIO") throw error;
      const mark = await this.#markOf(name);
      return mark === undefined ? { is: "nothing" } : { is: "refused", error: noFile(), mark };
    }
  }

  /** Takes a file away, unless there is another one under its name by now. */
  async remove(name: string, mark: Mark): Promise<void> {
    if ((await this.#markOf(name)) !== mark) return;
    await gone(unlink(join(this.path, name)));
  }

  /**
   * Moves a file to where its owner looks for what was not published, with the reason beside it.
   *
   * @returns false if it is not there any more as it was.
   */
  async setAside(name: string, mark: Mark, reason: string): Promise<boolean> {
    if ((await this.#markOf(name)) !== mark) return false;
    const aside = await this.#asidePath();
    const stem = await freeStem(aside, stemOf(name));
    const target = join(aside, `${stem}.json`);
    const reasonPath = join(aside, `${stem}.reason.txt`);
    // The reason first: a file that was moved has one, whenever this process ends.
    const file = await open(reasonPath, writeAnew, 0o640);
    try {
      await file.writeFile(`${reason}\n`);
    } finally {
      await file.close();
    }
    if (await gone(rename(join(this.path, name), target))) return true;
    if ((await markAt(target)) === undefined) await rm(reasonPath, { force: true });
    return false;
  }

  async #markOf(name: string): Promise<Mark | undefined> {
    return markAt(join(this.path, name));
  }

  /**
   * Security: a link in the place of `refused` would have this process put files wherever the link leads, with names and
   * content that whoever may write to the spool chose.
   */
  async #asidePath(): Promise<string> {
    const path = join(this.path, setAsideIn);
    const { mode } = await stat(this.path);
    await mkdirOnce(path, mode & 0o770);
    if (!(await lstat(path)).isDirectory()) {
      throw Object.assign(new Error("refused is no directory"), { code: "ENOTDIR" });
    }
    return path;
  }
}

async function contentOf(file: FileHandle): Promise<Found> {
  const stats = await file.stat({ bigint: true });
  const mark = markOf(stats);
  if (stats.isDirectory()) return { is: "nothing" };
  if (!stats.isFile()) return { is: "refused", error: noFile(), mark };
  if (stats.size > maxPublicationBytes) return { is: "refused", error: tooLarge(), mark };
  // One byte more than there should be: what grew meanwhile is no whole JSON, or too large.
  const buffer = Buffer.alloc(Number(stats.size) + 1);
  let length = 0;
  while (length < buffer.length) {
    const { bytesRead } = await file.read(buffer, length, buffer.length - length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return { is: "content", bytes: buffer.subarray(0, length), mark };
}

async function mkdirOnce(path: string, mode: number): Promise<void> {
  try {
    await mkdir(path, { mode });
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
  }
}

/** Whether it was there to be moved or removed. */
async function gone(done: Promise<void>): Promise<boolean> {
  try {
    await done;
    return true;
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
    return false;
  }
}

async function markAt(path: string): Promise<Mark | undefined> {
  try {
    return markOf(await lstat(path, { bigint: true }));
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
    return undefined;
  }
}

function markOf({ ino, size, mtimeNs }: BigIntStats): Mark {
  return `${ino}:${size}:${mtimeNs}`;
}

/** Nothing that was set aside is written over: it is somebody's message. */
async function freeStem(directory: string, stem: string): Promise<string> {
  let free = stem;
  for (let count = 2; count <= maxNamesakes; count += 1) {
    if ((await markAt(join(directory, `${free}.json`))) === undefined) break;
    free = `${stem}.${count}`;
  }
  return free;
}

function stemOf(name: string): string {
  let stem = name.slice(0, -".json".length);
  while (Buffer.byteLength(stem) > maxNameBytes) stem = stem.slice(0, -1);
  return stem;
}

/** Directories are somebody's own business; what else is no file is looked at and set aside. */
function isCandidate(entry: Dirent): boolean {
  return isSpooled(entry.name) && !entry.isDirectory();
}

function byCodeUnits(left: string, right: string): number {
  return left < right ? -1 : Number(left > right);
}

function noFile(): ProtocolError {
  return new ProtocolError("bad_request", { rule: "not a regular file" });
}

function tooLarge(): ProtocolError {
  return new ProtocolError("too_large", { limit: maxPublicationBytes });
}
