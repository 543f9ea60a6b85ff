/**
 * The watch over `npm test`, on files that hang: in one synchronous call, beyond vitest's own timeouts, and with a child that
 * outlives everything. What must come of it: the run ends, the file is named, the others have their results.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { clearNotes, readNotes, resultsVariable } from "../../scripts/test-results.ts";
import { runWatched } from "../../scripts/test-watch.ts";

const root = resolve(import.meta.dirname, "../..");
const day = 86_400_000;
/** Each case is a whole run of vitest. */
const timeout = 120_000;
let place: string;

/* Below the repository, since its files import vitest. */
beforeEach(() => {
  mkdirSync(join(root, "test-results"), { recursive: true });
  place = mkdtempSync(join(root, "test-results/watch-"));
  const scripts = JSON.stringify(join(root, "scripts"));
  write(
    "vitest.config.ts",
    `import { defineConfig } from "vitest/config";
    import { NotingReporter } from ${scripts.slice(0, -1)}/test-results.ts";
    export default defineConfig({
      test: {
        include: ["*.case.ts"],
        maxWorkers: 2,
        reporters: [new NotingReporter(process.env.${resultsVariable} ?? "")],
        setupFiles: [${scripts.slice(0, -1)}/test-mark.ts"],
      },
    });`,
  );
  write(
    "good.case.ts",
    `import { describe, expect, test } from "vitest";
    describe("a suite", () => { test("that > passes", () => { expect(1).toBe(1); }); });
    test("fails", () => { expect(1).toBe(2); });`,
  );
});

afterEach(() => rmSync(place, { recursive: true, force: true }));

function write(name: string, text: string): void {
  writeFileSync(join(place, name), text);
}

async function run(patience: { readonly fileMs?: number; readonly minutes?: number }) {
  const folder = join(place, "notes");
  clearNotes(folder);
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const ended = await runWatched([vitest, "run", "--root", place], {
    root,
    folder,
    environment: { ...process.env, VITEST: undefined, [resultsVariable]: folder },
    minutes: patience.minutes ?? day,
    patience: { noticeMs: day, idleMs: day, fileMs: patience.fileMs ?? day, lookMs: 100 },
  });
  return { ...ended, notes: readNotes(folder) };
}

test(
  "results are those of the tests, by the names that vitest's report has",
  async () => {
    const { ok, cut, notes } = await run({});
    expect(ok).toBe(false);
    expect(cut).toEqual([]);
    expect(notes.planned.map((path) => basename(path))).toEqual(["good.case.ts"]);
    expect(notes.testResults).toMatchObject([
      {
        name: join(place, "good.case.ts"),
        status: "failed",
        assertionResults: [
          { fullName: "a suite that > passes", status: "passed", failureMessages: [] },
          { fullName: "fails", status: "failed", failureMessages: [expect.stringContaining("2")] },
        ],
      },
    ]);
  },
  timeout,
);

test(
  "a file that is stuck in one call is ended with its child and named; the others have run",
  async () => {
    write(
      "stuck.case.ts",
      `import { spawnSync } from "node:child_process";
    import { test } from "vitest";
    test("waits", () => { spawnSync("sleep", ["1000"], { stdio: "inherit" }); });`,
    );
    const { ok, cut, notes } = await run({ fileMs: 10_000 });
    expect(ok).toBe(false);
    expect(cut).toEqual([expect.stringMatching(/stuck\.case\.ts was ended after \d\.\d minutes/)]);
    expect(notes.planned).toHaveLength(2);
    const good = notes.testResults.find(({ name }) => name.endsWith("good.case.ts"));
    expect(good?.assertionResults).toHaveLength(2);
    const stuck = notes.testResults.find(({ name }) => name.endsWith("stuck.case.ts"));
    expect(stuck?.assertionResults.some(({ status }) => status === "passed") ?? false).toBe(false);
  },
  timeout,
);

test(
  "the whole has an end, and what was planned and has no result is known",
  async () => {
    write(
      "stuck.case.ts",
      `import { test } from "vitest";
    test("turns", () => { for (;;); });`,
    );
    const { ok, cut, notes } = await run({ minutes: 0.3 });
    expect(ok).toBe(false);
    expect(cut).toEqual([expect.stringContaining("the tests were ended after 0.3 minutes")]);
    expect(notes.planned.some((path) => path.endsWith("stuck.case.ts"))).toBe(true);
    expect(notes.testResults.some(({ name }) => name.endsWith("stuck.case.ts"))).toBe(false);
  },
  timeout,
);
