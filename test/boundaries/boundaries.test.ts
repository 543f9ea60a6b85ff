/**
 * The boundary check is itself checked: in a copy of the workspace's skeleton (real package.json files, one
 * source file each) a forbidden import is planted, and the check must name it. Nothing is planted here.
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

function check(): Verdict {
  const run = spawnSync(process.execPath, [join(home, "scripts/boundaries.ts"), root], {
    encoding: "utf8",
  });
  return { ok: run.status === 0, said: run.stdout + run.stderr };
}

/** What the check says while a file with that text exists, beside an allowed import that must stay allowed. */
function plant(path: string, text: string): Verdict {
  write("packages/core/src/allowed.ts", 'export { here } from "@parlance/protocol";\n');
  write(path, text);
  try {
    return check();
  } finally {
    rmSync(join(root, path));
  }
}

test("imports along the arrows pass", () => {
  const verdict = plant(
    "packages/server/src/wiring.ts",
    'export { here } from "@parlance/storage/sqlite";\n',
  );
  expect(verdict.said).toMatch(/ 0 violations/);
  expect(verdict.ok).toBe(true);
});

test.each([
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
])("found: %s", (_, from, to, rule) => {
  const path = `packages/${from}/src/planted.ts`;
  const verdict = plant(
    path,
    `import * as planted from "${to}";\nexport const all: unknown = planted;\n`,
  );
  expect(verdict.said).toContain(`${rule}: ${path} -> `);
  expect(verdict.ok).toBe(false);
});

test("found: a type-only import against the arrows", () => {
  const path = "packages/protocol/src/planted.ts";
  const verdict = plant(path, 'export type { here } from "@parlance/core";\n');
  expect(verdict.said).toContain(`arrow-protocol: ${path} -> packages/core/src/index.ts`);
  expect(verdict.ok).toBe(false);
});

test("found: an import past a door, from a test too", () => {
  const path = "packages/cli/src/planted.test.ts";
  const verdict = plant(path, 'export { here } from "../../core/src/allowed.ts";\n');
  expect(verdict.said).toContain(`door-core: ${path} -> packages/core/src/allowed.ts`);
  expect(verdict.ok).toBe(false);
});

test("found: a cycle", () => {
  write("packages/core/src/round.ts", 'export { round } from "./about.ts";\n');
  try {
    const verdict = plant(
      "packages/core/src/about.ts",
      'export * from "./round.ts";\nexport const round: number = 1;\n',
    );
    expect(verdict.said).toContain("no-cycle: packages/core/src/");
    expect(verdict.ok).toBe(false);
  } finally {
    rmSync(join(root, "packages/core/src/round.ts"));
  }
});

test("types may be imported by the client, and a test may use testkit", () => {
  write("packages/storage/src/x.test.ts", 'export { here } from "@parlance/testkit";\n');
  const verdict = plant(
    "packages/client/src/wire.ts",
    'export type { here } from "@parlance/protocol";\n',
  );
  rmSync(join(root, "packages/storage/src/x.test.ts"));
  expect(verdict.said).toMatch(/ 0 violations/);
  expect(verdict.ok).toBe(true);
});

test("a check that saw nothing is a failure", () => {
  const empty = mkdtempSync(join(tmpdir(), "parlance-boundaries-"));
  mkdirSync(join(empty, "packages/core/src"), { recursive: true });
  writeFileSync(join(empty, "packages/core/src/index.ts"), "export const here: number = 1;\n");
  try {
    const run = spawnSync(process.execPath, [join(home, "scripts/boundaries.ts"), empty], {
      encoding: "utf8",
    });
    expect(run.status).toBe(1);
    expect(run.stdout).toContain("the check is blind");
  } finally {
    rmSync(empty, { recursive: true });
  }
});
