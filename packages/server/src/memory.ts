/**
 * Gives memory back after a flood (I-25). V8 collects when something is allocated, so what a flood left behind stays
 * resident for as long as the server is quiet afterwards, and looks like a leak from outside.
 */
import { performance } from "node:perf_hooks";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** How often the heap is looked at. Milliseconds. */
const lookMs = 2_000;
/** Bytes in use above what the last collection left that are worth a pause. */
const worthBytes = 32 * 1_048_576;
/** Share of the time that the event loop may have been busy for the server to count as quiet. */
const quietShare = 0.1;

/** What is observed and done; the process's own by default. */
export interface MemoryPorts {
  /** Bytes of the heap in use, buffers outside of it included. */
  used(): number;
  /** Share of the time since the last call in which the event loop was busy. */
  busyShare(): number;
  collect(): void;
}

/** Begins to look now and then. @returns a function that ends it. */
export function giveMemoryBack(ports: MemoryPorts = processMemory()): () => void {
  let left = ports.used();
  const timer = setInterval(() => {
    const isQuiet = ports.busyShare() < quietShare;
    const used = ports.used();
    if (used < left) left = used;
    if (!isQuiet || used - left < worthBytes) return;
    ports.collect();
    left = ports.used();
  }, lookMs);
  timer.unref();
  return () => clearInterval(timer);
}

function processMemory(): MemoryPorts {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  let before = performance.eventLoopUtilization();
  return {
    used() {
      const { heapUsed, external, arrayBuffers } = process.memoryUsage();
      return heapUsed + external + arrayBuffers;
    },
    busyShare() {
      const now = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, before);
      before = now;
      return utilization;
    },
    collect,
  };
}
