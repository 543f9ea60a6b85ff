import { add, Histogram, StorageError } from "@parlance/core";
import type { WatchCalls } from "@parlance/storage/copy";
import { by, inSeconds, type Sample, type Samples } from "./samples.ts";

/** Counts what the database was asked, and how long it took. */
export interface DatabaseWatch {
  readonly watchCalls: WatchCalls;
  samples(): Samples;
}

/** Operations are the methods of the ports, so they are few. */
export function watchDatabase(): DatabaseWatch {
  const durations = new Map<string, Histogram>();
  const errors = new Map<string, number>();
  return {
    watchCalls(operation, tookMs, error) {
      let histogram = durations.get(operation);
      if (histogram === undefined) {
        histogram = new Histogram();
        durations.set(operation, histogram);
      }
      histogram.observe(tookMs);
      if (error === undefined) return;
      add(errors, `${operation} ${error instanceof StorageError ? error.effect : "none"}`);
    },
    samples: () => ({
      parlance_database_duration_seconds: by(
        "operation",
        [...durations].map(([operation, histogram]) => [operation, inSeconds(histogram)] as const),
      ),
      parlance_database_errors_total: [...errors].map(([key, value]): Sample => {
        const [operation = "", effect = ""] = key.split(" ");
        return { labels: { operation, effect }, value };
      }),
    }),
  };
}
