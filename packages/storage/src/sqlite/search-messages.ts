/** Searching, in a thread of its own. */
import type { SearchPage, SearchQuery } from "@parlance/core";
import { authorTerm, type Clause, featureTerm, roomTerm } from "@parlance/core/search";
import { beginsWithJoining } from "../sql/room-settings.ts";
import type { Database, Value } from "./database.ts";
import { inSnapshot } from "./in-snapshot.ts";
import { messagesByNumber } from "./read-messages.ts";

export interface SearchReads {
  search(query: SearchQuery): SearchPage;
}

/** A search that has not ended by then is given up, milliseconds. */
export const searchMs = 2_000;

/** @param now Milliseconds, monotonic. */
export function createSearchReads(database: Database, now: () => number): SearchReads {
  let deadline = 0;
  // Asked at every message that the index brings up.
  database.define("in_time", () => {
    if (now() > deadline) throw new Error("the search takes too long");
    return 1;
  });
  return {
    search: (query) => {
      deadline = now() + searchMs;
      return inSnapshot(database, () => {
        const { sql, values } = statementOf(query);
        const numbers = database.all<{ number: number }>(sql, ...values).map((row) => row.number);
        const hasMore = numbers.length > query.limit;
        const messages = messagesByNumber(database, numbers.slice(0, query.limit));
        return { messages, hasMore };
      });
    },
  };
}

/** The tables in the order in which they are to be read: `CROSS JOIN` keeps it. */
function statementOf(query: SearchQuery): { readonly sql: string; readonly values: Value[] } {
  const { within, rooms, authors, has, after, before, behind, limit } = query;
  const conditions = ["message_terms MATCH ?"];
  const values: Value[] = [matchOf(query)];
  const where = (condition: string, ...given: Value[]): void => {
    conditions.push(condition);
    values.push(...given);
  };
  if (after !== undefined) where("message_terms.rowid >= CAST(? AS INTEGER) * 1048576", after);
  if (before !== undefined) where("message_terms.rowid < CAST(? AS INTEGER) * 1048576", before);
  if (behind !== undefined) {
    where(
      "message_terms.rowid < CAST(? AS INTEGER) * 1048576 + CAST(? AS INTEGER) % 1048576",
      behind.time,
      behind.number,
    );
  }
  where("in_time()");
  if (rooms !== undefined) {
    where("messages.room IN (SELECT value FROM json_each(?))", JSON.stringify(rooms));
  }
  if (authors !== undefined) {
    where("messages.author IN (SELECT value FROM json_each(?))", JSON.stringify(authors));
  }
  if (has.includes("reaction")) {
    where("EXISTS (SELECT 1 FROM reactions WHERE message_id = messages.id)");
  }
  if (within !== undefined) {
    where(
      `(rooms.kind IN (SELECT value FROM json_each(?))
        OR messages.room IN (SELECT value FROM json_each(?))
        OR rooms.kind IN (SELECT value FROM json_each(?))
          AND EXISTS (SELECT 1 FROM members WHERE members.room = messages.room AND user = ?
            AND (messages.sequence > joined_sequence OR NOT ${beginsWithJoining("rooms.settings")})))`,
      JSON.stringify(within.kinds),
      JSON.stringify(within.own),
      JSON.stringify(within.joined),
      within.user,
    );
  }
  values.push(limit + 1);
  return {
    sql: `SELECT messages.number FROM message_terms
      CROSS JOIN messages ON messages.place = message_terms.rowid
      CROSS JOIN rooms ON rooms.room = messages.room
      WHERE ${conditions.join(" AND ")} ORDER BY message_terms.rowid DESC LIMIT ?`,
    values,
  };
}

/** FTS5's own language: `"a" AND "b c" * AND ("d" OR "e")`. No term has a quotation mark in it. */
function matchOf({ clauses, rooms, authors, has }: SearchQuery): string {
  const features = has.flatMap((feature) => (feature === "reaction" ? [] : [featureTerm(feature)]));
  return [
    ...clauses.map(phrase),
    ...features.map(quoted),
    ...(rooms === undefined ? [] : [anyOf(rooms.map(roomTerm))]),
    ...(authors === undefined ? [] : [anyOf(authors.map(authorTerm))]),
  ].join(" AND ");
}

function phrase({ terms, isPrefix }: Clause): string {
  return `${quoted(terms.join(" "))}${isPrefix ? " *" : ""}`;
}

function anyOf(terms: readonly string[]): string {
  return `(${terms.map(quoted).join(" OR ")})`;
}

function quoted(text: string): string {
  return `"${text}"`;
}
