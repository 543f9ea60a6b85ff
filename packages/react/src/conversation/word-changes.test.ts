import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { wordChanges } from "./word-changes.ts";

const told = (before: string, after: string, language = "en"): string =>
  wordChanges(before, after, language)
    .map(({ kind, text }) =>
      kind === "same" ? text : kind === "added" ? `{${text}}` : `[${text}]`,
    )
    .join("");

describe("words that changed", () => {
  test("a word is told, not the text around it", () => {
    expect(told("We meet at noon, upstairs.", "We meet at one, upstairs.")).toBe(
      "We meet at [noon]{one}, upstairs.",
    );
    expect(told("At noon", "At noon, upstairs")).toBe("At noon{, upstairs}");
    expect(told("a b c", "b c")).toBe("[a ]b c");
    expect(told("same", "same")).toBe("same");
    expect(told("", "new")).toBe("{new}");
  });

  test("words changed side by side are one change", () => {
    expect(told("see you on Monday morning then", "see you on Friday evening then")).toBe(
      "see you on [Monday morning]{Friday evening} then",
    );
  });

  test("languages without blanks have words too", () => {
    expect(told("明日は東京で会います", "明日は大阪で会います", "ja")).toBe(
      "明日は[東京]{大阪}で会います",
    );
  });

  test("both texts can be read from it, whatever they are, and it does not take long", () => {
    const word = fc.constantFrom("a", "b", "c", " ", "\n", ", ", "**b**", "نعم", "👩‍👩‍👧");
    const text = fc.array(word, { maxLength: 40 }).map((words) => words.join(""));
    fc.assert(
      fc.property(text, text, (before, after) => {
        const all = wordChanges(before, after, "en");
        const without = (kind: string): string =>
          all.flatMap((one) => (one.kind === kind ? [] : [one.text])).join("");
        expect([without("added"), without("removed")]).toEqual([before, after]);
      }),
    );
    const long = (sign: string): string => `${sign} `.repeat(8_000);
    expect(wordChanges(long("x"), long("y"), "en").length).toBeLessThanOrEqual(3);
  });
});
