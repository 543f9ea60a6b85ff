/** What a process says about itself: event loop, garbage collector, memory, processor. */
import { readdirSync } from "node:fs";
import {
  constants,
  monitorEventLoopDelay,
  PerformanceObserver,
  performance,
} from "node:perf_hooks";
import { Histogram } from "@parlance/core";
import { by, inSeconds, one, type Samples } from "./samples.ts";

/** Milliseconds between two looks at the event loop, which each metric of it is about. */
export const windowMs = 10_000;
/** How finely lateness is measured. Milliseconds. */
const resolutionMs = 20;
const gcBoundsMs = [0.1, 0.5, 1, 5, 10, 50, 100, 500];

const gcKinds: Readonly<Record<number, string>> = {
  [constants.NODE_PERFORMANCE_GC_MINOR]: "minor",
  [constants.NODE_PERFORMANCE_GC_MAJOR]: "major",
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL]: "incremental",
  [constants.NODE_PERFORMANCE_GC_WEAKCB]: "weak_callbacks",
};

export interface ProcessWatch {
  samples(): Samples;
  /** Of the last whole window. Milliseconds. */
  readonly loop: { readonly p50: number; readonly p99: number; readonly max: number };
  close(): void;
}

/** Begins to watch this process. `afterWindow` is called each time when a window of the event loop is over. */
export function watchProcess(afterWindow: () => void = () => {}): ProcessWatch {
  const delay = monitorEventLoopDelay({ resolution: resolutionMs });
  delay.enable();
  const gc = new Map<string, Histogram>();
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const { detail } = entry as typeof entry & { readonly detail: { readonly kind: number } };
      const name = gcKinds[detail.kind] ?? "other";
      let histogram = gc.get(name);
      if (histogram === undefined) gc.set(name, (histogram = new Histogram(gcBoundsMs)));
      histogram.observe(entry.duration);
    }
  });
  observer.observe({ entryTypes: ["gc"] });

  let before = performance.eventLoopUtilization();
  let busy = 0;
  let loop = { p50: 0, p99: 0, max: 0 };
  const look = (): void => {
    const ms = (nanoseconds: number): number =>
      Number.isFinite(nanoseconds) ? Math.max(0, nanoseconds / 1e6 - resolutionMs) : 0;
    // A quiet loop has seen no timer at all.
    loop =
      delay.count === 0
        ? { p50: 0, p99: 0, max: 0 }
        : { p50: ms(delay.percentile(50)), p99: ms(delay.percentile(99)), max: ms(delay.max) };
    delay.reset();
    const now = performance.eventLoopUtilization();
    busy = performance.eventLoopUtilization(now, before).utilization;
    before = now;
    afterWindow();
  };
  const timer = setInterval(look, windowMs);
  timer.unref();

  return {
    get loop() {
      return loop;
    },
    samples() {
      const memory = process.memoryUsage();
      const { user, system } = process.cpuUsage();
      const files = openFiles();
      return {
        parlance_event_loop_delay_seconds: by("quantile", [
          ["0.5", loop.p50 / 1_000],
          ["0.99", loop.p99 / 1_000],
          ["1", loop.max / 1_000],
        ]),
        parlance_event_loop_utilization_ratio: one(busy),
        parlance_gc_duration_seconds: by(
          "kind",
          [...gc].map(([kind, histogram]) => [kind, inSeconds(histogram)] as const),
        ),
        parlance_heap_used_bytes: one(memory.heapUsed),
        process_resident_memory_bytes: one(memory.rss),
        process_cpu_seconds_total: one((user + system) / 1e6),
        process_start_time_seconds: one(performance.timeOrigin / 1_000),
        ...(files === undefined ? {} : { process_open_fds: one(files) }),
      };
    },
    close() {
      clearInterval(timer);
      observer.disconnect();
      delay.disable();
    },
  };
}

/** Linux tells; others do not. */
function openFiles(): number | undefined {
  try {
    return readdirSync("/proc/self/fd").length;
  } catch {
    return undefined;
  }
}
