import { describe, expect, test } from "vitest";
import { ar } from "./ar.ts";
import { de } from "./de.ts";
import { en } from "./en.ts";
import { es } from "./es.ts";
import { fr } from "./fr.ts";
import { languages } from "./index.ts";
import { ja } from "./ja.ts";

const sets: Readonly<Record<string, Readonly<Record<string, string>>>> = { en, de, fr, es, ja, ar };
const form = /_(?:zero|one|two|few|many|other)$/;
const baseOf = (key: string): string => key.replace(form, "");
const bases = new Set(Object.keys(en).map(baseOf));
const plurals = new Set(
  Object.keys(en)
    .filter((key) => form.test(key))
    .map(baseOf),
);
const placeholders = (text: string): readonly string[] =>
  [...new Set([...text.matchAll(/\{\{(\w+)\}\}/g)].map((match) => match[1] ?? ""))].toSorted();

test("every language that can be chosen has its texts", () => {
  expect(languages.map(([name]) => name)).toEqual(Object.keys(sets));
});

describe.each(Object.entries(sets))("%s", (language, set) => {
  test("has every text, and no other", () => {
    expect(new Set(Object.keys(set).map(baseOf))).toEqual(bases);
    expect(Object.values(set).filter((text) => text.trim() === "")).toEqual([]);
  });

  test("has each plural form that its language knows", () => {
    const { pluralCategories } = new Intl.PluralRules(language).resolvedOptions();
    const missing = [...plurals].flatMap((key) =>
      pluralCategories.map((name) => `${key}_${name}`).filter((name) => set[name] === undefined),
    );
    expect(missing).toEqual([]);
    const categories = new Set<string>(pluralCategories);
    const needless = Object.keys(set).filter(
      (key) => form.test(key) && !categories.has(key.slice(key.lastIndexOf("_") + 1)),
    );
    expect(needless).toEqual([]);
  });

  test("has the placeholders of the English texts", () => {
    for (const [key, text] of Object.entries(set)) {
      const english = placeholders(sets["en"]?.[key] ?? sets["en"]?.[`${baseOf(key)}_other`] ?? "");
      const own = placeholders(text);
      // "One message" needs no number, where the language says it so.
      const may = form.test(key) && !key.endsWith("_other");
      expect(may ? own.filter((name) => !english.includes(name)) : own, key).toEqual(
        may ? [] : english,
      );
    }
  });
});
