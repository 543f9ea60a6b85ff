import { describe, expect, test } from "vitest";
import { emojiGroups, findEmoji } from "./search.ts";

const signs = (query: string): readonly string[] => findEmoji(query).map(({ sign }) => sign);

describe("emoji", () => {
  test("each stands in the table once, with a name", () => {
    const all = emojiGroups.flatMap(({ emoji }) => emoji);
    expect(all.length).toBeGreaterThan(1_500);
    expect(new Set(all.map(({ sign }) => sign)).size).toBe(all.length);
    expect(all.filter(({ sign, name }) => sign === "" || name.trim() === "")).toEqual([]);
  });

  test("are found by the beginnings of the words of their names, in any order", () => {
    expect(signs("rocket")).toEqual(["🚀"]);
    expect(signs("face joy")).toContain("😂");
    expect(signs("GERMANY")).toEqual(["🇩🇪"]);
    expect(signs("thumbs_up")[0]).toBe("👍");
    expect(signs("cat")[0]).toBe("🐈");
  });

  test("are found by what people call them", () => {
    expect(signs("+1")).toContain("👍");
    expect(signs("tada")).toEqual(["🎉"]);
    expect(signs("lol")).toContain("😂");
  });

  test("nothing is found for nothing, and for what there is not", () => {
    expect(signs("  ")).toEqual([]);
    expect(signs("quux")).toEqual([]);
  });
});
