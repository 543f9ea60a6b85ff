/** Texts of the admin page. They come with it, so that the chat does not carry them. */
import i18next from "i18next";
import type { Language } from "../i18n/index.ts";
import { ar } from "./texts/ar.ts";
import { de } from "./texts/de.ts";
import { type AdminTexts, en } from "./texts/en.ts";
import { es } from "./texts/es.ts";
import { fr } from "./texts/fr.ts";
import { ja } from "./texts/ja.ts";

export type AdminText = keyof AdminTexts;

/** Every language of the app. */
export const adminTexts: Readonly<Record<Language, AdminTexts>> = { en, de, fr, es, ja, ar };
const byLanguage: Readonly<Record<string, AdminTexts>> = adminTexts;

/** A text in the page's language. */
export function text(name: AdminText, values: Readonly<Record<string, string>> = {}): string {
  const texts = byLanguage[i18next.language] ?? en;
  return texts[name].replace(/\{\{(\w+)\}\}/g, (_, value: string) => values[value] ?? "");
}
