/** Which characters of which client were deleted: disjoint ranges in order, `[from, to)`. */
export class Ranges {
  readonly #byClient = new Map<number, number[]>();

  has(client: number, clock: number, length: number): boolean {
    const ranges = this.#byClient.get(client);
    if (ranges === undefined) return false;
    const at = before(ranges, clock);
    return at >= 0 && (ranges[at + 1] ?? 0) >= clock + length;
  }

  add(client: number, clock: number, length: number): void {
    let from = clock;
    let to = clock + length;
    const ranges = this.#byClient.get(client);
    if (ranges === undefined) {
      this.#byClient.set(client, [from, to]);
      return;
    }
    let first = before(ranges, from);
    if (first >= 0 && (ranges[first + 1] ?? 0) >= from) from = ranges[first] ?? from;
    else first += 2;
    let last = first;
    while (last < ranges.length && (ranges[last] ?? 0) <= to) {
      to = Math.max(to, ranges[last + 1] ?? 0);
      last += 2;
    }
    ranges.splice(first, last - first, from, to);
  }
}

/** Place of the last range that begins at or before the clock; -2 if there is none. */
function before(ranges: readonly number[], clock: number): number {
  let low = 0;
  let high = ranges.length / 2;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ranges[2 * middle] ?? 0) <= clock) low = middle + 1;
    else high = middle;
  }
  return 2 * (low - 1);
}
