/** Numbers as they are read at one moment: plain data, so that they travel between processes and nodes as they are. */
import type { HistogramView } from "@parlance/core";
import type { MetricName } from "./table.ts";

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number | HistogramView;
}

/** By metric. What a server does not have is absent. */
export type Samples = Partial<Record<MetricName, readonly Sample[]>>;

/** A number without labels. */
export function one(value: number): readonly Sample[] {
  return [{ labels: {}, value }];
}

/** Numbers by the value of one label. */
export function by(
  label: string,
  values: Iterable<readonly [string, number | HistogramView]>,
): readonly Sample[] {
  return Array.from(values, ([name, value]) => ({ labels: { [label]: name }, value }));
}

/** A histogram of milliseconds in seconds. */
export function inSeconds({ bounds, counts, sum, count }: HistogramView): HistogramView {
  return {
    bounds: bounds.map((bound) => bound / 1_000),
    counts: [...counts],
    sum: sum / 1_000,
    count,
  };
}

/** The samples of several processes as those of one server, told apart by their label `worker`. */
export function joinSamples(parts: Iterable<readonly [worker: string, samples: Samples]>): Samples {
  const joined: Partial<Record<MetricName, Sample[]>> = {};
  for (const [worker, samples] of parts) {
    for (const [name, list] of Object.entries(samples) as [MetricName, readonly Sample[]][]) {
      const all = (joined[name] ??= []);
      for (const { labels, value } of list) all.push({ labels: { ...labels, worker }, value });
    }
  }
  return joined;
}

/** The sum of a metric over its labels; of a histogram, how many it counted. */
export function total(samples: Samples, name: MetricName): number {
  let sum = 0;
  for (const { value } of samples[name] ?? []) {
    sum += typeof value === "number" ? value : value.count;
  }
  return sum;
}
