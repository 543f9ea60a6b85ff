/** Texts in the reader's language. English comes with the app, the others when somebody reads them. */
import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import { en, type Texts } from "./en.ts";

export type { TextKey } from "./en.ts";

const load: Readonly<Record<Language, () => Promise<Texts>>> = {
  en: async () => en,
  de: async () => (await import("./de.ts")).de,
  fr: async () => (await import("./fr.ts")).fr,
  es: async () => (await import("./es.ts")).es,
  ja: async () => (await import("./ja.ts")).ja,
  ar: async () => (await import("./ar.ts")).ar,
};

/** Languages with the names that their readers call them. */
export const languages = [
  ["en", "English"],
  ["de", "Deutsch"],
  ["fr", "Français"],
  ["es", "Español"],
  ["ja", "日本語"],
  ["ar", "العربية"],
] as const;
/** A language that the app has all texts in. */
export type Language = (typeof languages)[number][0];

/** Languages written from right to left, for `dir`. */
const rightToLeft: ReadonlySet<string> = new Set(["ar", "fa", "he", "ur"]);

/**
 * Starts translation in a language, or in the browser's. Resolves when the texts are there; where they cannot be
 * loaded, in English.
 */
export async function startTranslation(language: string): Promise<void> {
  await i18next.use(initReactI18next).init({
    resources: { en: { translation: en } },
    lng: "en",
    fallbackLng: "en",
    initAsync: false,
    interpolation: { escapeValue: false },
  });
  await changeLanguage(language);
}

/** Changes the language of the whole page, once its texts are there. */
export async function changeLanguage(language: string): Promise<void> {
  const wanted = resolve(language);
  try {
    if (!i18next.hasResourceBundle(wanted, "translation")) {
      i18next.addResourceBundle(wanted, "translation", await load[wanted]());
    }
    await i18next.changeLanguage(wanted);
  } catch {
    // Without a line the page stays in the language that it has.
  }
  document.documentElement.lang = i18next.language;
  document.documentElement.dir = rightToLeft.has(i18next.language) ? "rtl" : "ltr";
}

function resolve(language: string): Language {
  const wanted = language === "system" ? navigator.languages : [language];
  for (const tag of wanted) {
    const known = languages.find(([name]) => name === tag.slice(0, 2));
    if (known !== undefined) return known[0];
  }
  return "en";
}
