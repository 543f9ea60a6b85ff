import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type Evidence,
  type Outcome,
  problemsOf,
  systems,
  testNames,
} from "../../scripts/systems-table.ts";

const onSocket = "packages/dialects/src/mmb/conformance.test.ts";
const inBrowser = "test/e2e/story.test.ts";
const unit = "packages/publisher/src/token.test.ts";

const ids = Object.entries(systems).flatMap(([system, count]) =>
  Array.from({ length: count }, (_, n) => `${system}-${String(n + 1).padStart(2, "0")}`),
);

/** A whole table; `changed` has other rows for some ids, or none where it says so. */
function table(changed: Readonly<Record<string, string | undefined>> = {}): string {
  const rows = ids.map((id) =>
    id in changed ? changed[id] : `| ${id} | asks | missing so far | not yet | |`,
  );
  return rows.filter((row) => row !== undefined).join("\n");
}

/** MMB-03 is shown on a socket and in a browser, MMB-08 by a unit test only. */
function evidence(outcomes?: Readonly<Record<string, readonly Outcome[]>>): Evidence {
  const tests: Readonly<Record<string, readonly string[]>> = {
    [onSocket]: ["[MMB-03] [MMB-04] people chat"],
    [inBrowser]: ["pages", "[MMB-03] a page talks"],
    [unit]: ["[MMB-08] makes a token"],
  };
  return {
    namesIn: (file) => tests[file],
    ...(outcomes === undefined ? {} : { run: new Map(Object.entries(outcomes)) }),
  };
}

const met = `| MMB-03 | frames | \`/mmb\` | met, wire | \`${onSocket}\`, \`${inBrowser}\` |`;

describe("a table of the systems", () => {
  test("with a row for each promise, and tests for what is met, is in order", () => {
    expect(ids).toHaveLength(104);
    expect(problemsOf(table({ "MMB-03": met }), evidence())).toEqual([]);
    const inPart = `| MMB-08 | tokens | in Node, not in PHP | in part | \`${unit}\` |`;
    expect(problemsOf(table({ "MMB-08": inPart }), evidence())).toEqual([]);
  });

  test.each([
    ["a missing row", { "SC-16": undefined }, "SC-16: no row"],
    ["a doubled row", { "MMB-03": `${met}\n${met}` }, "MMB-03: more than one row"],
    [
      "a row for a promise that nobody made",
      { "SC-16": "| SC-16 | a | b | not yet | |\n| SC-17 | a | b | not yet | |" },
      "SC-17: there is no such promise",
    ],
    [
      "a state that is none",
      { "CL-01": "| CL-01 | a | b | done | |" },
      'CL-01: "done" is no state',
    ],
    [
      "a row of another form",
      { "CL-01": "| CL-01 | a | b | not yet |" },
      "CL-01: the row has 4 cells instead of 5",
    ],
    [
      "nothing said",
      { "CL-01": "| CL-01 | a | | not yet | |" },
      "CL-01: what it asks, or how that is met, is not said",
    ],
    ["no test", { "CL-01": "| CL-01 | a | b | met | |" }, "CL-01: met, and no test file is named"],
    [
      "no test for a part",
      { "CL-01": "| CL-01 | a | b | in part, wire | soon |" },
      "CL-01: in part, and no test file is named",
    ],
    [
      "a test that is not there",
      { "CL-01": "| CL-01 | a | b | met | `test/gone.test.ts` |" },
      "CL-01: test/gone.test.ts does not exist",
    ],
    [
      "a test of something else",
      { "MMB-05": `| MMB-05 | a | b | met | \`${onSocket}\` |` },
      `MMB-05: no test of ${onSocket} is named [MMB-05]`,
    ],
    [
      "one good test and one of something else",
      { "MMB-04": `| MMB-04 | a | b | met | \`${onSocket}\`, \`${inBrowser}\` |` },
      `MMB-04: no test of ${inBrowser} is named [MMB-04]`,
    ],
    [
      "a wire shown by a unit test",
      { "MMB-08": `| MMB-08 | a | b | met, wire | \`${unit}\` |` },
      "MMB-08: visible on a wire, and no test on a socket or in a browser is named",
    ],
    [
      "tests for what is not there",
      { "MMB-03": `| MMB-03 | a | b | not yet | \`${onSocket}\` |` },
      "MMB-03: not yet, and still names tests",
    ],
  ])("with %s is refused in one line", (_, changed, line) => {
    expect(problemsOf(table(changed), evidence())).toEqual([line]);
  });
});

