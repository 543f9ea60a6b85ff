/** Emoji by name. Loaded with the table, when somebody searches or wants to see all. Pure. */
import type { TextKey } from "../texts/translate.ts";
import { emojiTable } from "./table.ts";

/** One sign with its name in English. */
export interface NamedEmoji {
  readonly sign: string;
  readonly name: string;
}

/** Signs found at most. */
const foundMost = 64;

/** What people call them beside the names of Unicode. */
const calledToo: Readonly<Record<string, string>> = {
  "👍": "+1 like yes",
  "👎": "-1 dislike no",
  "😂": "lol laugh",
  "🤣": "lol rofl laugh",
  "❤️": "love",
  "🎉": "tada celebrate hooray",
  "🙏": "thanks thank you please pray",
  "✅": "done ok tick",
  "🚀": "ship launch",
  "🔥": "hot lit",
  "👀": "look see",
  "🤷": "shrug",
  "🤦": "facepalm",
  "😭": "cry sob",
  "🥳": "party",
  "👏": "applause bravo",
};

/** All of them, by group. */
export const emojiGroups: readonly {
  readonly name: TextKey;
  readonly emoji: readonly NamedEmoji[];
}[] = emojiTable.map(([name, list]) => ({
  name,
  emoji: list.split(/[|\n]/u).map((entry) => {
    const blank = entry.indexOf(" ");
    return { sign: entry.slice(0, blank), name: entry.slice(blank + 1) };
  }),
}));

/** Those whose names have a word that begins with each word of the query; whole words and short names first. */
export function findEmoji(query: string): readonly NamedEmoji[] {
  const words = query
    .toLowerCase()
    .split(/[\s_:]+/u)
    .filter(Boolean);
  if (words.length === 0) return [];
  const found: (NamedEmoji & { readonly rank: number })[] = [];
  for (const { emoji } of emojiGroups) {
    for (const one of emoji) {
      const names = `${one.name} ${calledToo[one.sign] ?? ""}`.split(/[\s-]+(?!1)|\s/u);
      const isFound = words.every((word) => names.some((name) => name.startsWith(word)));
      if (!isFound) continue;
      const whole = words.every((word) => names.includes(word)) ? 0 : 100;
      found.push({ ...one, rank: whole + one.name.split(" ").length });
    }
  }
  return found.toSorted((a, b) => a.rank - b.rank).slice(0, foundMost);
}
