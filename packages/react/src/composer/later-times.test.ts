import { expect, test } from "vitest";
import { fieldTime, laterTimes, problemOf } from "./later-times.ts";

const friday = new Date(2026, 10, 27, 17, 30);

test("offers an hour, tomorrow morning, and Monday where that is another day", () => {
  expect(laterTimes(friday).map(({ at }) => fieldTime(at))).toEqual([
    "2026-11-27T18:30",
    "2026-11-28T09:00",
    "2026-11-30T09:00",
  ]);
  const sunday = new Date(2026, 10, 29, 12);
  expect(laterTimes(sunday).map(({ text }) => text)).toEqual(["laterHour", "laterTomorrow"]);
  const monday = new Date(2026, 10, 30, 8);
  expect(laterTimes(monday).map(({ at }) => fieldTime(at))).toContain("2026-12-07T09:00");
});

test("a time must be ahead, by a year at most", () => {
  expect(problemOf(friday, friday)).toBe("laterPast");
  expect(problemOf(new Date("no time"), friday)).toBe("laterPast");
  expect(problemOf(new Date(2028, 0, 1), friday)).toBe("laterFar");
  expect(problemOf(new Date(2026, 10, 27, 17, 31), friday)).toBeUndefined();
});
