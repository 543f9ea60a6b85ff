/**
 * What must be true of `docs/systems.md`: every promise of the five systems stands there once, and what is said to be
 * met is shown by tests that exist, that quote its id, and, where a report of a run is given, that passed in it.
 */
import { existsSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import ts from "typescript";

/** How many promises each system has: ids are `<system>-01` and on. */
export const systems: Readonly<Record<string, number>> = {
  CL: 21,
  MMB: 33,
  PE: 19,
  SC: 16,
  SIO: 15,
};

const states = ["met", "in part", "not yet"] as const;

/** One promise, as a row of the document tells it. */
export interface Row {
  readonly id: string;
  readonly asks: string;
  /** How it is met, or what is missing. */
  readonly here: string;
  readonly state: (typeof states)[number];
  /** Visible on a wire: only a test on a socket or in a browser shows it. */
  readonly isWire: boolean;
  /** Test files, from the root of the repository. */
  readonly files: readonly string[];
}

/** What became of one test in a run. `name` has the names of the groups around it in front. */
export interface Outcome {
  readonly name: string;
  readonly status: string;
}

/** What tests there are, and what became of them. Files are named from the root of the repository. */
export interface Evidence {
  /** Names of the tests and groups that a file has in its source; undefined if there is no such file. */
  namesIn(file: string): readonly string[] | undefined;
  /** What a run did, by file. Absent: no run is looked at. */
  readonly run?: ReadonlyMap<string, readonly Outcome[]>;
}

/** Rows, and what is wrong with the form of those that could not be read. */
export function readTable(document: string): {
  readonly rows: readonly Row[];
  readonly problems: readonly string[];
} {
  const rows: Row[] = [];
  const problems: string[] = [];
  for (const line of document.split("\n")) {
    const [, id] = /^\| *((?:CL|MMB|PE|SC|SIO)-\d+) *\|/.exec(line) ?? [];
    if (id === undefined) continue;
    const cells = line.split(/(?<!\\)\|/).map((cell) => cell.trim());
    const [, , asks = "", here = "", stated = "", shown = ""] = cells;
    const isWire = stated.endsWith(", wire");
    const state = states.find((known) => known === (isWire ? stated.slice(0, -6) : stated));
    if (cells.length !== 7)
      problems.push(`${id}: the row has ${cells.length - 2} cells instead of 5`);
    else if (state === undefined) problems.push(`${id}: "${stated}" is no state`);
    const files = [...shown.matchAll(/`([^`]+)`/g)].map(([, file = ""]) => file);
    rows.push({ id, asks, here, state: state ?? "not yet", isWire, files });
  }
  return { rows, problems };
}

/** Every line tells one thing that is wrong; none if all is as it should be. */
export function problemsOf(document: string, evidence: Evidence): readonly string[] {
  const { rows, problems } = readTable(document);
  return [
    ...problems,
    ...idProblems(rows.map(({ id }) => id)),
    ...rows.flatMap((row) => rowProblems(row, evidence)),
  ];
}

function idProblems(ids: readonly string[]): readonly string[] {
  const known = Object.entries(systems).flatMap(([system, count]) =>
    Array.from({ length: count }, (_, n) => `${system}-${String(n + 1).padStart(2, "0")}`),
  );
  const doubled = new Set(ids.filter((id, index) => ids.indexOf(id) !== index));
  return [
    ...known.filter((id) => !ids.includes(id)).map((id) => `${id}: no row`),
    ...ids.filter((id) => !known.includes(id)).map((id) => `${id}: there is no such promise`),
    ...[...doubled].map((id) => `${id}: more than one row`),
  ];
}

function rowProblems(row: Row, evidence: Evidence): readonly string[] {
  const { id, asks, here, state, isWire, files } = row;
  const problems: string[] = [];
  if (asks === "" || here === "")
    problems.push(`${id}: what it asks, or how that is met, is not said`);
  if (state === "not yet") {
    if (files.length > 0) problems.push(`${id}: not yet, and still names tests`);
    return problems;
  }
  if (files.length === 0) problems.push(`${id}: ${state}, and no test file is named`);
  for (const file of files) {
    const problem = fileProblem(id, file, evidence);
    if (problem !== undefined) problems.push(`${id}: ${problem}`);
  }
  if (isWire && files.length > 0 && !files.some(isOnWire)) {
    problems.push(`${id}: visible on a wire, and no test on a socket or in a browser is named`);
  }
  return problems;
}

/** Conformance tests, whole-system tests and those of the composed server have real sockets; others need not. */
function isOnWire(file: string): boolean {
  return (
    /^packages\/[^/]+\/src\/(.+\/)?conformance\.test\.ts$/.test(file) ||
    /^packages\/server\/src\/[^/]+\.test\.ts$/.test(file) ||
    (file.startsWith("test/") && !file.startsWith("test/docs/"))
  );
}

function fileProblem(id: string, file: string, { namesIn, run }: Evidence): string | undefined {
  const quotes = (name: string): boolean => name.includes(`[${id}]`);
  const names = namesIn(file);
  if (names === undefined) return `${file} does not exist`;
  if (!names.some(quotes)) return `no test of ${file} is named [${id}]`;
  if (run === undefined) return undefined;
  const outcomes = (run.get(file) ?? []).filter(({ name }) => quotes(name));
  if (outcomes.length === 0) return `${file} did not run a test named [${id}]`;
  const bad = outcomes.find(({ status }) => status !== "passed");
  if (bad === undefined) return undefined;
  return `${file} > ${bad.name} ${bad.status === "failed" ? "failed" : "was skipped"}`;
}

/** Texts that name a test or a group: the first argument of a call that gets a function later on. */
export function testNames(source: string): readonly string[] {
  const names: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) {
      const [first, ...others] = node.arguments;
      const isCalledWithWork = others.some(
        (argument) => ts.isArrowFunction(argument) || ts.isFunctionExpression(argument),
      );
      if (first !== undefined && isCalledWithWork) {
        if (ts.isStringLiteralLike(first)) names.push(first.text);
        else if (ts.isTemplateExpression(first)) names.push(first.getText());
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile("test.ts", source, ts.ScriptTarget.ES2024, true));
  return names;
}

/** The tests of a repository, and those of a run by vitest's JSON report where one is given. */
export function evidenceOf(root: string, report?: string): Evidence {
  const known = new Map<string, readonly string[] | undefined>();
  const read = (file: string): readonly string[] | undefined => {
    const path = join(root, file);
    return existsSync(path) ? testNames(readFileSync(path, "utf8")) : undefined;
  };
  return {
    namesIn(file) {
      if (!known.has(file)) known.set(file, read(file));
      return known.get(file);
    },
    ...(report === undefined ? {} : { run: readReport(root, report) }),
  };
}

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

function readReport(root: string, path: string): ReadonlyMap<string, readonly Outcome[]> {
  const { testResults } = JSON.parse(readFileSync(path, "utf8")) as Report;
  return new Map(
    testResults.map(({ name, assertionResults }) => [
      relative(root, name),
      assertionResults.map(({ fullName, status }) => ({ name: fullName, status })),
    ]),
  );
}
