import { expect, test } from "vitest";
import { ago, clockIn } from "./card-times.ts";
import { endAt } from "./ends.ts";

test("how long ago something was is said in the largest unit that is over", () => {
  const now = Date.parse("2026-11-21T12:00:00.000Z");
  const before = (ms: number): string => ago(new Date(now - ms).toISOString(), "en", now);
  expect(before(0)).toBe("now");
  expect(before(59_000)).toBe("now");
  expect(before(61_000)).toBe("1 minute ago");
  expect(before(2 * 3_600_000 + 5)).toBe("2 hours ago");
  expect(before(25 * 3_600_000)).toBe("yesterday");
  expect(before(-5_000)).toBe("now");
});

test("a zone that this browser does not know has no clock", () => {
  expect(clockIn("Asia/Tokyo", "en")).toMatch(/\d/);
  expect(clockIn("Mars/North", "en")).toBeUndefined();
});

test("a choice of an end is a moment; days and weeks end at local midnight", () => {
  const wednesday = new Date(2026, 10, 25, 10, 30);
  expect(endAt("never", wednesday)).toBeUndefined();
  expect(endAt("30", wednesday)).toBe(new Date(2026, 10, 25, 11, 0).toISOString());
  expect(endAt("today", wednesday)).toBe(new Date(2026, 10, 26).toISOString());
  expect(endAt("week", wednesday)).toBe(new Date(2026, 10, 30).toISOString());
  const sunday = new Date(2026, 10, 29, 10, 30);
  expect(endAt("week", sunday)).toBe(new Date(2026, 10, 30).toISOString());
});
