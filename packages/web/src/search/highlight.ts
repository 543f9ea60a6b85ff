/** Which pieces of a text were searched for. Folds as the server does: without case, accents and vowel signs. Pure. */

/** A piece of a text. */
export interface Piece {
  readonly text: string;
  readonly isFound: boolean;
}

const marks = /[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed]/gu;
/** Letters that are searched for as others. */
const others: Readonly<Record<string, string>> = {
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
/** Scripts without blanks between words, where any part of a text is found. */
const unspaced =
  /[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{scx=Bopomofo}\p{scx=Hangul}\p{scx=Thai}\p{scx=Lao}\p{scx=Khmer}\p{scx=Myanmar}\p{scx=Tibetan}]/u;
const inWord = /[\p{L}\p{M}\p{N}_]/u;

/** The text in pieces, in its order; together they are the text. */
export function markWords(text: string, words: readonly string[]): readonly Piece[] {
  const { folded, places } = fold(text);
  const found: (readonly [number, number])[] = [];
  for (const word of words) {
    const wanted = fold(word.replace(/\*$/u, "")).folded.trim();
    if (wanted === "") continue;
    for (let at = folded.indexOf(wanted); at >= 0; at = folded.indexOf(wanted, at + 1)) {
      const isBegin = at === 0 || !inWord.test(folded[at - 1] ?? "") || unspaced.test(wanted);
      if (isBegin) found.push([places[at] ?? 0, places[at + wanted.length] ?? text.length]);
    }
  }
  const pieces: Piece[] = [];
  let end = 0;
  const add = (from: number, to: number, isFound: boolean): void => {
    if (to > from) pieces.push({ text: text.slice(from, to), isFound });
  };
  for (const [from, to] of found.toSorted(([a], [b]) => a - b)) {
    if (to <= end) continue;
    add(end, Math.max(from, end), false);
    add(Math.max(from, end), to, true);
    end = to;
  }
  add(end, text.length, false);
  return pieces;
}

/** `places`: of each code unit of the folded text, where it comes from; one more for the end. */
function fold(text: string): { readonly folded: string; readonly places: readonly number[] } {
  let folded = "";
  const places: number[] = [];
  let at = 0;
  for (const sign of text) {
    const plain = sign.normalize("NFKD").toLowerCase().replace(marks, "").normalize("NFC");
    for (const letter of plain) {
      const other = others[letter] ?? letter;
      folded += other;
      for (let unit = 0; unit < other.length; unit += 1) places.push(at);
    }
    at += sign.length;
  }
  // A mark that was left out belongs to the letter before it.
  return { folded, places: [...places, text.length] };
}

/** A long text from a little before what was found on. */
export function aroundFirst(text: string, words: readonly string[], most: number): string {
  if (text.length <= most) return text;
  const pieces = markWords(text, words);
  const before = pieces[0]?.isFound === false ? pieces[0].text.length : 0;
  const lead = Math.floor(most / 4);
  if (pieces.length < 2 || before <= lead) return `${text.slice(0, most).trimEnd()} …`;
  const from = text.indexOf(" ", before - lead) + 1;
  const piece = text.slice(from, from + most);
  return `… ${piece.trim()}${from + most < text.length ? " …" : ""}`;
}
