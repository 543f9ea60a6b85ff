/** Which words of a text another one has and has not. Pure. */

/** A stretch of both texts, or of one. */
export interface Stretch {
  readonly kind: "same" | "removed" | "added";
  readonly text: string;
}

/** More steps than these are not looked through: the middle of long texts is told as replaced. */
const mostSteps = 1_000_000;

/**
 * In the order of reading, what was removed before what came in its place. Words as the language has them; those that stand between two
 * changes with nothing but blanks go along with them.
 *
 * @param language A BCP 47 tag.
 */
export function wordChanges(before: string, after: string, language: string): readonly Stretch[] {
  const old = wordsOf(before, language);
  const now = wordsOf(after, language);
  let start = 0;
  while (start < old.length && start < now.length && old[start] === now[start]) start += 1;
  let end = 0;
  const most = Math.min(old.length, now.length) - start;
  while (end < most && old[old.length - 1 - end] === now[now.length - 1 - end]) end += 1;
  const middle = between(old.slice(start, old.length - end), now.slice(start, now.length - end));
  return joined([
    ...old.slice(0, start).map(same),
    ...middle,
    ...old.slice(old.length - end).map(same),
  ]);
}

function wordsOf(text: string, language: string): readonly string[] {
  const segments = new Intl.Segmenter(language, { granularity: "word" }).segment(text);
  return Array.from(segments, ({ segment }) => segment);
}

function same(text: string): Stretch {
  return { kind: "same", text };
}

/** By the longest common row of words. */
function between(old: readonly string[], now: readonly string[]): readonly Stretch[] {
  const removed = (text: string): Stretch => ({ kind: "removed", text });
  const added = (text: string): Stretch => ({ kind: "added", text });
  if (old.length * now.length > mostSteps) return [...old.map(removed), ...now.map(added)];
  const width = now.length + 1;
  /** At `row * width + column`: how many words the rests from there have in common. */
  const common = new Uint32Array((old.length + 1) * width);
  const at = (row: number, column: number): number => common[row * width + column] ?? 0;
  for (let row = old.length - 1; row >= 0; row -= 1) {
    for (let column = now.length - 1; column >= 0; column -= 1) {
      common[row * width + column] =
        old[row] === now[column]
          ? at(row + 1, column + 1) + 1
          : Math.max(at(row + 1, column), at(row, column + 1));
    }
  }
  const found: Stretch[] = [];
  let row = 0;
  let column = 0;
  while (row < old.length || column < now.length) {
    const [here = "", there = ""] = [old[row], now[column]];
    if (row < old.length && column < now.length && here === there) {
      found.push(same(here));
      row += 1;
      column += 1;
    } else if (
      column >= now.length ||
      (row < old.length && at(row + 1, column) >= at(row, column + 1))
    ) {
      found.push(removed(here));
      row += 1;
    } else {
      found.push(added(there));
      column += 1;
    }
  }
  return found;
}

/** Neighbours of a kind as one, and each change as what went and what came. */
function joined(all: readonly Stretch[]): readonly Stretch[] {
  const found: Stretch[] = [];
  let removed = "";
  let added = "";
  const flush = (): void => {
    if (removed !== "") found.push({ kind: "removed", text: removed });
    if (added !== "") found.push({ kind: "added", text: added });
    removed = "";
    added = "";
  };
  all.forEach(({ kind, text }, index) => {
    const isWithin = removed !== "" && added !== "" && text.trim() === "";
    if (kind === "removed") removed += text;
    else if (kind === "added") added += text;
    else if (isWithin && all[index + 1] !== undefined && all[index + 1]?.kind !== "same") {
      removed += text;
      added += text;
    } else {
      flush();
      const last = found.at(-1);
      if (last?.kind === "same") found[found.length - 1] = same(last.text + text);
      else found.push(same(text));
    }
  });
  flush();
  return found;
}
