/** Reads the end of a file that grows, and what is written to it, through rotation of either kind. */
import type { Stats } from "node:fs";
import { open, stat } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";

const chunkBytes = 65_536;
const lookMs = 250;
const lineFeed = 10;

/** The last whole lines, and where they end. Reads no more of the file than it needs. */
export async function lastLines(
  path: string,
  count: number,
): Promise<{ readonly lines: readonly string[]; readonly end: number }> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    let from = size;
    let bytes: Buffer = Buffer.alloc(0);
    // One more line feed than lines: the one before the first of them.
    while (from > 0 && countOf(bytes) <= count) {
      const length = Math.min(chunkBytes, from);
      from -= length;
      const chunk = Buffer.alloc(length);
      await file.read(chunk, 0, length, from);
      bytes = Buffer.concat([chunk, bytes]);
    }
    const end = bytes.lastIndexOf(lineFeed) + 1;
    const lines = bytes.subarray(0, end).toString("utf8").split("\n").slice(0, -1);
    if (from > 0) lines.shift();
    return { lines: count === 0 ? [] : lines.slice(-count), end: from + end };
  } finally {
    await file.close();
  }
}

function countOf(bytes: Buffer): number {
  let count = 0;
  for (const byte of bytes) if (byte === lineFeed) count += 1;
  return count;
}

/**
 * Shows every line behind a place for ever. Of a file that was moved away the rest is read before the new one; one that
 * is shorter than it was is read from its beginning.
 */
export async function followFile(
  path: string,
  from: number,
  show: (line: string) => void,
): Promise<never> {
  let file = await open(path);
  let position = from;
  let rest: Buffer = Buffer.alloc(0);
  const readOn = async (): Promise<void> => {
    for (;;) {
      const chunk = Buffer.alloc(chunkBytes);
      const { bytesRead } = await file.read(chunk, 0, chunkBytes, position);
      if (bytesRead === 0) return;
      position += bytesRead;
      const bytes = Buffer.concat([rest, chunk.subarray(0, bytesRead)]);
      const end = bytes.lastIndexOf(lineFeed) + 1;
      rest = bytes.subarray(end);
      for (const line of bytes.subarray(0, end).toString("utf8").split("\n").slice(0, -1))
        show(line);
    }
  };
  for (;;) {
    const { size, ino } = await file.stat();
    if (size < position) {
      position = 0;
      rest = Buffer.alloc(0);
    }
    await readOn();
    const now = await statOf(path);
    if (now !== undefined && now.ino !== ino) {
      await readOn();
      await file.close();
      file = await open(path);
      position = 0;
      rest = Buffer.alloc(0);
      continue;
    }
    await pause(lookMs);
  }
}

async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch {
    // Between being moved away and being made anew.
    return undefined;
  }
}
