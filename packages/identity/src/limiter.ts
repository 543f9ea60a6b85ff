import type { Clock } from "@parlance/core";
import { ProtocolError } from "@parlance/protocol";

/**
 * Counts attempts in windows of a minute. Bounded: beyond `capacity` names the oldest window is forgotten, so an
 * attacker with many addresses cannot fill the memory (and gains what it would gain by waiting a minute).
 */
export interface Limiter {
  /** @throws ProtocolError `rate_limited` above the limit. */
  count(name: string): void;
  /** Counts nothing. @throws ProtocolError `rate_limited` if the next `count` would. */
  check(name: string): void;
}

const windowMs = 60_000;
const capacity = 50_000;

/** @param perMinute 0: not limited. */
export function createLimiter(perMinute: number, clock: Clock): Limiter {
  const windows = new Map<string, { readonly until: number; used: number }>();

  const refuse = (until: number): never => {
    const retryAfterMs = Math.ceil(until - clock.monotonic());
    throw new ProtocolError("rate_limited", { retry_after_ms: retryAfterMs });
  };

  return {
    count(name) {
      if (perMinute === 0) return;
      const now = clock.monotonic();
      let window = windows.get(name);
      if (window === undefined || window.until <= now) {
        window = { until: now + windowMs, used: 0 };
        // Set anew, so that the map's order is the order in which windows end.
        windows.delete(name);
        windows.set(name, window);
        dropOldest(windows, now);
      }
      window.used += 1;
      if (window.used > perMinute) refuse(window.until);
    },
    check(name) {
      const window = windows.get(name);
      if (window === undefined || window.until <= clock.monotonic()) return;
      if (window.used >= perMinute) refuse(window.until);
    },
  };
}

function dropOldest(windows: Map<string, { readonly until: number }>, now: number): void {
  for (const [name, window] of windows) {
    if (window.until > now && windows.size <= capacity) return;
    windows.delete(name);
  }
}
