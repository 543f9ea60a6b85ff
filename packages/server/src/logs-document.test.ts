import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../../..");

interface Call {
  readonly level: string;
  readonly event: string;
}

/** Every call of a `report` in the packages that run in a server, as it stands in the source. */
function callsInSource(): {
  readonly calls: readonly Call[];
  readonly passedOn: string[];
} {
  const calls: Call[] = [];
  const passedOn: string[] = [];
  const packages =
    "packages/{core,storage,broker,dialects,doors,gateway,hooks,identity,http,server,cli}/src/**/*.ts";
  for (const path of globSync(packages, { cwd: root })) {
    if (path.endsWith(".test.ts")) continue;
    const text = readFileSync(join(root, path), "utf8");
    for (const [, args] of text.matchAll(/(?<!function )\breport\(\s*([^)]{0,80})/g)) {
      const [, level, event] = /^"(\w+)",\s*"(\w+)"/.exec(args ?? "") ?? [];
      if (level !== undefined && event !== undefined) calls.push({ level, event });
      else passedOn.push(`${path}: ${args?.split("\n", 1)[0]}`);
    }
    for (const [, event] of text.matchAll(/\bonFailure\("(\w+)"/g)) {
      calls.push({ level: "warn", event: event ?? "" });
    }
  }
  return { calls, passedOn };
}

function tellings(calls: readonly Call[]): readonly string[] {
  return [...new Set(calls.map(({ level, event }) => `${level} ${event}`))].sort();
}

test("the document about the log has every event of the source with its level, and no others", () => {
  const document = readFileSync(join(root, "docs/operations/logs.md"), "utf8");
  const documented = [...document.matchAll(/^\| `(\w+)` \| (\w+) \|/gm)].map(
    ([, event = "", level = ""]) => ({ event, level }),
  );
  const { calls, passedOn } = callsInSource();
  expect(calls.length).toBeGreaterThan(20);
  expect(tellings(documented)).toEqual(tellings(calls));
  expect(new Set(documented.map(({ event }) => event)).size).toBe(documented.length);
  // Handing a call on is fine in these places; any other would hide an event's name from this test.
  expect(passedOn.sort()).toEqual([
    'packages/core/src/node.ts: "warn", event, { error }',
    "packages/server/src/listener.ts: level, event, fields",
  ]);
});
