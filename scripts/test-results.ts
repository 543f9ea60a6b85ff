/**
 * What a run of vitest leaves while it goes, for whoever watches it: the files that it means to run, the results of each file as
 * soon as it has ended, and who runs which file now. A run that is cut off in its middle has told what it knew.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Reporter, TestCase, TestModule, TestSpecification } from "vitest/node";

/** One file's results, as vitest's own JSON report has them. `message` is the error of a file that failed as a whole. */
export interface FileResult {
  readonly name: string;
  readonly status: string;
  readonly message?: string;
  readonly assertionResults: readonly {
    readonly fullName: string;
    readonly status: string;
    readonly failureMessages: readonly string[];
  }[];
}

/** The part of vitest's JSON report that counts. */
export interface Report {
  readonly testResults: readonly FileResult[];
}

/** A run as far as it came. */
export interface Run extends Report {
  /** Absolute paths of all files that were to be run. */
  readonly planned: readonly string[];
}

type Line = { readonly planned: readonly string[] } | FileResult;

/** Environment variable that names the folder of these notes; absent: nothing is left. */
export const resultsVariable = "PARLANCE_TEST_RESULTS";

/** Folder of one file for each process that runs a test file: named by its id, with the path in it. */
export function runningFolder(folder: string): string {
  return join(folder, "running");
}

/** An earlier run's notes are gone before one begins: nobody takes one for the other. */
export function clearNotes(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(runningFolder(folder), { recursive: true });
}

/** What was noted so far. */
export function readNotes(folder: string): Run {
  const file = notesFile(folder);
  const text = existsSync(file) ? readFileSync(file, "utf8") : "";
  // Who is killed while it writes leaves half a line.
  const lines = text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Line);
  return {
    planned: lines.flatMap((line) => ("planned" in line ? line.planned : [])),
    testResults: lines.flatMap((line) => ("planned" in line ? [] : [line])),
  };
}

/** Notes what a run does; beside the reporter that people read. */
export class NotingReporter implements Reporter {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  onTestRunStart(specifications: readonly TestSpecification[]): void {
    this.#note({ planned: specifications.map(({ moduleId }) => moduleId) });
  }

  onTestModuleEnd(module: TestModule): void {
    const errors = module.errors().map(({ stack, message }) => stack ?? message);
    this.#note({
      name: module.moduleId,
      status: module.ok() ? "passed" : "failed",
      ...(errors.length === 0 ? {} : { message: errors.join("\n") }),
      assertionResults: [...module.children.allTests()].map((test) => {
        const { state, errors: reasons } = test.result();
        return {
          fullName: fullName(test),
          status: state,
          failureMessages: (reasons ?? []).map(({ stack, message }) => stack ?? message),
        };
      }),
    });
  }

  #note(line: Line): void {
    appendFileSync(notesFile(this.#folder), `${JSON.stringify(line)}\n`);
  }
}

/** Suites and test, with a blank between, as the table of the five systems quotes them. */
function fullName(test: TestCase): string {
  const names = [test.name];
  for (let above = test.parent; above.type === "suite"; above = above.parent) {
    names.unshift(above.name);
  }
  return names.join(" ");
}

function notesFile(folder: string): string {
  return join(folder, "notes.jsonl");
}
