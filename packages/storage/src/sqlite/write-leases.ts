import type { Database } from "./database.ts";

/** SQLite's clock in milliseconds, which is the machine's. */
export const now = "CAST(unixepoch('subsec') * 1000 AS INTEGER)";

/** As `Leases.takeLease` promises. Of a clock that was put back by more than a life, a lease is over too. */
export function takeLease(
  database: Database,
  name: string,
  holder: string,
  lifeMs: number,
): boolean {
  const taken = database.run(
    `INSERT INTO leases (name, holder, taken_at, life_ms) VALUES (?, ?, ${now}, ?)
     ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, taken_at = excluded.taken_at, life_ms = excluded.life_ms
     WHERE holder = excluded.holder OR abs(excluded.taken_at - taken_at) >= life_ms`,
    name,
    holder,
    lifeMs,
  );
  return taken > 0;
}

/** As `Leases.giveBackLease` promises. */
export function giveBackLease(database: Database, name: string, holder: string): void {
  database.run("DELETE FROM leases WHERE name = ? AND holder = ?", name, holder);
}
