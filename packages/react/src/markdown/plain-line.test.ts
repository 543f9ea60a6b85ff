import { expect, test } from "vitest";
import { plainLine } from "./plain-line.ts";

test("formatting goes, words stay", () => {
  expect(plainLine("# Title\n\n> a **bold** `word`, ~~not~~\nsnake_case 2 * 3")).toBe(
    "Title a bold word, not snake_case 2 * 3",
  );
  expect(plainLine("```ts\nconst a = 1;\n```")).toBe("const a = 1;");
});

test("what is hidden stays hidden, also where its end was cut off", () => {
  expect(plainLine("It was ||the butler||, I think")).toBe("It was ▒▒▒, I think");
  expect(plainLine("It was ||the but")).toBe("It was ▒▒▒");
});
