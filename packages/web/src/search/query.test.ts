import { describe, expect, test } from "vitest";
import { aroundFirst, markWords } from "./highlight.ts";
import { compileQuery, complete, spanOf, writingAt, written } from "./query.ts";

const names = {
  people: [
    { id: "u_1", name: "Ann Okafor" },
    { id: "u_2", name: "李雷" },
    { id: "u_3", name: "ann okafor" },
  ],
  rooms: [{ id: "release", name: "Release 2.4" }],
};

describe("a query", () => {
  test("names people and rooms, and the server gets their ids", () => {
    const { query } = compileQuery('from:"Ann Okafor" in:"release 2.4" from:李雷 plan', names);
    expect(query).toBe("from:u_1 from:u_3 in:release from:u_2 plan");
  });

  test("what names nobody goes as it is: a user name, an id", () => {
    expect(compileQuery("from:me from:bob in:general", names).query).toBe(
      "from:me from:bob in:general",
    );
  });

  test("days are those of the reader's time zone", () => {
    const begin = new Date(2026, 10, 2).toISOString();
    const end = new Date(2026, 10, 3).toISOString();
    expect(compileQuery("plan on:2026-11-02", names)).toEqual({
      query: "plan",
      words: ["plan"],
      after: begin,
      before: end,
    });
    expect(compileQuery("after:2026-11-02 before:2026-11-03 x", names)).toMatchObject({
      after: begin,
      before: end,
    });
    expect(compileQuery("before:2026 x", names).before).toBe(new Date(2026, 0, 1).toISOString());
  });

  test("a day that is none goes to the server, which says so", () => {
    expect(spanOf("2026-02-30")).toBeUndefined();
    expect(compileQuery("before:2026-02-30 x", names).query).toBe("before:2026-02-30 x");
  });

  test("is completed at the caret, with quotes where a name has a blank", () => {
    const text = "plan from:an later";
    const caret = "plan from:an".length;
    const writing = writingAt(text, caret);
    expect(writing).toEqual({ operator: "from", begun: "an", start: 5 });
    expect(complete(text, writing, caret, written("from", "Ann Okafor")).text).toBe(
      'plan from:"Ann Okafor"  later',
    );
    expect(writingAt("plan be", 7)).toEqual({ operator: undefined, begun: "be", start: 5 });
    expect(writingAt('in:"Release 2', 13)).toEqual({
      operator: "in",
      begun: "Release 2",
      start: 0,
    });
  });
});

describe("what was found", () => {
  const found = (text: string, ...words: string[]): string[] =>
    markWords(text, words).flatMap((piece) => (piece.isFound ? [piece.text] : []));

  test("is marked without regard to case and accents, at the beginning of words", () => {
    expect(found("Café au lait, a cafe, decaf", "CAFE")).toEqual(["Café", "cafe"]);
    expect(found("Straße und Strasse", "strasse")).toEqual(["Straße", "Strasse"]);
    expect(found("planning a plan", "plan*")).toEqual(["plan", "plan"]);
  });

  test("is marked in Arabic with vowel signs, and in Chinese inside of a text", () => {
    expect(found("قَلَمٌ أحمر", "قلم")).toEqual(["قَلَمٌ"]);
    expect(found("我们在北京开会", "北京")).toEqual(["北京"]);
  });

  test("the pieces together are the text, whatever is in it", () => {
    for (const text of ["", "é\u0301x 👍🏽 ﬁn", "a\u0000b", "مرحبا بالعالم"]) {
      const pieces = markWords(text, ["e", "fin", "مرحبا", "x"]);
      expect(pieces.map((piece) => piece.text).join("")).toBe(text);
    }
  });

  test("of a long text the part around it is shown", () => {
    const text = `${"word ".repeat(100)}needle ${"more ".repeat(100)}`;
    const part = aroundFirst(text, ["needle"], 120);
    expect(part).toContain("needle");
    expect(part.length).toBeLessThan(140);
    expect(aroundFirst("short", ["x"], 120)).toBe("short");
  });
});
