import { type Clock, networkOf } from "@parlance/core";
import type { ProtocolError } from "@parlance/protocol";
import { expect, test } from "vitest";
import { createLimiter } from "./limiter.ts";

function clockAt(time: { ms: number }): Clock {
  return { monotonic: () => time.ms } as Clock;
}

function refusals(count: () => void, times: number): number {
  let refused = 0;
  for (let index = 0; index < times; index += 1) {
    try {
      count();
    } catch (error) {
      expect((error as ProtocolError).code).toBe("rate_limited");
      refused += 1;
    }
  }
  return refused;
}

test("[A12] attempts above the limit are refused until the minute is over", () => {
  const time = { ms: 0 };
  const limiter = createLimiter(60, clockAt(time));
  expect(refusals(() => limiter.count("10.0.0.1"), 1_000)).toBe(940);
  expect(refusals(() => limiter.count("10.0.0.2"), 60)).toBe(0);
  time.ms = 60_000;
  expect(refusals(() => limiter.count("10.0.0.1"), 60)).toBe(0);
});

test("[A12] a refusal says when to come back", () => {
  const time = { ms: 1_000 };
  const limiter = createLimiter(1, clockAt(time));
  limiter.count("a");
  time.ms = 21_000;
  expect(() => limiter.count("a")).toThrow(
    expect.objectContaining({ details: { retry_after_ms: 40_000 } }),
  );
});

test("a limit of 0 refuses nobody", () => {
  const limiter = createLimiter(0, clockAt({ ms: 0 }));
  expect(refusals(() => limiter.count("a"), 1_000)).toBe(0);
  expect(refusals(() => limiter.check("a"), 1)).toBe(0);
});

test("asking whether one more would be too many counts nothing", () => {
  const time = { ms: 0 };
  const limiter = createLimiter(2, clockAt(time));
  limiter.count("a");
  expect(refusals(() => limiter.check("a"), 10)).toBe(0);
  limiter.count("a");
  expect(refusals(() => limiter.check("a"), 10)).toBe(10);
  time.ms = 60_000;
  expect(refusals(() => limiter.check("a"), 10)).toBe(0);
});

test("all addresses of one IPv6 /64 are one network, however they are written", () => {
  const same = ["2001:db8:0:1::1", "2001:db8:0:1:ffff::", "2001:0db8:0000:0001:1:2:3:4"];
  expect(new Set(same.map(networkOf)).size).toBe(1);
  expect(networkOf("2001:db8:0:2::1")).not.toBe(networkOf("2001:db8:0:1::1"));
  expect(networkOf("::ffff:10.0.0.1")).toBe("10.0.0.1");
  expect(networkOf("::1")).toBe("0:0:0:0");
});
