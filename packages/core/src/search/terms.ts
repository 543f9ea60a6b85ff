/**
 * What a message is found by: *terms*, made by us when it is stored and when somebody searches, so that every engine finds the
 * same. No engine's own tokenizer has a word in it, and none of the platform's word lists, which differ between versions.
 *
 * - Text is folded: NFKC, lower case, without accents, Hebrew points and Arabic vowel signs; a few letters become others.
 * - A word is a run of letters, marks, digits and `_`; everything else separates.
 * - Scripts that are written without blanks between words (Chinese, Japanese, Thai, …), and Korean, whose words grow endings, are
 *   cut into single characters with their marks. Several in a row are searched for as a phrase: so any part of a text is found.
 */
import type { JsonObject, RoomId, UserId } from "@parlance/protocol";

/** UTF-16 code units. Longer words are found by their beginning, of a search too. */
const longestTerm = 40;

/** Beyond what Unicode decomposes: letters that people type without their strokes, and Arabic ones with several code points. */
const otherLetters: Readonly<Record<string, string>> = {
  ß: "ss",
  æ: "ae",
  œ: "oe",
  ø: "o",
  đ: "d",
  ð: "d",
  ł: "l",
  þ: "th",
  ı: "i",
  ς: "σ",
  ى: "ي",
  ی: "ي",
  ک: "ك",
  ة: "ه",
};
const otherLetter = new RegExp(`[${Object.keys(otherLetters).join("")}]`, "gu");

/** Accents (Latin, Greek, Cyrillic), Hebrew points and cantillation, Arabic vowel signs and the stroke that stretches words. */
const signs =
  /[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed]/gu;

const single =
  /[[\p{L}\p{N}]&&[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{scx=Bopomofo}\p{scx=Hangul}\p{scx=Thai}\p{scx=Lao}\p{scx=Khmer}\p{scx=Myanmar}\p{scx=Tibetan}]]\p{M}*/v;
const term = new RegExp(`${single.source}|(?:(?!${single.source})[\\p{L}\\p{M}\\p{N}_])+`, "gv");

/** Terms by which one message is found: all of the longest text in a script with blanks. Each costs a place in an index. */
const indexedTerms = 4_096;

/** The terms of a text, in its order; repeated as they are in it. */
export function textTerms(text: string): string[] {
  return (
    folded(text)
      .match(isAscii(text) ? /[a-z0-9_]+/g : term)
      ?.map(shortened) ?? []
  );
}

function folded(text: string): string {
  if (isAscii(text)) return text.toLowerCase();
  return text
    .normalize("NFKD")
    .toLowerCase()
    .replace(signs, "")
    .normalize("NFC")
    .replace(otherLetter, (letter) => otherLetters[letter] ?? letter);
}

/** Without cutting a pair in two. */
function shortened(word: string): string {
  if (word.length <= longestTerm) return word;
  return word.slice(0, longestTerm).replace(/[\ud800-\udbff]$/, "");
}

function isAscii(text: string): boolean {
  // oxlint-disable-next-line no-control-regex -- all of ASCII is meant
  return /^[\x00-\x7f]*$/.test(text);
}

/** What a message may have beside words. */
export const searchFeatures = ["link", "file", "code", "reaction"] as const;
export type SearchFeature = (typeof searchFeatures)[number];

/** A character that no word has, since it is no letter: what people write never looks like a facet. */
const facetMark = "\ue000";

/** The term of all messages of a room. Other rooms may have the same one: whoever uses it looks at the room as well. */
export function roomTerm(room: RoomId): string {
  return `${facetMark}r${shortHash(room)}`;
}

/** The term of all messages of an author; as `roomTerm`. */
export function authorTerm(author: UserId): string {
  return `${facetMark}a${shortHash(author)}`;
}

/** The term of all messages with a link, a file or code. Reactions come and go and are no term. */
export function featureTerm(feature: Exclude<SearchFeature, "reaction">): string {
  return `${facetMark}h${feature}`;
}

/** Where a message is, and what it says now. */
export interface SearchableMessage {
  readonly room: RoomId;
  readonly author: UserId;
  readonly text: string;
  readonly data?: JsonObject;
}

/** All terms of a message, separated by blanks: its facets, then its words in their order. */
export function messageTerms({ room, author, text, data }: SearchableMessage): string {
  const facets = [roomTerm(room), authorTerm(author)];
  if (/\bhttps?:\/\/\S/i.test(text)) facets.push(featureTerm("link"));
  if (Array.isArray(data?.["files"]) && data["files"].length > 0) facets.push(featureTerm("file"));
  if (text.includes("```")) facets.push(featureTerm("code"));
  return [...facets, ...textTerms(text).slice(0, indexedTerms)].join(" ");
}

/** 53 bits of a name, in 11 characters at most (cyrb53: a multiply-and-mix over UTF-16 code units). */
function shortHash(name: string): string {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let place = 0; place < name.length; place += 1) {
    const unit = name.charCodeAt(place);
    high = Math.imul(high ^ unit, 2_654_435_761);
    low = Math.imul(low ^ unit, 1_597_334_677);
  }
  high =
    Math.imul(high ^ (high >>> 16), 2_246_822_507) ^ Math.imul(low ^ (low >>> 13), 3_266_489_909);
  low =
    Math.imul(low ^ (low >>> 16), 2_246_822_507) ^ Math.imul(high ^ (high >>> 13), 3_266_489_909);
  return (4_294_967_296 * (2_097_151 & low) + (high >>> 0)).toString(36);
}
