/** What stands for a person where there is no room for a name. */

/**
 * A stable hue in degrees, 0-359, from an opaque id (FNV-1a). Twenty-four steps: closer ones cannot be told
 * apart at the size of an avatar.
 */
export function hueOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < id.length; index += 1) {
    hash = Math.imul(hash ^ id.charCodeAt(index), 0x01000193) >>> 0;
  }
  return (hash % 24) * 15;
}

/** The first letters of the first and last word, at most two. Whole grapheme clusters, so no broken letters. */
export function initialsOf(name: string): string {
  const words = name.split(/[\s_.-]+/u).filter((word) => /[\p{L}\p{N}]/u.test(word));
  const first = firstLetter(words[0] ?? name);
  const last = words.length > 1 ? firstLetter(words.at(-1) ?? "") : "";
  return (first + last).toLocaleUpperCase();
}

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

function firstLetter(word: string): string {
  const all = Array.from(graphemes.segment(word), ({ segment }) => segment);
  return all.find((one) => /[\p{L}\p{N}]/u.test(one)) ?? all[0] ?? "";
}
