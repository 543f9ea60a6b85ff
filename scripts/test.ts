/**
 * `npm test [-- <path or vitest option> …]`: builds what the tests need, runs all of them once, and names
 * what was skipped. The last line is `N passed, N failed`, with `, N skipped` where something was.
 *
 * With `PARLANCE_FORBID_SKIPS=1` a skipped test is a failed one. What each test did is left in
 * `test-results/report.json`, for `npm run systems`, and what failed, with the reasons, in `test-results/failed.txt`.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
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
function runTests(): { readonly ok: boolean; readonly report: Report } {
  const file = join(root, "test-results/report.json");
  rmSync(file, { force: true });
  const ok = run("node_modules/vitest/vitest.mjs", [
    "run",
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${file}`,
    ...process.argv.slice(2),
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

const failures = build().map((script) => `${script} did not build`);
const reasons: string[] = [];
const { ok, report } = runTests();
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
if (failures.length > 0) {
  console.log(`\n!!! ${failures.length} FAILED:`);
  for (const failure of failures) console.log(`  ${failure}`);
}
if (skipsForbidden) for (const skip of skips) reasons.push(`${skip}\n    skipped`);
mkdirSync(join(root, "test-results"), { recursive: true });
writeFileSync(join(root, "test-results/failed.txt"), reasons.map((text) => `${text}\n`).join(""));
const failed = failures.length + (skipsForbidden ? skips.length : 0);
if (skipsForbidden && skips.length > 0) console.log("skips are forbidden here and count as failed");
const skipped = skips.length > 0 && !skipsForbidden ? `, ${skips.length} skipped` : "";
console.log(`\n${passed} passed, ${failed} failed${skipped}`);
process.exitCode = failed === 0 ? 0 : 1;
