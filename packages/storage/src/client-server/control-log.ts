import type { ControlEntry, ControlFact } from "@parlance/core";
import type { Sequence } from "@parlance/protocol";
import type { Session } from "./session.ts";

/** A fact as the writer has it: its ids come from columns. */
type Plain<F> = F extends unknown
  ? { readonly [K in keyof F]: F[K] extends string | undefined ? F[K] | string : F[K] }
  : never;

/** Entries of one page. */
const pageEntries = 1_000;

/**
 * Adds an entry to the control log. Its sequences have no holes and are in the order of the commits: the counter's row stays
 * locked until then. The last lock that a transaction takes.
 */
export async function writeControl(
  session: Session,
  fact: Plain<ControlFact>,
  time: number,
): Promise<void> {
  await session.run("UPDATE {counters} SET value = value + 1 WHERE name = 'control'");
  await session.run(
    `INSERT INTO {control_log} (sequence, time, fact)
     SELECT value, ?, ? FROM {counters} WHERE name = 'control'`,
    time,
    JSON.stringify(fact),
  );
}

/** Entries after a place, ascending. */
export async function readControl(session: Session, after: Sequence): Promise<ControlEntry[]> {
  const rows = await session.all<{ sequence: number; time: number; fact: string }>(
    "SELECT sequence, time, fact FROM {control_log} WHERE sequence > ? ORDER BY sequence LIMIT ?",
    after,
    pageEntries,
  );
  return rows.map(({ sequence, time, fact }) => ({
    sequence,
    time,
    fact: JSON.parse(fact) as ControlFact,
  }));
}

/** The log's last sequence; 0 if nothing was ever in it. */
export async function readControlHead(session: Session): Promise<Sequence> {
  const row = await session.get<{ value: number }>(
    "SELECT value FROM {counters} WHERE name = 'control'",
  );
  return row?.value ?? 0;
}
