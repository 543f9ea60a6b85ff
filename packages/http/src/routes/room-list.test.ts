import { expect, test } from "vitest";
import { matches } from "./room-list.ts";

test("a pattern of rooms has stars and question marks, and nothing else that means something", () => {
  const cases: readonly [string, string, boolean][] = [
    ["*", "general", true],
    ["job:*", "job:42", true],
    ["job:*", "jobs", false],
    ["*:?", "job:4", true],
    ["*:?", "job:42", false],
    ["a*b*c", "a-b-b-c", true],
    ["a*b*c", "a-c-b", false],
    ["a.c", "abc", false],
    ["general", "general", true],
    ["general", "General", false],
    ["*a*a*a*a*a*a*a*a*b", "a".repeat(128), false],
  ];
  for (const [pattern, room, isMatch] of cases) {
    expect([pattern, room, matches(pattern, room)]).toEqual([pattern, room, isMatch]);
  }
});
