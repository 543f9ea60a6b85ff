import { describe, expect, test } from "vitest";
import { candidatesFor, mentionQuery, wishOf } from "./mentions.ts";

const people = [
  { id: "u_ann", name: "Ann" },
  { id: "u_ann2", name: "Ann Okafor" },
  { id: "u_bob", name: "Bob Larsen" },
  { id: "u_zoe", name: "Zoë" },
  { id: "u_li", name: "李雷" },
];

describe("the list of people", () => {
  test("is wanted behind an @ that begins a word, up to the caret", () => {
    expect(mentionQuery("hi @an", 6)).toEqual({ start: 3, query: "an" });
    expect(mentionQuery("hi @an and more", 6)).toEqual({ start: 3, query: "an" });
    expect(mentionQuery("@", 1)).toEqual({ start: 0, query: "" });
    expect(mentionQuery("@Ann Ok", 7)).toEqual({ start: 0, query: "Ann Ok" });
  });

  test("is not wanted in addresses, on other lines, and before the @", () => {
    for (const [text, caret] of [
      ["ann@example", 11],
      ["@ann\nnext", 9],
      ["@ann", 0],
      ["@ ann", 5],
      ["see https://x.org/@ann", 22],
    ] as const) {
      expect(mentionQuery(text, caret), text).toBeUndefined();
    }
  });

  test("has who begins so first, then who has such a word", () => {
    expect(candidatesFor("a", people).map(({ id }) => id)).toEqual(["u_ann", "u_ann2"]);
    expect(candidatesFor("lar", people).map(({ id }) => id)).toEqual(["u_bob"]);
    expect(candidatesFor("ann o", people).map(({ id }) => id)).toEqual(["u_ann2"]);
    expect(candidatesFor("nobody", people)).toEqual([]);
  });
});

describe("who is mentioned", () => {
  test("is who is named whole, the longest name first, in any script", () => {
    expect(wishOf("@Ann Okafor, and @bob larsen: @李雷!", people)).toEqual({
      users: ["u_ann2", "u_bob", "u_li"],
    });
    expect(wishOf("@Ann: hello", people)).toEqual({ users: ["u_ann"] });
    expect(wishOf("@Anna and mail@Ann and @Annö", people)).toBeUndefined();
  });

  test("is nobody in code, and all who are called the same", () => {
    expect(wishOf("`@Ann` and\n```\n@Zoë\n```", people)).toBeUndefined();
    expect(wishOf("@Ann", [...people, { id: "u_x", name: "ann" }])).toEqual({
      users: ["u_ann", "u_x"],
    });
  });
});
