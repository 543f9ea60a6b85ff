import type { Clock } from "@parlance/core";

/** The system's clock and timers. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
  afterTurn(run) {
    // The check phase: after the poll phase has read what had arrived.
    setImmediate(run);
  },
};
