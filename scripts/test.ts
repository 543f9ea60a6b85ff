/**
 * `npm test [-- <path or vitest option> …]`: builds what the tests need, runs all of them once, and names
 * what was skipped. The last line is `N passed, N failed`, with `, N skipped` where something was.
 *
 * With `PARLANCE_SECOND_LOOK=1` files with failures, if they are few, are run once more, by themselves: on a shared machine a test
 * that watches time may fail since others took it. What passes only then is named loudly, with the reason of its failure: it is
 * a defect of the test or a rare one of the product, and to be looked into.
 *
 * With `PARLANCE_FORBID_SKIPS=1` a skipped test is a failed one. What each test did is left in
 * `test-results/report.json`, for `npm run systems`, and what failed, with the reasons, in `test-results/failed.txt`.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
const looksTwice = process.env["PARLANCE_SECOND_LOOK"] === "1";
/** Files with failures above which something is broken, and no second look helps. */
const maxSecondLook = 6;
const skipsForbidden = process.env["PARLANCE_FORBID_SKIPS"] === "1";

/** The part of vitest's JSON report that counts. A file that could not be loaded has no results of its own. */
interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message?: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages?: readonly string[];
    }[];
  }[];
}

function run(script: string, args: readonly string[] = []): boolean {
  const result = spawnSync(process.execPath, [join(root, script), ...args], {
    cwd: root,
    stdio: "inherit",
  });
  return result.status === 0;
}

/** What the browser gets is built; tests that load it need it fresh. */
function build(): string[] {
  return ["scripts/build-client.ts", "scripts/build-web.ts"].filter(
    (script) => existsSync(join(root, script)) && !run(script),
  );
}

/** The report of an earlier run is gone before this one begins: nobody takes one for the other. */
function runTests(
  file: string,
  paths: readonly string[],
): { readonly ok: boolean; readonly report: Report } {
  rmSync(file, { force: true });
  const ok = run("node_modules/vitest/vitest.mjs", [
    "run",
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${file}`,
    ...paths,
  ]);
  const report = existsSync(file)
    ? (JSON.parse(readFileSync(file, "utf8")) as Report)
    : { testResults: [] };
  return { ok, report };
}

/** The first lines of an error, indented: enough to tell what went wrong without the log above it. */
function reason(messages: readonly (string | undefined)[] | undefined): string {
  const lines = (messages ?? []).flatMap((message) => (message ?? "").split("\n").slice(0, 12));
  return lines.map((line) => `\n    ${line.slice(0, 200)}`).join("");
}

/** What failed in a file: its tests, or itself. */
function failedIn({ name, status, message, assertionResults }: Report["testResults"][number]) {
  const file = relative(root, name);
  const failed = assertionResults.filter((result) => result.status === "failed");
  if (status === "failed" && failed.length === 0) return [`${file} as a whole${reason([message])}`];
  // A process that dies takes the tests with it that were to come.
  const isLeft = assertionResults.some((result) => !/^(passed|failed)$/.test(result.status));
  if (skipsForbidden && isLeft && failed.length === 0) return [`${file} left tests out`];
  return failed.map((one) => `${file} > ${one.fullName}${reason(one.failureMessages)}`);
}

/** Runs the files with failures once more. @returns the results that count, and what had failed before it passed. */
function lookAgain(first: ReturnType<typeof runTests>): {
  readonly ok: boolean;
  readonly report: Report;
  readonly onlyThen: readonly string[];
} {
  const failing = first.report.testResults.filter((file) => failedIn(file).length > 0);
  if (!looksTwice || failing.length === 0 || failing.length > maxSecondLook) {
    return { ...first, onlyThen: [] };
  }
  console.log(`\n!!! ${failing.length} files with failures are run once more, by themselves`);
  const paths = failing.map(({ name }) => relative(root, name));
  const again = runTests(join(root, "test-results/second-look.json"), paths);
  const second = new Map(again.report.testResults.map((file) => [file.name, file]));
  const report = {
    ...first.report,
    testResults: first.report.testResults.map((file) => second.get(file.name) ?? file),
  };
  writeFileSync(join(root, "test-results/report.json"), JSON.stringify(report));
  const passed = failing.filter(({ name }) => {
    const now = second.get(name);
    return now !== undefined && failedIn(now).length === 0;
  });
  return { ok: again.ok, report, onlyThen: passed.flatMap(failedIn) };
}

const failures = build().map((script) => `${script} did not build`);
const reasons: string[] = [];
const { ok, report, onlyThen } = lookAgain(
  runTests(join(root, "test-results/report.json"), process.argv.slice(2)),
);
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
mkdirSync(join(root, "test-results"), { recursive: true });
const again = onlyThen.map((text) => `PASSED ONLY WHEN RUN AGAIN: ${text}\n`).join("");
writeFileSync(join(root, "test-results/second-look.txt"), again);
writeFileSync(join(root, "test-results/failed.txt"), reasons.map((text) => `${text}\n`).join(""));
const failed = failures.length + (skipsForbidden ? skips.length : 0);
if (skipsForbidden && skips.length > 0) console.log("skips are forbidden here and count as failed");
const skipped = skips.length > 0 && !skipsForbidden ? `, ${skips.length} skipped` : "";
console.log(`\n${passed} passed, ${failed} failed${skipped}`);
process.exitCode = failed === 0 ? 0 : 1;
