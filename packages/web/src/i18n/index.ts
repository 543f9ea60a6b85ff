/** Texts and formats in the reader's language. */
import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import { de } from "./de.ts";
import { en } from "./en.ts";

export { type TextKey } from "./en.ts";

const languages = ["en", "de"] as const;
/** Languages written from right to left, for `dir`; none of them is shipped yet. */
const rightToLeft: ReadonlySet<string> = new Set(["ar", "fa", "he", "ur"]);

/** Starts translation in a language, or in the browser's; synchronous, so that the first paint has its texts. */
export function startTranslation(language: string): void {
  void i18next.use(initReactI18next).init({
    resources: { en: { translation: en }, de: { translation: de } },
    lng: resolve(language),
    fallbackLng: "en",
    initAsync: false,
    interpolation: { escapeValue: false },
  });
  describePage();
}

/** Changes the language of the whole page. */
export function changeLanguage(language: string): void {
  void i18next.changeLanguage(resolve(language)).then(describePage);
}

function resolve(language: string): string {
  if (language !== "system") return language;
  const wanted = navigator.languages.map((tag) => tag.slice(0, 2));
  return wanted.find((tag) => languages.some((known) => known === tag)) ?? "en";
}

function describePage(): void {
  document.documentElement.lang = i18next.language;
  document.documentElement.dir = rightToLeft.has(i18next.language) ? "rtl" : "ltr";
}
