/** How often something took how long: counts by upper bound, in one small array. */
export interface HistogramView {
  /** Upper bounds, ascending; what is above the last is counted in `count` only. */
  readonly bounds: readonly number[];
  /** How many were at most the bound with the same index, and above the one before. */
  readonly counts: readonly number[];
  readonly sum: number;
  readonly count: number;
}

/** Milliseconds, from what a local disk needs to what people give up on. */
export const durationBoundsMs: readonly number[] = [
  1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 10_000,
];

/** Counts values by bounds. Observing costs a few comparisons and no memory. */
export class Histogram implements HistogramView {
  readonly bounds: readonly number[];
  readonly counts: number[];
  sum = 0;
  count = 0;

  constructor(bounds: readonly number[] = durationBoundsMs) {
    this.bounds = bounds;
    this.counts = bounds.map(() => 0);
  }

  observe(value: number): void {
    this.sum += value;
    this.count += 1;
    const { bounds, counts } = this;
    for (let index = 0; index < bounds.length; index += 1) {
      if (value <= (bounds[index] as number)) {
        (counts[index] as number) += 1;
        return;
      }
    }
  }
}
