import type { CopySource, CopyTarget } from "./end.ts";
import { type CopyTableName, copyTables } from "./tables.ts";

/** How far a copy has come. */
export interface CopyProgress {
  readonly table: CopyTableName;
  readonly rows: number;
  /** Of all tables, counted in the snapshot. */
  readonly total: number;
}

/** Rows of each table. */
export type TableCounts = Readonly<Record<CopyTableName, number>>;

export interface CopyAllOptions {
  readonly onProgress?: (progress: CopyProgress) => void;
  /** Stops between two chunks. */
  readonly signal?: AbortSignal;
}

/**
 * Copies everything that the source has in one snapshot. While a chunk is written the next is read.
 *
 * @returns how many rows of each table the target has, after it was asked.
 * @throws Error if that is not what was read; the signal's reason; StorageError of either end.
 */
export async function copyAll(
  source: CopySource,
  target: CopyTarget,
  { onProgress, signal }: CopyAllOptions = {},
): Promise<TableCounts> {
  await source.beginSnapshot();
  const read = {} as Record<CopyTableName, number>;
  try {
    const total = Object.values(await source.counts()).reduce((sum, rows) => sum + rows, 0);
    let rows = 0;
    for (const { name: table } of copyTables) {
      read[table] = 0;
      onProgress?.({ table, rows, total });
      let chunk = await source.chunk(table);
      for (;;) {
        signal?.throwIfAborted();
        const { next } = chunk;
        const [following] = await both(
          next === undefined ? Promise.resolve(undefined) : source.chunk(table, next),
          chunk.rows.length === 0 ? Promise.resolve() : target.insert(table, chunk.rows),
        );
        read[table] += chunk.rows.length;
        rows += chunk.rows.length;
        onProgress?.({ table, rows, total });
        if (following === undefined) break;
        chunk = following;
      }
    }
  } finally {
    await source.endSnapshot();
  }
  const written = await target.counts();
  for (const { name } of copyTables) {
    if (written[name] === read[name]) continue;
    throw new Error(`${read[name]} rows of ${name} were read, and ${written[name]} are there`);
  }
  return written;
}

/** Both, also where one fails: nothing is left under way behind it. */
async function both<A, B>(one: Promise<A>, other: Promise<B>): Promise<readonly [A, B]> {
  const [a, b] = await Promise.allSettled([one, other]);
  if (a.status === "rejected") throw a.reason;
  if (b.status === "rejected") throw b.reason;
  return [a.value, b.value];
}
