/** The language of the search field: words, `"phrases"`, `begin*`, and `from:`, `in:`, `has:`, `before:`, `after:`, `on:`. */
import { ProtocolError } from "@parlance/protocol";
import { type Clause, clauseOf } from "./clauses.ts";
import { type SearchFeature, searchFeatures } from "./terms.ts";

/** What a text asks for. All of it must be so; of several `from` or `in` one. */
export interface QueryText {
  readonly clauses: readonly Clause[];
  /** As they were written. */
  readonly from: readonly string[];
  readonly in: readonly string[];
  readonly has: readonly SearchFeature[];
  /** Milliseconds since 1970: of this time or later, and earlier than. */
  readonly after?: number;
  readonly before?: number;
}

/** Clauses, and terms in all of them. */
const maxClauses = 32;
const maxTerms = 64;

const part = /(?:(from|in|has|before|after|on):)?(?:"([^"]*)"?|([^\s"]+))/giu;

/**
 * Reads a text. Whatever is no known word of the language is searched for as it is.
 *
 * @param isGrowing Whether the last word may go on: somebody is typing it.
 * @throws ProtocolError `bad_request` for a date that is none, an unknown `has:`, and more words than are searched for at once.
 */
export function readQueryText(text: string, isGrowing = false): QueryText {
  const clauses: Clause[] = [];
  const named = { from: [] as string[], in: [] as string[] };
  const has = new Set<SearchFeature>();
  let after: number | undefined;
  let before: number | undefined;
  for (const { 1: key, 2: quoted, 3: bare = "", index, 0: whole } of text.matchAll(part)) {
    const value = quoted ?? bare;
    const name = key?.toLowerCase();
    if (name === undefined) {
      const isLast = index + whole.length === text.length;
      const mayGrow = quoted === undefined && (bare.endsWith("*") || (isGrowing && isLast));
      const clause = clauseOf(value, mayGrow);
      if (clause !== undefined)
        clauses.push({ ...clause, isPrefix: mayGrow && isLongEnough(clause) });
    } else if (name === "from" || name === "in") named[name].push(value);
    else if (name === "has") has.add(featureOf(value));
    else {
      const [begin, end] = spanOf(value);
      if (name !== "before") after = Math.max(begin, after ?? begin);
      if (name !== "after") before = Math.min(name === "on" ? end : begin, before ?? Infinity);
    }
  }
  const count = clauses.reduce((sum, { terms }) => sum + terms.length, 0);
  if (clauses.length > maxClauses || count > maxTerms) refuse();
  return {
    clauses,
    ...named,
    has: [...has],
    ...(after === undefined ? {} : { after }),
    ...(before === undefined ? {} : { before }),
  };
}

/** Half of all words begin with one letter or another; of what is written without blanks one character is a word. */
function isLongEnough({ terms }: Clause): boolean {
  const last = terms.at(-1) ?? "";
  return last.length > 1 || !/^[\p{scx=Latin}\p{scx=Cyrillic}\p{scx=Greek}\p{N}_]$/u.test(last);
}

function refuse(): never {
  throw new ProtocolError("bad_request", { field: "query" });
}

function featureOf(value: string): SearchFeature {
  const wanted = value.toLowerCase().replace(/s$/, "");
  return searchFeatures.find((feature) => feature === wanted) ?? refuse();
}

/** Begin and end of a year, a month, a day (UTC) or a moment, in milliseconds since 1970; the end is not in it. */
function spanOf(value: string): readonly [number, number] {
  const date = /^(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?$/.exec(value);
  if (date === null) {
    const moment = /^\d{4}-\d{2}-\d{2}T/.test(value) ? Date.parse(value) : Number.NaN;
    return Number.isNaN(moment) ? refuse() : [moment, moment + 1];
  }
  const [, year, month, day] = date.map(Number) as [number, number, number, number];
  const begin = new Date(Date.UTC(year, (month || 1) - 1, day || 1));
  const isReal = begin.getUTCMonth() === (month || 1) - 1 && begin.getUTCDate() === (day || 1);
  if (!isReal) refuse();
  const end = new Date(begin);
  if (Number.isNaN(month)) end.setUTCFullYear(year + 1);
  else if (Number.isNaN(day)) end.setUTCMonth(month);
  else end.setUTCDate(day + 1);
  return [begin.getTime(), end.getTime()];
}
