/** Who may do what only one node at a time may. */
import type { Leases } from "@parlance/core";
import type { Write } from "./access.ts";
import type { Session } from "./session.ts";
import { leaseColumns } from "./tables.ts";

/** @param now SQL of the database's own clock in milliseconds. */
export function createLeases(write: Write, now: string): Leases {
  /* Of a clock that was put back by more than a life, a lease is over too: else nobody could take it until the clock is there
   * again. */
  const takeFree = (session: Session, name: string, holder: string, lifeMs: number) =>
    session.run(
      `UPDATE {leases} SET holder = ?, taken_at = ${now}, life_ms = ?
       WHERE name = ? AND (holder = ? OR abs(${now} - taken_at) >= life_ms)`,
      holder,
      lifeMs,
      name,
      holder,
    );

  return {
    takeLease: (name, holder, lifeMs) =>
      write(async (session) => {
        if ((await takeFree(session, name, holder, lifeMs)) > 0) return true;
        // The first time that somebody asks for it, one of those who do makes the row, free at first.
        const free = { table: "leases", columns: leaseColumns, rows: [[name, "", 0, 0]] } as const;
        if ((await session.insertNew(free)) === 0) return false;
        return (await takeFree(session, name, holder, lifeMs)) > 0;
      }),

    giveBackLease: (name, holder) =>
      write(async (session) => {
        await session.run("DELETE FROM {leases} WHERE name = ? AND holder = ?", name, holder);
      }),
  } satisfies Leases;
}
