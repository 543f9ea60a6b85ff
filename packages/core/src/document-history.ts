import type { Sequence } from "@parlance/protocol";
import type { DocumentStateRecord } from "./ports/index.ts";

/** States without a name that a document keeps, and what they may have together. */
export const keptStates = { count: 100, bytes: 67_108_864 } as const;

/**
 * Which states a document's history gives up, so that it stays within its bounds: always the one whose neighbours are closest
 * together for its age. So a document has many states of today, some of last month, few of last year.
 *
 * @param records Newest first. The newest and those with a name stay.
 */
export function statesToDrop(
  records: readonly DocumentStateRecord[],
  now: number,
  kept: { readonly count: number; readonly bytes: number } = keptStates,
): Sequence[] {
  const [newest, ...older] = records.filter(({ named }) => named === undefined);
  const dropped: Sequence[] = [];
  let bytes = older.reduce((sum, record) => sum + record.bytes, newest?.bytes ?? 0);
  while (older.length > 0 && (older.length >= kept.count || bytes > kept.bytes)) {
    let least = 0;
    let leastWorth = Number.POSITIVE_INFINITY;
    for (const [place, record] of older.entries()) {
      const after = older[place - 1] ?? newest ?? record;
      const before = older[place + 1];
      // The oldest one is where the history begins, and goes last.
      const gap = before === undefined ? Number.POSITIVE_INFINITY : after.time - before.time;
      const worth = gap / Math.max(1, now - record.time);
      if (worth <= leastWorth) [least, leastWorth] = [place, worth];
    }
    const [gone] = older.splice(least, 1);
    if (gone === undefined) break;
    bytes -= gone.bytes;
    dropped.push(gone.sequence);
  }
  return dropped;
}
