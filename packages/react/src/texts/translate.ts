/** Texts by key, with values put in and the right plural form. */
import { en } from "./en.ts";

type PluralForm = "zero" | "one" | "two" | "few" | "many" | "other";

/**
 * A complete set of texts in one language, by the keys of the English one. Plural forms end in `_one`, `_other` and so
 * on, as CLDR names them; each language has those that it knows.
 */
export type CompleteSet<English> = {
  readonly [K in Exclude<keyof English, `${string}_one`>]: string;
} & {
  readonly [K in keyof English as K extends `${infer Base}_other`
    ? `${Base}_${PluralForm}`
    : never]?: string;
};

/** The texts of the components in one language. */
export type TextSet = CompleteSet<typeof en>;
/** The name of a text, without its plural form. */
export type TextKey = keyof typeof en extends infer K
  ? K extends `${infer Base}_${PluralForm}`
    ? Base
    : K
  : never;

/** What is put into a text where it says `{{name}}`. `count` also chooses the plural form. */
export type TextValues = Readonly<Record<string, string | number>>;

/** Gives the text of a key in the reader's language. */
export type Translate = (key: TextKey, values?: TextValues) => string;

/** The texts of the components and the language they are in, as a BCP 47 tag. */
export interface Texts {
  readonly language: string;
  readonly t: Translate;
}

/** Texts of one language from a set; a form that a set has not is its `_other`. */
export function createTexts(language: string, set: Readonly<Record<string, string>>): Texts {
  const rules = new Intl.PluralRules(language);
  const find = (key: string, count: unknown): string => {
    if (typeof count !== "number") return set[key] ?? key;
    return set[`${key}_${rules.select(count)}`] ?? set[`${key}_other`] ?? set[key] ?? key;
  };
  return {
    language,
    t: (key, values = {}) =>
      find(key, values["count"]).replaceAll(/\{\{(\w+)\}\}/g, (whole, name: string) =>
        String(values[name] ?? whole),
      ),
  };
}

/** English, where nobody gives other texts. */
export const englishTexts: Texts = createTexts("en", en);
