/** How the app looks for this reader: kept in the browser, applied as attributes of the page. */

import { local, readStored, writeStored } from "@parlance/react";
import { useSyncExternalStore } from "react";
import { type Language, languages } from "../i18n/index.ts";

/** `system` follows the operating system, also while the page is open. */
export interface Preferences {
  readonly theme: "system" | "light" | "dark";
  readonly contrast: "system" | "more";
  readonly density: "comfortable" | "compact";
  readonly language: "system" | Language;
  /** Notices of the browser for notifications. */
  readonly alerts: "on" | "off";
}

const key = "parlance.preferences";
const defaults: Preferences = {
  theme: "system",
  contrast: "system",
  density: "comfortable",
  language: "system",
  alerts: "off",
};
const choices: { readonly [K in keyof Preferences]: readonly Preferences[K][] } = {
  theme: ["system", "light", "dark"],
  contrast: ["system", "more"],
  density: ["comfortable", "compact"],
  language: ["system", ...languages.map(([name]) => name)],
  alerts: ["on", "off"],
};

/** Preferences from a stored text; unknown values and fields fall back to the defaults. */
export function parsePreferences(text: string | undefined): Preferences {
  let stored: Record<string, unknown> = {};
  try {
    const value: unknown = JSON.parse(text ?? "{}");
    if (typeof value === "object" && value !== null) stored = value as Record<string, unknown>;
  } catch {
    stored = {};
  }
  const pick = <K extends keyof Preferences>(name: K): Preferences[K] =>
    choices[name].find((choice) => choice === stored[name]) ?? defaults[name];
  return {
    theme: pick("theme"),
    contrast: pick("contrast"),
    density: pick("density"),
    language: pick("language"),
    alerts: pick("alerts"),
  };
}

/** Preferences of this browser, with the page kept in step. Made once, in `main.tsx`. */
export interface PreferenceStore {
  get(): Preferences;
  set(change: Partial<Preferences>): void;
  subscribe(listen: () => void): () => void;
}

/** Reads the preferences and applies them; follows the operating system where the reader wishes it. */
export function createPreferences(page: HTMLElement): PreferenceStore {
  let current = parsePreferences(readStored(local, key));
  const listeners = new Set<() => void>();
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const contrast = matchMedia("(prefers-contrast: more)");
  const apply = (): void => {
    const theme = current.theme === "system" ? (dark.matches ? "dark" : "light") : current.theme;
    page.dataset["theme"] = theme;
    page.dataset["contrast"] = current.contrast === "more" || contrast.matches ? "more" : "normal";
    page.dataset["density"] = current.density;
  };
  dark.addEventListener("change", apply);
  contrast.addEventListener("change", apply);
  apply();
  return {
    get: () => current,
    set: (change) => {
      current = { ...current, ...change };
      writeStored(local, key, JSON.stringify(current));
      apply();
      for (const listen of listeners) listen();
    },
    subscribe: (listen) => {
      listeners.add(listen);
      return () => listeners.delete(listen);
    },
  };
}

/** The preferences as React state. */
export function usePreferences(store: PreferenceStore): Preferences {
  return useSyncExternalStore(store.subscribe, store.get);
}
