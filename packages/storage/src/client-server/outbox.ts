/** The table that applications fill, in transactions of their own. */
import type { Outbox } from "@parlance/core";
import type { Reads, Write } from "./access.ts";

interface WaitingRow {
  readonly number: number;
  readonly key: string;
  readonly service: string | null;
  readonly publication: string;
}

/** One row by its primary key and nothing else: what looked further would wait for rows of transactions under way. */
const place = "number = ? AND idempotency_key = ?";

/** @param now SQL of the database's own clock in milliseconds. */
export function createOutbox(reads: Reads, write: Write, now: string): Outbox {
  return {
    waiting: async ({ rows, bytes }) => {
      const found = await reads.each((session) =>
        session.all<WaitingRow>(
          `SELECT number, idempotency_key AS "key", service, left(publication, ?) AS publication
           FROM {outbox} WHERE refused_at IS NULL ORDER BY number LIMIT ?`,
          bytes + 1,
          rows,
        ),
      );
      return found.map(({ service, ...row }) => (service === null ? row : { ...row, service }));
    },

    done: async (rows) => {
      if (rows.length === 0) return;
      await write((session) =>
        Promise.all(
          rows.map(({ number, key }) =>
            session.run(`DELETE FROM {outbox} WHERE ${place}`, number, key),
          ),
        ),
      );
    },

    refuse: ({ number, key }, reason) =>
      write(async (session) => {
        await session.run(
          `UPDATE {outbox} SET refused_at = ${now}, reason = ? WHERE ${place}`,
          reason,
          number,
          key,
        );
      }),
  } satisfies Outbox;
}
