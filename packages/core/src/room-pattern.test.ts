import { expect, test } from "vitest";
import { isRoomPattern, matchesAny } from "./room-pattern.ts";

test("a star stands for any characters, and everything else for itself", () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ["*", "", true],
    ["*", "ops", true],
    ["ops", "ops", true],
    ["ops", "ops1", false],
    ["ops-*", "ops-", true],
    ["ops-*", "ops-eu.1", true],
    ["ops-*", "dev-ops-1", false],
    ["*-log", "a-log-log", true],
    ["a*b*c", "a-b-b-c", true],
    ["a*b*c", "a-c-b", false],
    ["a.c", "abc", false],
    ["**", "x", true],
  ];
  for (const [pattern, name, is] of cases) {
    expect([pattern, name, matchesAny([pattern], name)]).toEqual([pattern, name, is]);
  }
  expect(matchesAny([], "ops")).toBe(false);
  expect(matchesAny(["dev", "ops"], "ops")).toBe(true);
});

test("[R6] a pattern made to be slow is not", () => {
  const pattern = `${"*a".repeat(60)}*b`;
  const before = performance.now();
  expect(matchesAny([pattern], "a".repeat(128))).toBe(false);
  expect(performance.now() - before).toBeLessThan(500);
});

test("patterns have the characters of room names, and stars", () => {
  expect(["*", "ops-*", "user:42"].map(isRoomPattern)).toEqual([true, true, true]);
  expect(["", "a b", "[a-z]", "a%", "x".repeat(129)].some(isRoomPattern)).toBe(false);
});
