import type { ControlFact } from "@parlance/core";
import type { Database } from "./database.ts";

/** A fact as the writer has it: its ids come from columns. */
type Plain<F> = F extends unknown
  ? { readonly [K in keyof F]: F[K] extends string | undefined ? F[K] | string : F[K] }
  : never;

/** Adds an entry to the control log. Its sequences have no holes: entries are only removed from the start. */
export function writeControl(database: Database, fact: Plain<ControlFact>, time: number): void {
  database.run("INSERT INTO control_log (time, fact) VALUES (?, ?)", time, JSON.stringify(fact));
}
