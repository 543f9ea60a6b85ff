/**
 * Search terms of a text, separated by blanks, made by us at write time so that every engine finds the same:
 * NFKC, lower case, letters and digits only. Scripts that are written without blanks (Chinese, Japanese,
 * Korean, Thai, …) are cut by the segmenter; plain ASCII needs no segmenter and is split by hand.
 */
export function createSearchTerms(): (text: string) => string {
  // Its dictionaries take tens of milliseconds, and the first text may be plain for a long time.
  let segmenter: Intl.Segmenter | undefined;
  return (text) => {
    if (isAscii(text)) return terms(text.toLowerCase(), /[a-z0-9_]+/g);
    const folded = text.normalize("NFKC").toLowerCase();
    if (
      !/[^\p{ASCII}\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}\p{P}\p{S}\p{M}\p{Z}]/u.test(
        folded,
      )
    ) {
      return terms(folded, /[\p{L}\p{M}\p{N}_]+/gu);
    }
    const words: string[] = [];
    segmenter ??= new Intl.Segmenter("und", { granularity: "word" });
    for (const { segment, isWordLike } of segmenter.segment(folded)) {
      if (isWordLike === true) words.push(segment);
    }
    return words.join(" ");
  };
}

function terms(text: string, word: RegExp): string {
  return text.match(word)?.join(" ") ?? "";
}

function isAscii(text: string): boolean {
  return /^[\x00-\x7f]*$/.test(text);
}
