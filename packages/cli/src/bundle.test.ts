/** From what the command starts: the bundle while everything it was made of is as it was, else the sources. */
import { spawnSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

const command = resolve(import.meta.dirname, "../bin/parlance.js");
const source = "packages/cli/src/main.ts";
const other = "packages/core/src/other.ts";
const list = "node_modules/.cache/parlance-bundle/list.json";
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "parlance-bundle-"));
  mkdirSync(join(root, "packages/cli/bin"), { recursive: true });
  cpSync(command, join(root, "packages/cli/bin/parlance.js"));
  write("package.json", '{ "type": "module" }');
  write(source, 'console.log("sources");');
  write(other, "export const n = 1;");
  write("node_modules/.cache/parlance-bundle/one/main.mjs", 'console.log("bundle");');
  describeFiles();
});

afterEach(() => rmSync(root, { recursive: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

/** As `scripts/build-server.ts` leaves it, or with `--seal`. */
function describeFiles(sealed = false): void {
  const files = [source, other].map((path) => {
    const { size, mtimeMs, ctimeMs } = statSync(join(root, path));
    return sealed ? [path, size, Math.floor(mtimeMs / 1_000)] : [path, size, mtimeMs, ctimeMs];
  });
  write(list, JSON.stringify({ main: "one/main.mjs", files }));
}

function startedFrom(): string {
  const run = spawnSync(process.execPath, [join(root, "packages/cli/bin/parlance.js")], {
    encoding: "utf8",
    timeout: 60_000,
  });
  expect(run.stderr).toBe("");
  return run.stdout.trim();
}

test("from the bundle, if every file is as it was", () => {
  expect(startedFrom()).toBe("bundle");
});

test("from the bundle through a link to the command, too", () => {
  const link = join(root, "parlance");
  symlinkSync(join(root, "packages/cli/bin/parlance.js"), link);
  const run = spawnSync(process.execPath, [link], { encoding: "utf8", timeout: 60_000 });
  expect(run.stdout.trim()).toBe("bundle");
});

test("from the sources if one of them has changed, though size and time are as they were", () => {
  const { atime, mtime } = statSync(join(root, other));
  writeFileSync(join(root, other), "export const n = 2;");
  utimesSync(join(root, other), atime, mtime);
  expect(statSync(join(root, other)).mtimeMs).toBe(mtime.getTime());
  expect(startedFrom()).toBe("sources");
});

test("[PE-03] from a sealed bundle, as an image has it, though a layer gives whole seconds and new entries", () => {
  describeFiles(true);
  const { atime, mtimeMs } = statSync(join(root, other));
  utimesSync(join(root, other), atime, Math.floor(mtimeMs / 1_000));
  expect(startedFrom()).toBe("bundle");
  utimesSync(join(root, other), atime, Math.floor(mtimeMs / 1_000) - 1);
  expect(startedFrom()).toBe("sources");
});

test.each([
  ["a source is gone", () => rmSync(join(root, other))],
  ["there is no list", () => rmSync(join(root, list))],
  ["the list is cut off", () => write(list, '{ "main": "one/mai')],
  ["the list is another thing", () => write(list, '{ "main": "one/main.mjs" }')],
  [
    "the bundle is gone",
    () => rmSync(join(root, "node_modules/.cache/parlance-bundle/one"), { recursive: true }),
  ],
])("from the sources if %s", (_, harm) => {
  harm();
  expect(startedFrom()).toBe("sources");
});
