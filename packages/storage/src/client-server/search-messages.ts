/** Searching. What the engine's index brings up, in the order of results, is looked at one by one until a page is full. */
import type { SearchPage, SearchQuery } from "@parlance/core";
import { type Clause, clausePattern } from "@parlance/core/search";
import { StorageError } from "@parlance/core/storage-error";
import { beginsWithJoining } from "../sql/room-settings.ts";
import { messagesByNumber } from "./read-messages.ts";
import { type Cell, EngineError, type Parameter, type Pool, type Session } from "./session.ts";

/** A statement of a search that has not ended by then is given up by the server, milliseconds. */
export const searchMs = 2_000;

/** A piece of SQL with its parameters. */
export type Condition = readonly [sql: string, ...values: Parameter[]];

/** What an engine's index has to say about a query. */
export interface Candidates {
  /** Tables, `m` among them: the messages. */
  readonly from: Condition;
  /** Names of the columns that have a message's time and number and are in the index. */
  readonly time: string;
  readonly number: string;
  readonly conditions: readonly Condition[];
  /** What it does not answer, or not exactly. */
  readonly unanswered: readonly Clause[];
}

/** How an engine searches. */
export interface SearchWay {
  /** Begins a transaction that reads one state of everything, and whose statements end after `searchMs`. */
  readonly begin: readonly string[];
  /** Put before and behind `SELECT`, where the engine bounds single statements. */
  readonly select: string;
  /** A condition that a text has another in it: of two expressions. */
  contains(text: string, part: string): string;
  candidates(session: Session, query: SearchQuery): Promise<Candidates>;
}

/** On a connection of its own; tried once, since what took too long would do so again. @throws StorageError */
export async function searchMessages(
  pool: Pool,
  way: SearchWay,
  query: SearchQuery,
): Promise<SearchPage> {
  let isBroken = true;
  try {
    const connection = await pool.acquire();
    try {
      for (const statement of way.begin) await connection.exec(statement);
      const page = await readPage(connection, way, query);
      await connection.exec("COMMIT");
      isBroken = false;
      return page;
    } finally {
      connection.release(isBroken);
    }
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    throw new StorageError(error.message, "none", { cause: error });
  }
}

async function readPage(session: Session, way: SearchWay, query: SearchQuery): Promise<SearchPage> {
  const candidates = await way.candidates(session, query);
  const { time, number } = candidates;
  const [from, ...tables] = candidates.from;
  const conditions = [
    ...candidates.conditions,
    ...candidates.unanswered.map(
      (clause): Condition => [
        way.contains("concat(' ', m.terms, ' ')", "?"),
        clausePattern(clause),
      ],
    ),
    ...conditionsOf(query, time, number),
  ];
  const rows = await session.all<{ number: number }>(
    `${way.select} m.number FROM ${from} JOIN {rooms} r ON r.room = m.room
     WHERE ${conditions.map(([sql]) => sql).join(" AND ")}
     ORDER BY ${time} DESC, ${number} DESC LIMIT ?`,
    ...tables,
    ...conditions.flatMap(([, ...values]) => values),
    query.limit + 1,
  );
  const numbers = rows.map((row) => Number(row.number));
  return {
    messages: await messagesByNumber(session, numbers.slice(0, query.limit)),
    hasMore: numbers.length > query.limit,
  };
}

function conditionsOf(query: SearchQuery, time: string, number: string): Condition[] {
  const { within, rooms, authors, has, after, before, behind } = query;
  const conditions: Condition[] = [["m.deleted_at IS NULL"]];
  if (after !== undefined) conditions.push([`${time} >= ?`, after]);
  if (before !== undefined) conditions.push([`${time} < ?`, before]);
  if (behind !== undefined) {
    const { time: at, number: of } = behind;
    // The first half alone is what an index is entered by.
    conditions.push([`${time} <= ?`, at], [`(${time} < ? OR ${number} < ?)`, at, of]);
  }
  if (rooms !== undefined) conditions.push(["m.room IN (?*)", rooms]);
  if (authors !== undefined) conditions.push(["m.author IN (?*)", authors]);
  if (has.includes("reaction")) {
    conditions.push(["EXISTS (SELECT 1 FROM {reactions} x WHERE x.message_id = m.id)"]);
  }
  if (within !== undefined) {
    const { kinds, own, joined, user } = within;
    conditions.push([
      `(r.kind IN (?*) OR m.room IN (?*) OR (r.kind IN (?*)
        AND EXISTS (SELECT 1 FROM {members} x WHERE x.room = m.room AND x.user_id = ?
          AND (m.sequence > x.joined_sequence OR NOT ${beginsWithJoining("r.settings")}))))`,
      notEmpty(kinds),
      notEmpty(own),
      notEmpty(joined),
      user satisfies Cell,
    ]);
  }
  return conditions;
}

/** A list for `IN`, which must not be empty; no name is empty. */
function notEmpty(names: readonly string[]): readonly string[] {
  return names.length === 0 ? [""] : names;
}
