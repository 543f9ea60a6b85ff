/** Draws a room into a shadow tree. Loaded when a page has an element with a room. */
import type { Client } from "@parlance/client";
import {
  createTexts,
  englishTexts,
  ParlanceProvider,
  Room,
  serverFiles,
  type TextSet,
  type Texts,
} from "@parlance/react";
import { createRoot, type Root } from "react-dom/client";
import { styleSheet } from "./style-sheet.ts";

const load: Readonly<Record<string, () => Promise<TextSet>>> = {
  de: async () => (await import("@parlance/react/texts/de")).de,
  fr: async () => (await import("@parlance/react/texts/fr")).fr,
  es: async () => (await import("@parlance/react/texts/es")).es,
  ja: async () => (await import("@parlance/react/texts/ja")).ja,
  ar: async () => (await import("@parlance/react/texts/ar")).ar,
};

/** What is drawn, and for whom. */
export interface Drawn {
  readonly client: Client;
  readonly room: string;
  /** A BCP 47 tag; English where there are no texts in it. */
  readonly language: string;
  /** The server's address, for files and pictures. */
  readonly server: string;
  /** The token that the client signed in with last. */
  token(): string;
}

export async function drawRoom(
  shadow: ShadowRoot,
  { client, room, language, server, token }: Drawn,
): Promise<Root> {
  const texts = await textsFor(language.slice(0, 2));
  const sheets = shadow.adoptedStyleSheets;
  // The element's own rules have the last word.
  if (!sheets.includes(styleSheet)) shadow.adoptedStyleSheets = [styleSheet, ...sheets];
  const root = createRoot(shadow);
  root.render(
    <ParlanceProvider client={client} texts={texts} options={serverFiles(server, token)}>
      <Room id={room} join />
    </ParlanceProvider>,
  );
  return root;
}

async function textsFor(language: string): Promise<Texts> {
  const set = await load[language]?.();
  return set === undefined ? englishTexts : createTexts(language, set);
}
