/**
 * `npm test [-- <path or vitest option> …]`: builds what the tests need, runs all of them once, and names
 * what was skipped. The last line is `N passed, N failed`, with `, N skipped` where something was.
 *
 * With `PARLANCE_SECOND_LOOK=1` files with failures, if they are few, are run once more, by themselves: on a shared machine a test
 * that watches time may fail since others took it. What passes only then is named loudly, with the reason of its failure: it is
 * a defect of the test or a rare one of the product, and to be looked into.
 *
 * Nothing runs for ever: see `test-watch.ts`.
 *
 * With `PARLANCE_FORBID_SKIPS=1` a skipped test is a failed one. What each test did is left in
 * `test-results/report.json`, for `npm run systems`, and what failed, with the reasons, in `test-results/failed.txt`.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import {
  clearNotes,
  type FileResult,
  type Report,
  readNotes,
  resultsVariable,
} from "./test-results.ts";
import { type Ended, runWatched } from "./test-watch.ts";

const root = resolve(import.meta.dirname, "..");
const results = join(root, "test-results");
const looksTwice = process.env["PARLANCE_SECOND_LOOK"] === "1";
/** Files with failures above which something is broken, and no second look helps. */
const maxSecondLook = 6;
/** All that is run: what hangs, hangs on. */
const maxMinutes = 60;
/** Of the files that are run once more. */
const secondLookMinutes = 15;
const skipsForbidden = process.env["PARLANCE_FORBID_SKIPS"] === "1";

/** What the browser gets is built, as tests need it fresh, and what servers start from, as they are many. */
function build(): string[] {
  return ["scripts/build-client.ts", "scripts/build-web.ts", "scripts/build-server.ts"].filter(
    (script) => {
      if (!existsSync(join(root, script))) return false;
      const built = spawnSync(process.execPath, [join(root, script)], {
        cwd: root,
        stdio: "inherit",
        timeout: 5 * 60_000,
      });
      return built.status !== 0;
    },
  );
}

interface TestRun extends Ended {
  readonly report: Report;
}

/** Every file that was to be run has its result: one that did not come to an end has failed. */
async function runTests(name: string, paths: readonly string[], minutes: number): Promise<TestRun> {
  const folder = join(results, name);
  clearNotes(folder);
  const ended = await runWatched(["node_modules/vitest/vitest.mjs", "run", ...paths], {
    root,
    folder,
    environment: { ...process.env, [resultsVariable]: folder },
    minutes,
  });
  const { planned, testResults } = readNotes(folder);
  const known = new Set(testResults.map((file) => file.name));
  const lost = planned.filter((file) => !known.has(file));
  const report = {
    testResults: [
      ...testResults,
      ...lost.map((file) => ({
        name: file,
        status: "failed",
        message: "was not run to its end",
        assertionResults: [],
      })),
    ],
  };
  writeFileSync(join(results, `${name}.json`), JSON.stringify(report));
  return { ...ended, report };
}

/** Where an error passed through others' code, which tells nothing of it. */
const foreign = /^\s*at .*(?:node_modules|node:)/;

/** The first lines of an error, indented: enough to tell what went wrong without the log above it. */
function reason(messages: readonly (string | undefined)[] | undefined): string {
  const told = (message = ""): string[] =>
    message.split("\n").filter((line) => !foreign.test(line));
  const lines = (messages ?? []).flatMap((message) => told(message).slice(0, 12));
  return lines.map((line) => `\n    ${line.slice(0, 200)}`).join("");
}

/** What failed in a file: its tests, or itself. */
function failedIn({ name, status, message, assertionResults }: FileResult) {
  const file = relative(root, name);
  const failed = assertionResults.filter((result) => result.status === "failed");
  if (status === "failed" && failed.length === 0) return [`${file} as a whole${reason([message])}`];
  // A process that dies takes the tests with it that were to come.
  const isLeft = assertionResults.some((result) => !/^(passed|failed)$/.test(result.status));
  if (skipsForbidden && isLeft && failed.length === 0) return [`${file} left tests out`];
  return failed.map((one) => `${file} > ${one.fullName}${reason(one.failureMessages)}`);
}