describe("the report of a run", () => {
  const passed: Outcome = { name: "[MMB-03] [MMB-04] people chat", status: "passed" };
  const story = (status: string): Outcome => ({ name: "pages [MMB-03] a page talks", status });
  const judge = (run: Readonly<Record<string, readonly Outcome[]>>): readonly string[] =>
    problemsOf(table({ "MMB-03": met }), evidence(run));

  test("in which all of them passed is in order", () => {
    expect(judge({ [onSocket]: [passed], [inBrowser]: [story("passed")] })).toEqual([]);
  });

  test.each([
    [
      "failed",
      { [onSocket]: [passed], [inBrowser]: [story("failed")] },
      `${inBrowser} > pages [MMB-03] a page talks failed`,
    ],
    [
      "was skipped",
      { [onSocket]: [passed], [inBrowser]: [story("passed"), story("skipped")] },
      `${inBrowser} > pages [MMB-03] a page talks was skipped`,
    ],
    [
      "is absent",
      { [onSocket]: [passed], [inBrowser]: [{ name: "another", status: "passed" }] },
      `${inBrowser} did not run a test named [MMB-03]`,
    ],
    [
      "is in a file that did not run",
      { [inBrowser]: [story("passed")] },
      `${onSocket} did not run a test named [MMB-03]`,
    ],
  ])("in which a test %s is refused", (_, run, line) => {
    expect(judge(run)).toEqual([`MMB-03: ${line}`]);
  });
});

test("names of tests are found whatever makes the test, and comments are none", () => {
  const source = `
    // test("[CL-01] in a comment", () => {});
    const title = "[CL-02] in a constant";
    describe("[CL-03] a group", () => {
      test("[CL-04] plain", async () => {});
      test("[CL-05] with options", { timeout: 1 }, function () {});
      requires("chromium")("[CL-06] in a browser", () => {});
      test.each([["[CL-07] a value"]])("[CL-08] %s", (value) => {});
      test(\`[CL-09] \${title}\`, () => {});
      expect("[CL-10]").toBe("[CL-10]");
    });`;
  const found = testNames(source).flatMap((name) => /\[(CL-\d\d)\]/.exec(name)?.[1] ?? []);
  expect(found).toEqual(["CL-03", "CL-04", "CL-05", "CL-06", "CL-08", "CL-09"]);
});

describe("the command", () => {
  const script = resolve(import.meta.dirname, "../../scripts/systems.ts");
  let root: string;

  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), "parlance-systems-"));
    write("docs/systems.md", table({ "MMB-03": met }));
    write(onSocket, 'test("[MMB-03] people chat", () => {});');
    write(inBrowser, 'test("[MMB-03] a page talks", () => {});');
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  function write(file: string, text: string): void {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  }

  function run(...args: readonly string[]): { readonly code: number | null; readonly out: string } {
    const { status, stdout } = spawnSync(process.execPath, [script, "--root", root, ...args], {
      encoding: "utf8",
    });
    return { code: status, out: stdout };
  }

  test("reads the document, the tests and vitest's report, and ends with 0 or 1", () => {
    const summary = "systems: 104 promises, 1 met, 0 in part, 103 not yet";
    expect(run()).toEqual({ code: 0, out: `${summary}, 0 problems\n` });

    const report = join(root, "report.json");
    expect(run("--report", report)).toMatchObject({
      code: 1,
      out: expect.stringContaining(`there is no report ${report}`) as unknown,
    });

    const result = (file: string, fullName: string, status: string): object => ({
      name: join(root, file),
      assertionResults: [{ fullName, status }],
    });
    const testResults = [result(onSocket, "[MMB-03] people chat", "passed")];
    writeFileSync(report, JSON.stringify({ testResults }));
    expect(run("--report", report)).toEqual({
      code: 1,
      out: `MMB-03: ${inBrowser} did not run a test named [MMB-03]\n${summary}, 1 problems\n`,
    });
    testResults.push(result(inBrowser, "[MMB-03] a page talks", "passed"));
    writeFileSync(report, JSON.stringify({ testResults }));
    expect(run("--report", report).code).toBe(0);
  });
});
