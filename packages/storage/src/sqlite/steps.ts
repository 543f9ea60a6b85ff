/** Runs work that is written for all engines on a connection of this one. */
import type { Directory } from "@parlance/core";
import { runAtOnce, type Statement, type Steps } from "../sql/statements.ts";
import type { Database } from "./database.ts";

/** Methods of the directory that are done when they return. */
export type AtOnce<N extends keyof Directory> = {
  readonly [M in N]: (...args: Parameters<Directory[M]>) => Awaited<ReturnType<Directory[M]>>;
};

/** Answers one statement. Lists travel as JSON, so that one text stands for all lengths. */
function answer(database: Database, { kind, sql, values }: Statement): unknown {
  const text = sql
    .replace(/\{(\w+)\}/g, "$1")
    // The one column that has another name here.
    .replaceAll(/\buser_id\b/g, "user")
    .replaceAll("IN (?*)", "IN (SELECT value FROM json_each(?))");
  const cells = values.map((value) =>
    typeof value === "object" && value !== null ? JSON.stringify(value) : value,
  );
  return kind === "all" ? database.all(text, ...cells) : database.run(text, ...cells);
}

/** Does the work and gives what it answers. */
export function perform<R>(database: Database, steps: Steps<R>): R {
  return runAtOnce(steps, (statement) => answer(database, statement));
}

/** The same names and arguments as `work`: what each gives is run to its end. */
export function atOnce<W extends object>(database: Database, work: object): W {
  const methods = Object.entries(work as Record<string, (...args: unknown[]) => Steps<unknown>>);
  return Object.fromEntries(
    methods.map(([name, steps]) => [
      name,
      (...args: unknown[]) => perform(database, steps(...args)),
    ]),
  ) as W;
}
