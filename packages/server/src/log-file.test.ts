import { writeSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openLogFile } from "./log-file.ts";

const disk = { room: 0 };

/** The real call, on a disk that takes as many bytes as there is room for. */
function writeSome(descriptor: number, bytes: Buffer): number {
  if (disk.room === 0) throw Object.assign(new Error("no space"), { code: "ENOSPC" });
  const written = writeSync(descriptor, bytes, 0, Math.min(disk.room, bytes.length));
  disk.room -= written;
  return written;
}

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "log-file-"));
  disk.room = Number.POSITIVE_INFINITY;
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

test("[F-D8] what waits while the disk is full is written when there is room, no line in pieces or twice", async () => {
  const failures: (string | undefined)[] = [];
  const path = join(directory, "parlance.log");
  const file = openLogFile(path, ({ code }) => failures.push(code), writeSome);
  file.write("one\n");
  file.flushSync();
  disk.room = 6;
  for (const line of ["two\n", "three\n", "four\n"]) {
    file.write(line);
    file.flushSync();
  }
  expect(failures).toEqual(["ENOSPC"]);
  expect(await readFile(path, "utf8")).toBe("one\ntwo\nth");
  disk.room = Number.POSITIVE_INFINITY;
  file.flushSync();
  expect(await readFile(path, "utf8")).toBe("one\ntwo\nthree\nfour\n");
  disk.room = 0;
  file.write("five\n");
  file.flushSync();
  expect(failures).toEqual(["ENOSPC", "ENOSPC"]);
});

test("[F-D8] lines beyond what may wait are lost, and their number is told", async () => {
  const path = join(directory, "parlance.log");
  const file = openLogFile(path, () => {}, writeSome);
  disk.room = 0;
  const line = `${"x".repeat(1_048_575)}\n`;
  for (let index = 0; index < 7; index += 1) file.write(line);
  file.flushSync();
  disk.room = Number.POSITIVE_INFINITY;
  file.flushSync();
  const lines = (await readFile(path, "utf8")).trimEnd().split("\n");
  expect(lines.filter((each) => each.startsWith("x"))).toHaveLength(4);
  expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject({ event: "log_lines_lost", lines: 3 });
});
