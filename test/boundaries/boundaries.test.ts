/**
 * The boundary check is itself checked: in a copy of the workspace's skeleton (real package.json files, one
 * source file each) forbidden imports are planted, and the check must name each of them and nothing else. Nothing is planted
 * here. One look at a skeleton without them and one at the same with all of them: each look costs seconds.
 */
import { spawnSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

const home = resolve(import.meta.dirname, "../..");
let root: string;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "parlance-boundaries-"));
  mkdirSync(join(root, "node_modules/@parlance"), { recursive: true });
  for (const name of readdirSync(join(home, "packages"))) {
    write(`packages/${name}/src/index.ts`, "export const here: number = 1;\n");
    cpSync(
      join(home, "packages", name, "package.json"),
      join(root, "packages", name, "package.json"),
    );
    symlinkSync(join(root, "packages", name), join(root, "node_modules/@parlance", name));
  }
  for (const door of ["storage/src/sqlite", "broker/src/memory", "dialects/src/native"]) {
    write(`packages/${door}/index.ts`, "export const here: number = 1;\n");
  }
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

interface Verdict {
  readonly ok: boolean;
  readonly said: string;
}

function check(folder: string): Verdict {
  const run = spawnSync(process.execPath, [join(home, "scripts/boundaries.ts"), folder], {
    encoding: "utf8",
    timeout: 120_000,
  });
  return { ok: run.status === 0, said: run.stdout + run.stderr };
}

/** What is forbidden: of which package, what it imports, and the rule that says so. */
const imports = [
  ["core imports an adapter", "core", "@parlance/storage/sqlite", "arrow-core"],
  ["adapters import each other", "gateway", "@parlance/http", "arrow-gateway"],
  ["an adapter imports the identity package", "http", "@parlance/identity", "arrow-http"],
  ["the components go past the client", "react", "@parlance/protocol", "arrow-react"],
  ["the web app goes past the client", "web", "@parlance/protocol", "arrow-web"],
  ["the client needs protocol at run time", "client", "@parlance/protocol", "types-only-client"],
  ["the server imports testkit outside tests", "server", "@parlance/testkit", "arrow-server"],
  ["the publisher imports one of ours", "publisher", "@parlance/protocol", "arrow-publisher"],
  ["the pages import one of ours", "pages", "@parlance/client", "arrow-pages"],
  ["core does I/O", "core", "node:fs", "no-io"],
  ["an import cannot be resolved", "core", "@parlance/nowhere", "resolvable"],
] as const;

const plantedPath = (from: string, rule: string): string =>
  `packages/${from}/src/planted-${rule}.ts`;
const typesPath = "packages/protocol/src/planted.ts";
const pastDoorPath = "packages/cli/src/planted.test.ts";

let clean: Verdict;
let planted: Verdict;

beforeAll(() => {
  write("packages/core/src/allowed.ts", 'export { here } from "@parlance/protocol";\n');
  write("packages/server/src/wiring.ts", 'export { here } from "@parlance/storage/sqlite";\n');
  write("packages/storage/src/x.test.ts", 'export { here } from "@parlance/testkit";\n');
  write("packages/client/src/wire.ts", 'export type { here } from "@parlance/protocol";\n');
  clean = check(root);
  for (const [, from, to, rule] of imports) {
    write(
      plantedPath(from, rule),
      `import * as planted from "${to}";\nexport const all: unknown = planted;\n`,
    );
  }
  write(typesPath, 'export type { here } from "@parlance/core";\n');
  write(pastDoorPath, 'export { here } from "../../core/src/allowed.ts";\n');
  write("packages/core/src/round.ts", 'export { round } from "./about.ts";\n');
  write(
    "packages/core/src/about.ts",
    'export * from "./round.ts";\nexport const round: number = 1;\n',
  );
  planted = check(root);
}, 240_000);

test("imports along the arrows pass, types by the client and testkit by a test among them", () => {
  expect(clean.said).toMatch(/ 0 violations/);
  expect(clean.ok).toBe(true);
});

test("who plants is found out", () => {
  expect(planted.ok).toBe(false);
});

test.each(imports)("found: %s", (_, from, __, rule) => {
  expect(planted.said).toContain(`${rule}: ${plantedPath(from, rule)} -> `);
});

test("found: a type-only import against the arrows", () => {
  expect(planted.said).toContain(`arrow-protocol: ${typesPath} -> packages/core/src/index.ts`);
});

test("found: an import past a door, from a test too", () => {
  expect(planted.said).toContain(`door-core: ${pastDoorPath} -> packages/core/src/allowed.ts`);
});

test("found: a cycle", () => {
  expect(planted.said).toContain("no-cycle: packages/core/src/");
});

test("what is allowed is not named beside what is not", () => {
  const named = planted.said.split("\n").filter((line) => line.includes(" -> "));
  const innocent = named.filter(
    (line) => !/planted|round\.ts|about\.ts/.test(line.split(" -> ")[0] ?? ""),
  );
  expect(innocent).toEqual([]);
});

test("a check that saw nothing is a failure", () => {
  const empty = mkdtempSync(join(tmpdir(), "parlance-boundaries-"));
  mkdirSync(join(empty, "packages/core/src"), { recursive: true });
  writeFileSync(join(empty, "packages/core/src/index.ts"), "export const here: number = 1;\n");
  try {
    const verdict = check(empty);
    expect(verdict.ok).toBe(false);
    expect(verdict.said).toContain("the check is blind");
  } finally {
    rmSync(empty, { recursive: true });
  }
});
