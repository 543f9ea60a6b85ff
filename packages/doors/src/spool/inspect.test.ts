import {
  existsSync,
  mkdirSync,
  readdirSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { clearRefused, inspectSpool, retrySpooled } from "./inspect.ts";

let directory: string;
const refused = (name: string): string => join(directory, "refused", name);
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "inspect-"));
  mkdirSync(join(directory, "refused"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

function refuse(name: string, reason = "no text"): void {
  writeFileSync(refused(`${name}.json`), "{}");
  writeFileSync(refused(`${name}.reason.txt`), `${reason}\n`);
}

test("what waits and what was refused are told by their names, with reasons; other names are nobody's", async () => {
  for (const name of ["2.json", "1.json", ".hidden.json", "3.json.tmp"]) {
    writeFileSync(join(directory, name), "{}");
  }
  symlinkSync("/etc/hostname", join(directory, "0.json"));
  refuse("a", "its text is too long");
  writeFileSync(refused("b.json"), "{}");
  const waiting = await inspectSpool(directory, "waiting", 1);
  expect(waiting).toMatchObject({ count: 2, bytes: 4, files: [{ name: "1.json", bytes: 2 }] });
  const { files } = await inspectSpool(directory, "refused", 10);
  expect(files.map(({ name, reason }) => [name, reason])).toEqual([
    ["a.json", "its text is too long"],
    ["b.json", undefined],
  ]);
  const nowhere = await inspectSpool(join(directory, "nowhere"), "refused", 10);
  expect(nowhere).toEqual({ count: 0, bytes: 0, files: [] });
});

test("a refused file is given back under its name, which is its key, and its reason goes", async () => {
  refuse("a");
  expect(await retrySpooled(directory, "a.json")).toBe(true);
  expect(existsSync(join(directory, "a.json"))).toBe(true);
  expect(readdirSync(join(directory, "refused"))).toEqual([]);
  refuse("a");
  expect(await retrySpooled(directory, "a.json")).toBe("taken");
  expect(existsSync(refused("a.json"))).toBe(true);
});

test("no other name leads anywhere", async () => {
  writeFileSync(join(directory, "x.json"), "{}");
  mkdirSync(refused("d.json"));
  symlinkSync(join(directory, "x.json"), refused("l.json"));
  for (const name of ["../x.json", "nothing.json", "d.json", "l.json", "a.reason.txt", ""]) {
    expect([name, await retrySpooled(directory, name)]).toEqual([name, false]);
  }
});

test("clearing takes away what was refused before, and its reason, and nothing else", async () => {
  refuse("a");
  writeFileSync(join(directory, "waits.json"), "{}");
  // By when it was set aside: its content may be as old as it likes.
  utimesSync(refused("a.json"), 1, 1);
  expect(await clearRefused(directory, Date.now() - 60_000)).toBe(0);
  expect(await clearRefused(directory, Date.now() + 60_000)).toBe(1);
  expect(readdirSync(join(directory, "refused"))).toEqual([]);
  expect(existsSync(join(directory, "waits.json"))).toBe(true);
});
