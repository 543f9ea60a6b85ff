/** Searching with terms as rows: the rarest of what has to be there is followed from its newest message on, the rest is looked for there. */
import type { SearchQuery } from "@parlance/core";
import { authorTerm, featureTerm, roomTerm } from "@parlance/core/search";
import type { Candidates, Condition, SearchWay } from "../client-server/search-messages.ts";
import { searchMs } from "../client-server/search-messages.ts";
import type { Session } from "../client-server/session.ts";

/** Messages of a term up to which it is counted: from there on one is as good as the other. */
const counted = 2_000;

/** MariaDB reads the first comment, MySQL the second. */
const bounded = `/*M! SET STATEMENT max_statement_time = ${searchMs / 1_000} FOR */ SELECT /*+ MAX_EXECUTION_TIME(${searchMs}) */`;

export const mysqlSearch: SearchWay = {
  begin: [
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
    "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
  ],
  select: bounded,
  contains: (text, part) => `LOCATE(${part}, ${text}) > 0`,
  candidates: async (session, query) => {
    const whole = await rarest(session, wholeTerms(query));
    if (whole === undefined) return bySeveral(query);
    return {
      from: ["{message_terms} t STRAIGHT_JOIN {messages} m ON m.number = t.number"],
      time: "t.time",
      number: "t.number",
      conditions: [["t.term = ?", whole], ...featuresOf(query, whole)],
      unanswered: query.clauses.filter(
        ({ terms, isPrefix }) => isPrefix || terms.length > 1 || terms[0] !== whole,
      ),
    };
  },
};

/** Terms that every result has. */
function wholeTerms({ clauses, rooms, authors, has }: SearchQuery): string[] {
  const [room, ...otherRooms] = rooms ?? [];
  const [author, ...otherAuthors] = authors ?? [];
  return [
    ...clauses.flatMap(({ terms, isPrefix }) => (isPrefix ? terms.slice(0, -1) : terms)),
    ...has.flatMap((name) => (name === "reaction" ? [] : [featureTerm(name)])),
    ...(author === undefined || otherAuthors.length > 0 ? [] : [authorTerm(author)]),
    ...(room === undefined || otherRooms.length > 0 ? [] : [roomTerm(room)]),
  ];
}

async function rarest(session: Session, terms: readonly string[]): Promise<string | undefined> {
  let found: { readonly term: string; readonly count: number } | undefined;
  for (const term of new Set(terms)) {
    const row = await session.get<{ found: number }>(
      `${bounded} count(*) AS found FROM (
         SELECT 1 FROM {message_terms} WHERE term = ? LIMIT ${counted}) c`,
      term,
    );
    const count = Number(row?.found ?? 0);
    if (found === undefined || count < found.count) found = { term, count };
    if (count === 0) break;
  }
  return found?.term;
}

function featuresOf({ has }: SearchQuery, known?: string): Condition[] {
  return has.flatMap((name): Condition[] => {
    if (name === "reaction" || featureTerm(name) === known) return [];
    return [["LOCATE(?, concat(' ', m.terms, ' ')) > 0", ` ${featureTerm(name)} `]];
  });
}

/** Where one of several terms has to be there, all their messages have to be read before one is known to be the newest. */
function bySeveral(query: SearchQuery): Candidates {
  const { clauses, rooms = [], authors } = query;
  const growing = clauses.find(({ terms, isPrefix }) => isPrefix && terms.length === 1);
  const begin = growing?.terms[0];
  const terms = authors === undefined ? rooms.map(roomTerm) : authors.map(authorTerm);
  const condition: Condition =
    begin === undefined
      ? ["term IN (?*)", terms]
      : ["term >= ? AND term < ?", begin, `${begin}\u{10ffff}`];
  const [sql, ...values] = condition;
  return {
    from: [
      `(SELECT DISTINCT time, number FROM {message_terms} WHERE ${sql}) t
       STRAIGHT_JOIN {messages} m ON m.number = t.number`,
      ...values,
    ],
    time: "t.time",
    number: "t.number",
    conditions: featuresOf(query),
    unanswered: clauses.filter((clause) => clause !== growing),
  };
}
