/** How rooms are found by the beginnings of words, in the same way on every engine. */

/** Words of one text that are looked at. */
const maxWords = 32;
/** What is kept of a text, in UTF-16 code units: a character may become many. */
const maxTerms = 2_000;
/** Beginnings that one query may ask for. */
const maxQueryWords = 8;

/** Words without case and accents: `Über Kaffee` is `uber`, `kaffee`. */
export function foldedWords(text: string): string[] {
  const folded = text.normalize("NFKD").replaceAll(/\p{M}/gu, "").toLowerCase();
  return (folded.match(/[\p{L}\p{N}]+/gu) ?? []).slice(0, maxWords);
}

/** The beginnings that a query asks for; none where it asks for nothing. */
export function directoryWords(query: string): string[] {
  return foldedWords(query).slice(0, maxQueryWords);
}

/** What is kept beside a room: a blank before each word, so that ` kaf` is found in ` uber kaffee`. */
export function directoryTerms(title: string, topic: string | undefined): string {
  const words = [...foldedWords(title), ...foldedWords(topic ?? "")];
  return words
    .map((word) => ` ${word}`)
    .join("")
    .slice(0, maxTerms);
}
