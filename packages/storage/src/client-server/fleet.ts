/** Which nodes live. */
import type { Fleet, LivingNode } from "@parlance/core";
import type { Reads, Write } from "./access.ts";
import { nodeColumns } from "./tables.ts";

/** @param now SQL of the database's own clock in milliseconds. */
export function createFleet(reads: Reads, write: Write, now: string): Fleet {
  return {
    beat: ({ id, url, host, version, connections }, lifeMs) =>
      write(async (session) => {
        const changed = await session.run(
          `UPDATE {nodes} SET url = ?, connections = ?, heard_at = ${now}, life_ms = ? WHERE id = ?`,
          url,
          connections,
          lifeMs,
          id,
        );
        if (changed > 0) return;
        const at = await session.get<{ now: number }>(`SELECT ${now} AS now`);
        const row = [id, url, host, version, connections, at?.now ?? 0, at?.now ?? 0, lifeMs];
        await session.insertNew({ table: "nodes", columns: nodeColumns, rows: [row] });
        // Whoever comes takes those away that died.
        await session.run(`DELETE FROM {nodes} WHERE heard_at + life_ms < ${now}`);
      }),

    leave: (id) =>
      write(async (session) => {
        await session.run("DELETE FROM {nodes} WHERE id = ?", id);
      }),

    nodes: () =>
      reads.each((session) =>
        session.all<LivingNode>(
          `SELECT id, url, host, version, connections, started_at AS "startedAt", ${now} - heard_at AS "heardMs"
           FROM {nodes} WHERE heard_at + life_ms >= ${now} ORDER BY started_at, id`,
        ),
      ),
  };
}
