/** Places that are looked at together: four rounds find one among a million. */
const probesAtOnce = 31;

/**
 * Finds the first event of a time or later in a log whose times grow with the sequence. Yields sequences to be looked at,
 * and is told the times of the events there.
 *
 * @param floor What the log begins after.
 * @param head Its last sequence.
 * @param time Milliseconds since 1970.
 * @returns a sequence; `head + 1` if all are earlier.
 */
export function* findTime(
  floor: number,
  head: number,
  time: number,
): Generator<readonly number[], number, ReadonlyMap<number, number>> {
  let low = floor;
  let high = head + 1;
  while (high - low > 1) {
    const count = Math.min(probesAtOnce, high - low - 1);
    const step = (high - low) / (count + 1);
    const probes = Array.from({ length: count }, (_, n) => low + Math.round((n + 1) * step));
    const times = yield probes;
    const isEarlier = (probe: number): boolean =>
      (times.get(probe) ?? Number.NEGATIVE_INFINITY) < time;
    const firstLate = probes.findIndex((probe) => !isEarlier(probe));
    low = (firstLate < 0 ? probes.at(-1) : probes[firstLate - 1]) ?? low;
    high = (firstLate < 0 ? undefined : probes[firstLate]) ?? high;
  }
  return high;
}