interface TwoLooks extends TestRun {
  /** What had failed before it passed. */
  readonly onlyThen: readonly string[];
}

/** Runs the files with failures once more. What was ended is not: it would be ended again. */
async function lookAgain(first: TestRun): Promise<TwoLooks> {
  const failing = first.report.testResults.filter((file) => failedIn(file).length > 0);
  const many = failing.length > maxSecondLook;
  if (!looksTwice || failing.length === 0 || many || first.cut.length > 0) {
    return { ...first, onlyThen: [] };
  }
  console.log(`\n!!! ${failing.length} files with failures are run once more, by themselves`);
  const paths = failing.map(({ name }) => relative(root, name));
  const again = await runTests("second-look", paths, secondLookMinutes);
  const second = new Map(again.report.testResults.map((file) => [file.name, file]));
  const report = {
    ...first.report,
    testResults: first.report.testResults.map((file) => second.get(file.name) ?? file),
  };
  writeFileSync(join(results, "report.json"), JSON.stringify(report));
  const passed = failing.filter(({ name }) => {
    const now = second.get(name);
    return now !== undefined && failedIn(now).length === 0;
  });
  return { ...again, report, onlyThen: passed.flatMap(failedIn) };
}

mkdirSync(results, { recursive: true });
const failures = build().map((script) => `${script} did not build`);
const reasons: string[] = [];
const { ok, cut, report, onlyThen } = await lookAgain(
  await runTests("report", process.argv.slice(2), maxMinutes),
);
failures.push(...cut);
reasons.push(...cut);
const skips: string[] = [];
let passed = 0;
for (const { name, status, message, assertionResults } of report.testResults) {
  const file = relative(root, name);
  for (const result of assertionResults) {
    const test = `${file} > ${result.fullName}`;
    if (result.status === "passed") passed += 1;
    else if (result.status === "failed") {
      failures.push(test);
      reasons.push(`${test}${reason(result.failureMessages)}`);
    } else skips.push(test);
  }
  const named = assertionResults.some((result) => result.status === "failed");
  if (status === "failed" && !named) {
    failures.push(`${file} as a whole`);
    reasons.push(`${file} as a whole${reason([message])}`);
  }
}
if (passed === 0 && failures.length === 0) failures.push("no test was run");
if (!ok && failures.length === 0) failures.push("an error outside of any test; see above");

if (skips.length > 0) {
  console.log(
    `\n!!! ${skips.length} SKIPPED (what they need is absent, see test/requirements.ts):`,
  );
  for (const skip of skips) console.log(`  ${skip}`);
  console.log(
    "  chromium is looked for at $CHROMIUM or /usr/bin/chromium, sample data in $PARLANCE_SAMPLE_DATA, services at\n" +
      "  their usual ports of this machine or where packages/testkit/src/services.ts says",
  );
}
if (onlyThen.length > 0) {
  console.log(`\n!!! ${onlyThen.length} PASSED ONLY WHEN RUN AGAIN, to be looked into:`);
  for (const text of onlyThen) console.log(`  ${text}`);
}
if (failures.length > 0) {
  console.log(`\n!!! ${failures.length} FAILED:`);
  for (const failure of failures) console.log(`  ${failure}`);
}
if (skipsForbidden) for (const skip of skips) reasons.push(`${skip}\n    skipped`);
const again = onlyThen.map((text) => `PASSED ONLY WHEN RUN AGAIN: ${text}\n`).join("");
writeFileSync(join(results, "second-look.txt"), again);
writeFileSync(join(results, "failed.txt"), reasons.map((text) => `${text}\n`).join(""));
const failed = failures.length + (skipsForbidden ? skips.length : 0);
if (skipsForbidden && skips.length > 0) console.log("skips are forbidden here and count as failed");
const skipped = skips.length > 0 && !skipsForbidden ? `, ${skips.length} skipped` : "";
console.log(`\n${passed} passed, ${failed} failed${skipped}`);
process.exitCode = failed === 0 ? 0 : 1;
