/**
 * What somebody types into the search, as people write it: names of people and titles of rooms, days of their own time zone. The
 * server knows ids, and days of UTC. Pure.
 */

/** A person or a room that can be named. */
export interface Named {
  readonly id: string;
  readonly name: string;
}

/** Whom and what a text may name. */
export interface Names {
  readonly people: readonly Named[];
  readonly rooms: readonly Named[];
}

/** What goes to the server, and what is to be marked in what comes back. */
export interface CompiledQuery {
  readonly query: string;
  /** ISO 8601: of this time or later, and earlier than. */
  readonly after?: string;
  readonly before?: string;
  /** Words and phrases as they were written. */
  readonly words: readonly string[];
}

/** Operators, in the order in which they are offered. */
export const operators = ["from", "in", "has", "before", "after"] as const;
/** One of them. */
export type Operator = (typeof operators)[number];

const part = /(?:(from|in|has|before|after|on):)?(?:"([^"]*)"?|([^\s"]+))/giu;

/** The text as the server understands it. What names nobody goes as it is: a user name, an id. */
export function compileQuery(text: string, names: Names): CompiledQuery {
  const parts: string[] = [];
  const words: string[] = [];
  let after = Number.NEGATIVE_INFINITY;
  let before = Number.POSITIVE_INFINITY;
  for (const { 0: whole, 1: key, 2: quoted, 3: bare = "" } of text.matchAll(part)) {
    const value = quoted ?? bare;
    const name = key?.toLowerCase();
    const span = name === "before" || name === "after" || name === "on" ? spanOf(value) : undefined;
    if (name === "from" || name === "in") {
      const known = name === "from" ? names.people : names.rooms;
      const ids = known.filter((one) => isCalled(one, value)).map(({ id }) => `${name}:${id}`);
      parts.push(...(ids.length === 0 ? [whole] : ids));
    } else if (span !== undefined) {
      if (name !== "before") after = Math.max(after, span[0]);
      if (name !== "after") before = Math.min(before, name === "on" ? span[1] : span[0]);
    } else {
      parts.push(whole);
      if (name === undefined && value !== "") words.push(value);
    }
  }
  return {
    query: parts.join(" "),
    words,
    ...(Number.isFinite(after) ? { after: new Date(after).toISOString() } : {}),
    ...(Number.isFinite(before) ? { before: new Date(before).toISOString() } : {}),
  };
}

function isCalled({ name }: Named, value: string): boolean {
  return name.toLocaleLowerCase() === value.replace(/^[@#]/u, "").toLocaleLowerCase();
}

/** Begin and end of a year, month or day where the reader is, in milliseconds since 1970; undefined: it is none. */
export function spanOf(value: string): readonly [number, number] | undefined {
  const date = /^(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?$/.exec(value);
  if (date === null) return undefined;
  const [year = 0, month, day] = date.slice(1).map((one) => (one === undefined ? 0 : Number(one)));
  const begin = new Date(year, (month || 1) - 1, day || 1);
  if (begin.getMonth() !== (month || 1) - 1 || begin.getDate() !== (day || 1)) return undefined;
  const end = new Date(begin);
  if (!month) end.setFullYear(year + 1);
  else if (!day) end.setMonth(begin.getMonth() + 1);
  else end.setDate(begin.getDate() + 1);
  return [begin.getTime(), end.getTime()];
}

/** A day as it is typed: `2026-11-27`, where the reader is. */
export function dayOf(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** What is being written at the caret: an operator with the beginning of its value, or a word. */
export interface Writing {
  /** Undefined: a word, which may become an operator. */
  readonly operator: Operator | undefined;
  /** The beginning of the value, or of the word. */
  readonly begun: string;
  /** Where it begins in the text; it ends at the caret. */
  readonly start: number;
}

/** @param caret Place in the text, in UTF-16 code units. */
export function writingAt(text: string, caret: number): Writing {
  const before = text.slice(0, caret);
  const named = /(?:^|\s)(from|in|has|before|after):(?:"([^"]*)|([^\s"]*))$/iu.exec(before);
  if (named !== null) {
    const [whole, operator = "", quoted, bare = ""] = named;
    return {
      operator: operator.toLowerCase() as Operator,
      begun: quoted ?? bare,
      start: before.length - whole.trimStart().length,
    };
  }
  const word = /[^\s"]*$/u.exec(before)?.[0] ?? "";
  return { operator: undefined, begun: word, start: caret - word.length };
}

/** The text with what is being written replaced, and where the caret is then. */
export function complete(
  text: string,
  { start }: Writing,
  caret: number,
  piece: string,
): { readonly text: string; readonly caret: number } {
  const rest = text.slice(caret).replace(/^"/u, "");
  const begin = text.slice(0, start) + piece;
  return { text: begin + rest, caret: begin.length };
}

/** An operator with its value, in quotes where that has a blank. */
export function written(operator: Operator, value: string): string {
  return /\s/u.test(value)
    ? `${operator}:"${value.replaceAll('"', "")}" `
    : `${operator}:${value} `;
}
