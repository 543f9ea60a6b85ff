/**
 * A small file beside the database that remembers how far the database had come. A database that is behind
 * it was put back by hand (from a backup, a snapshot), so sequences would be given out a second time: its
 * epoch must change. What was committed within the last second before a crash is not in the file, so a copy
 * made within that second is not told apart.
 */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";

/** Both only grow; `start` counts more. */
export interface Watermark {
  /** How often the database was opened for writing. */
  readonly start: number;
  /** Transactions since the database was made. */
  readonly commits: number;
}

const name = "parlance.watermark";

/** Undefined if there is no file or it is not ours. */
export function readWatermark(directory: string): Watermark | undefined {
  let text: string;
  try {
    text = readFileSync(join(directory, name), "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
  const match = /^(\d{1,15}) (\d{1,15})\n$/.exec(text);
  return match === null ? undefined : { start: Number(match[1]), commits: Number(match[2]) };
}

/** Whether a file could not be written because there is no room for it. */
export function isFullDisk(error: unknown): boolean {
  return error instanceof Error && "code" in error && fullDisk.has(error.code);
}
const fullDisk: ReadonlySet<unknown> = new Set(["ENOSPC", "EDQUOT"]);

/** Replaces the file in one step. `sync`: returns only when it would survive a power cut. */
export function writeWatermark(directory: string, watermark: Watermark, sync: boolean): void {
  const path = join(directory, name);
  const file = openSync(`${path}.new`, "w", 0o600);
  try {
    writeSync(file, `${watermark.start} ${watermark.commits}\n`);
    if (sync) fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(`${path}.new`, path);
  if (sync) syncDirectory(directory);
}

function syncDirectory(directory: string): void {
  const handle = openSync(directory, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Whether a database at `database` has lost what the file remembers. */
export function isBehind(database: Watermark, file: Watermark): boolean {
  if (database.start !== file.start) return database.start < file.start;
  return database.commits < file.commits;
}
