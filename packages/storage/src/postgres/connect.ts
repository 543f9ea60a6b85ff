/** The only file that knows `pg`. */
import { createHash } from "node:crypto";
import pg from "pg";
import {
  type Cell,
  type Connection,
  EngineError,
  type Parameter,
  type Pool,
  type Rows,
} from "../client-server/session.ts";
import type { ColumnType } from "../client-server/tables.ts";
import { createTexts } from "../client-server/text.ts";
import { engineError } from "./errors.ts";

/** How long a connection is waited for. */
const connectMs = 1_500;
/** The server gives up a statement, and the driver one that is not answered. */
const statementMs = 4_000;
const noAnswerMs = 5_000;
/** A lock that is held longer is tried for again. */
const lockMs = 1_000;
/** The server ends a transaction of a node that fell silent, which would hold its rooms' locks. */
const idleTransactionMs = 5_000;

/**
 * Every statement of ours enters its tables by a key. A prepared one that was planned while a table was small would go on to
 * read all of it, until the server happens to look at the table anew.
 */
const byKeyOnly = "-c enable_seqscan=off";

const arrayTypes: Readonly<Record<ColumnType, string>> = {
  text: "text[]",
  integer: "bigint[]",
  bytes: "bytea[]",
};

const int8 = 20;
const numeric = 1_700;

/** Where a database is, as `pg` takes it. */
export interface PostgresAddress {
  readonly connectionString: string;
  /** Before the name of every table and index. */
  readonly prefix: string;
}

/** A name in double quotes, whatever is in it. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/**
 * Opens connections when they are asked for.
 *
 * @param slowMs Instead of the usual time: for reads that may take longer than a send may.
 */
export function openPool(
  address: PostgresAddress,
  size: number,
  slowMs: number = statementMs,
): Pool {
  const given = new URL(address.connectionString);
  // The operator's own come last, so that they win.
  const options = [byKeyOnly, given.searchParams.get("options") ?? ""].join(" ").trim();
  given.searchParams.set("options", options);
  const pool = new pg.Pool({
    connectionString: given.href,
    max: size,
    connectionTimeoutMillis: connectMs,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 5_000,
    statement_timeout: slowMs,
    query_timeout: Math.max(noAnswerMs, slowMs + 1_000),
    lock_timeout: lockMs,
    idle_in_transaction_session_timeout: idleTransactionMs,
    application_name: "parlance",
    // Statements that are asked for together are sent together.
    pipeline: true,
    types: {
      // Counts and sums: ours stay below 2^53.
      getTypeParser: ((oid: number, format?: "text") =>
        oid === int8 || oid === numeric
          ? Number
          : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
    },
  });
  // A connection that dies while it is idle: the pool lets it go, and without a listener the process would end.
  pool.on("error", () => undefined);
  const texts = createTexts({
    name: (name) => quoted(`${address.prefix}${name}`),
    parameter: (place) => `$${place}`,
    inList: (place) => `= ANY($${place})`,
  });
  return {
    size,
    acquire: async () => {
      try {
        return connectionOf(await pool.connect(), texts);
      } catch (error) {
        const { message } = engineError(error);
        throw new EngineError(message, "lost", { cause: error });
      }
    },
    close: () => pool.end(),
  };
}

/** Statements are prepared once on each connection, by a name made from their text. */
function createNames(): (text: string) => string {
  const names = new Map<string, string>();
  return (text) => {
    const known = names.get(text);
    if (known !== undefined) return known;
    const name = createHash("sha256").update(text).digest("hex").slice(0, 32);
    names.set(text, name);
    return name;
  };
}

const nameOf = createNames();

function connectionOf(client: pg.PoolClient, texts: (sql: string) => string): Connection {
  const query = async (sql: string, values: readonly unknown[]): Promise<pg.QueryResult> => {
    const text = texts(sql);
    try {
      return await client.query({ name: nameOf(text), text, values: values as unknown[] });
    } catch (error) {
      throw engineError(error);
    }
  };
  const changed = async (sql: string, values: readonly unknown[]): Promise<number> =>
    (await query(sql, values)).rowCount ?? 0;
  const onError = (): void => undefined;
  client.on("error", onError);

  return {
    all: async <R>(sql: string, ...values: Parameter[]) =>
      (await query(sql, values.map(parameterOf))).rows as R[],
    get: async <R>(sql: string, ...values: Parameter[]) =>
      (await query(sql, values.map(parameterOf))).rows[0] as R | undefined,
    run: (sql, ...values) => changed(sql, values.map(parameterOf)),

    insert: async (rows) => void (await changed(insertText(rows), columnArrays(rows))),
    insertNew: (rows) => changed(`${insertText(rows)} ON CONFLICT DO NOTHING`, columnArrays(rows)),
    update: async (rows, keys, raised = []) => {
      const names = Object.keys(rows.columns);
      const sets = names
        .filter((name) => !keys.includes(name))
        .map((name) =>
          raised.includes(name)
            ? `${name} = greatest(t.${name}, given.${name})`
            : `${name} = given.${name}`,
        );
      const match = keys.map((key) => `t.${key} = given.${key}`).join(" AND ");
      await changed(
        `UPDATE {${rows.table}} t SET ${sets.join(", ")} FROM ${given(rows)} WHERE ${match}`,
        columnArrays(rows),
      );
    },
    add: async (rows, keys, sum) => {
      await changed(
        `INSERT INTO {${rows.table}} AS t (${Object.keys(rows.columns).join(", ")})
         SELECT * FROM ${given(rows)}
         ON CONFLICT (${keys.join(", ")}) DO UPDATE SET ${sum} = t.${sum} + excluded.${sum}`,
        columnArrays(rows),
      );
    },
    replaceOlder: async (rows, keys, age) => {
      const names = Object.keys(rows.columns);
      const sets = names
        .filter((name) => !keys.includes(name))
        .map((name) => `${name} = excluded.${name}`);
      await changed(
        `INSERT INTO {${rows.table}} AS t (${names.join(", ")}) SELECT * FROM ${given(rows)}
         ON CONFLICT (${keys.join(", ")}) DO UPDATE SET ${sets.join(", ")}
         WHERE excluded.${age} >= t.${age}`,
        columnArrays(rows),
      );
    },

    exec: async (sql) => {
      try {
        await client.query(sql);
      } catch (error) {
        throw engineError(error);
      }
    },
    release: (isBroken) => {
      client.off("error", onError);
      client.release(isBroken);
    },
  };
}

function insertText(rows: Rows): string {
  const names = Object.keys(rows.columns).join(", ");
  return `INSERT INTO {${rows.table}} (${names}) SELECT * FROM ${given(rows)}`;
}

/** All rows in one parameter for each column, so that a statement's text does not depend on their number. */
function given({ columns }: Rows): string {
  const types = Object.values(columns).map((type) => `?::${arrayTypes[type]}`);
  return `unnest(${types.join(", ")}) AS given(${Object.keys(columns).join(", ")})`;
}

function columnArrays({ columns, rows }: Rows): unknown[] {
  return Object.keys(columns).map((_, place) => rows.map((row) => cellOf(row[place] ?? null)));
}

function parameterOf(value: Parameter): unknown {
  return Array.isArray(value) ? value.map(cellOf) : cellOf(value as Cell);
}

function cellOf(cell: Cell): unknown {
  if (!(cell instanceof Uint8Array) || Buffer.isBuffer(cell)) return cell;
  return Buffer.from(cell.buffer, cell.byteOffset, cell.byteLength);
}
