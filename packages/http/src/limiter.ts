import { isIPv6 } from "node:net";
import type { Clock } from "@parlance/core";
import { ProtocolError } from "@parlance/protocol";

/**
 * Counts attempts in windows of a minute. Bounded: beyond `capacity` names the oldest window is forgotten, so an
 * attacker with many addresses cannot fill the memory (and gains what it would gain by waiting a minute).
 */
export interface Limiter {
  /** @throws ProtocolError `rate_limited` above the limit. */
  count(name: string): void;
}

const windowMs = 60_000;
const capacity = 50_000;

/** @param perMinute 0: not limited. */
export function createLimiter(perMinute: number, clock: Clock): Limiter {
  const windows = new Map<string, { readonly until: number; used: number }>();
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
      if (window.used > perMinute) {
        throw new ProtocolError("rate_limited", { retry_after_ms: Math.ceil(window.until - now) });
      }
    },
  };
}

function dropOldest(windows: Map<string, { readonly until: number }>, now: number): void {
  for (const [name, window] of windows) {
    if (window.until > now && windows.size <= capacity) return;
    windows.delete(name);
  }
}

/** Whoever has one IPv6 address has a /64 of them; IPv4 that comes as IPv6 counts as what it is. */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped?.[1] !== undefined) return mapped[1];
  if (!isIPv6(address)) return address;
  const [head = "", tail] = (address.split("%", 1)[0] ?? "").split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => "0");
  const groups = tail === undefined ? left : [...left, ...zeros, ...right];
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":");
}
