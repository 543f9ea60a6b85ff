import { expect, test } from "vitest";
import { hueOf, initialsOf } from "./person.ts";

test("a person's colour depends on the id alone", () => {
  expect(hueOf("u_1")).toBe(hueOf("u_1"));
  expect(new Set(Array.from({ length: 200 }, (_, index) => hueOf(`u_${index}`))).size).toBe(24);
});

test("initials are whole letters of the first and last word", () => {
  expect(initialsOf("Ada Lovelace")).toBe("AL");
  expect(initialsOf("<img src=x>")).toBe("IS");
  expect(initialsOf("margaret_h")).toBe("MH");
  expect(initialsOf("  李小龙 ")).toBe("李");
  expect(initialsOf("e\u0301mile zola")).toBe("E\u0301Z");
  expect(initialsOf("👩‍🚀")).toBe("👩‍🚀");
});
