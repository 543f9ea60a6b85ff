/**
 * Work in SQL that all engines understand, written once: a generator gives one statement after the other and gets its answer, and does
 * not know whether somebody waits for it. SQLite's thread runs it at once, the others over a connection.
 */

import type { Directory } from "@parlance/core";

export type StatementCell = string | number | null;
/** A parameter: a value, or a list for `IN (?*)`, which must not be empty. */
export type StatementValue = StatementCell | readonly string[];

/** One statement. `{events}` stands for the table with the install's prefix. */
export interface Statement {
  readonly kind: "all" | "run";
  readonly sql: string;
  readonly values: readonly StatementValue[];
}

/** Work that answers with an `R`. Inside it the answer of each statement is what `all` and `run` say. */
export type Steps<R> = Generator<Statement, R, unknown>;

/** Methods of the directory as work. */
export type DirectorySteps<N extends keyof Directory> = {
  readonly [M in N]: (
    ...args: Parameters<Directory[M]>
  ) => Steps<Awaited<ReturnType<Directory[M]>>>;
};

/** Rows. `R` is the caller's word for the columns that it selected. */
export function* all<R>(sql: string, ...values: StatementValue[]): Steps<R[]> {
  return (yield { kind: "all", sql, values }) as R[];
}

/** The first row. */
export function* first<R>(sql: string, ...values: StatementValue[]): Steps<R | undefined> {
  const [row] = yield* all<R>(sql, ...values);
  return row;
}

/** @returns how many rows were changed. */
export function* run(sql: string, ...values: StatementValue[]): Steps<number> {
  return (yield { kind: "run", sql, values }) as number;
}

/** Runs work where answers are there at once. */
export function runAtOnce<R>(steps: Steps<R>, answer: (statement: Statement) => unknown): R {
  let next = steps.next();
  while (next.done !== true) next = steps.next(answer(next.value));
  return next.value;
}

/** Runs work where answers are waited for. What an answer throws ends it. */
export async function runStepwise<R>(
  steps: Steps<R>,
  answer: (statement: Statement) => Promise<unknown>,
): Promise<R> {
  let next = steps.next();
  while (next.done !== true) next = steps.next(await answer(next.value));
  return next.value;
}
