import { expect, test } from "vitest";
import { de } from "./de.ts";
import { en } from "./en.ts";

const placeholders = (text: string): readonly string[] =>
  [...text.matchAll(/\{\{(\w+)\}\}/g)].map((match) => match[1] ?? "").toSorted();

test("each text has the same placeholders in every language", () => {
  for (const key of Object.keys(en) as (keyof typeof en)[]) {
    expect(placeholders(de[key]), key).toEqual(placeholders(en[key]));
  }
});
