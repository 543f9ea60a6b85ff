/**
 * Searching with a GIN index over the terms as an array of lexemes: no dictionary, no list of stop words. It knows which terms a
 * message has, and not where: phrases are looked for in the terms themselves.
 */
import { authorTerm, type Clause, featureTerm, roomTerm } from "@parlance/core/search";
import { type SearchWay, searchMs } from "../client-server/search-messages.ts";

/** As the index is made: an expression that is to be used has to be the same. */
export const lexemes = "array_to_tsvector(string_to_array(terms, ' '))";

export const postgresSearch: SearchWay = {
  begin: [
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    `SET LOCAL statement_timeout = ${searchMs}`,
    // How often a term is in use decides how to go about it: a plan made for all terms is a bad one for most.
    "SET LOCAL plan_cache_mode = force_custom_plan",
  ],
  select: "SELECT",
  contains: (text, part) => `position(${part} in ${text}) > 0`,
  candidates: async (_session, { clauses, rooms, authors, has }) => {
    const features = has.flatMap((name) => (name === "reaction" ? [] : [featureTerm(name)]));
    const wanted = [
      ...clauses.flatMap(lexemesOf),
      ...features.map(quoted),
      ...(rooms === undefined ? [] : [anyOf(rooms.map(roomTerm))]),
      ...(authors === undefined ? [] : [anyOf(authors.map(authorTerm))]),
    ];
    return {
      from: ["{messages} m"],
      time: "m.time",
      number: "m.number",
      conditions: [
        [`${lexemes.replace("terms", "m.terms")} @@ CAST(? AS tsquery)`, wanted.join(" & ")],
      ],
      unanswered: clauses.filter(({ terms }) => terms.length > 1),
    };
  },
};

function lexemesOf({ terms, isPrefix }: Clause): string[] {
  return terms.map((term, place) =>
    isPrefix && place === terms.length - 1 ? `${quoted(term)}:*` : quoted(term),
  );
}

function anyOf(terms: readonly string[]): string {
  return `(${terms.map(quoted).join(" | ")})`;
}

/** No term has a quotation mark or a backslash in it. */
function quoted(term: string): string {
  return `'${term}'`;
}
