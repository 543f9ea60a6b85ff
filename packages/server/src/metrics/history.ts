/** The last hour of a node, a point for each ten seconds: what the charts of `/admin` show. Made of the metrics, so that they agree. */
import type { HistogramView } from "@parlance/core";
import { type Samples, total } from "./samples.ts";
import type { MetricName } from "./table.ts";

/** An hour, by windows of the event loop of ten seconds. */
const maxPoints = 360;

/** Numbers by name; `at` is in milliseconds since 1970, rates are by second, times in milliseconds, memory in bytes. */
export type Point = Readonly<Record<string, number>>;

export interface History {
  readonly points: readonly Point[];
  add(now: number, samples: Samples): void;
}

const counters: Readonly<Record<string, MetricName>> = {
  commands_per_s: "parlance_commands_total",
  committed_per_s: "parlance_committed_events_total",
  deliveries_per_s: "parlance_deliveries_total",
  sent_bytes_per_s: "parlance_sent_bytes_total",
  errors_per_s: "parlance_errors_total",
};
const latencies: Readonly<Record<string, MetricName>> = {
  acknowledgement_ms: "parlance_acknowledgement_duration_seconds",
  command_ms: "parlance_command_duration_seconds",
  database_ms: "parlance_database_duration_seconds",
};

/** Empty at first; the first look has no rates yet and makes no point. */
export function createHistory(): History {
  const points: Point[] = [];
  let before: { readonly now: number; readonly samples: Samples } | undefined;
  return {
    points,
    add(now, samples) {
      const last = before;
      before = { now, samples };
      if (last === undefined || now <= last.now) return;
      const seconds = (now - last.now) / 1_000;
      const point: Record<string, number> = { at: now, ...gaugesOf(samples) };
      for (const [name, metric] of Object.entries(counters)) {
        const grown = total(samples, metric) - total(last.samples, metric);
        point[name] = rounded(Math.max(0, grown) / seconds);
      }
      for (const [name, metric] of Object.entries(latencies)) {
        const seen = quantile(grownBy(samples, last.samples, metric), 0.99);
        // Nothing happened: there is no time that it took.
        if (seen !== undefined) point[name] = rounded(seen * 1_000);
      }
      points.push(point);
      if (points.length > maxPoints) points.shift();
    },
  };
}

/** What is so at one moment. */
export function gaugesOf(samples: Samples): Record<string, number> {
  const loop = samples.parlance_event_loop_delay_seconds?.find(
    ({ labels }) => labels["quantile"] === "0.99",
  );
  return {
    connections: total(samples, "parlance_connections"),
    rooms: total(samples, "parlance_rooms"),
    subscriptions: total(samples, "parlance_subscriptions"),
    present: total(samples, "parlance_present"),
    lagging: total(samples, "parlance_lagging_connections"),
    outbox_bytes: total(samples, "parlance_outbox_bytes"),
    memory_bytes: total(samples, "process_resident_memory_bytes"),
    event_loop_ms: typeof loop?.value === "number" ? rounded(loop.value * 1_000) : 0,
    busy: rounded(total(samples, "parlance_event_loop_utilization_ratio")),
    database_up: total(samples, "parlance_database_up"),
    broker_connected: total(samples, "parlance_broker_connected"),
    spool_files: total(samples, "parlance_spool_files"),
  };
}

/** The growth of a histogram, over all its labels. Undefined without any. */
function grownBy(now: Samples, before: Samples, metric: MetricName): HistogramView | undefined {
  const [latest, earlier] = [sumOf(now, metric), sumOf(before, metric)];
  if (latest === undefined || earlier === undefined) return latest;
  return {
    bounds: latest.bounds,
    counts: latest.counts.map((count, index) => count - (earlier.counts[index] ?? 0)),
    sum: latest.sum - earlier.sum,
    count: latest.count - earlier.count,
  };
}

function sumOf(samples: Samples, metric: MetricName): HistogramView | undefined {
  const views = (samples[metric] ?? []).flatMap(({ value }) =>
    typeof value === "number" ? [] : [value],
  );
  const [first] = views;
  if (first === undefined) return undefined;
  return {
    bounds: first.bounds,
    counts: first.counts.map((_, index) =>
      views.reduce((sum, { counts }) => sum + (counts[index] ?? 0), 0),
    ),
    sum: views.reduce((sum, view) => sum + view.sum, 0),
    count: views.reduce((sum, view) => sum + view.count, 0),
  };
}

/** As Prometheus' `histogram_quantile`: in between two bounds, in proportion. */
export function quantile(view: HistogramView | undefined, share: number): number | undefined {
  if (view === undefined || view.count <= 0) return undefined;
  const wanted = share * view.count;
  let below = 0;
  let lower = 0;
  for (const [index, bound] of view.bounds.entries()) {
    const here = view.counts[index] ?? 0;
    if (below + here >= wanted) {
      return here === 0 ? bound : lower + ((bound - lower) * (wanted - below)) / here;
    }
    below += here;
    lower = bound;
  }
  return lower;
}

function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
