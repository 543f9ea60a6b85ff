/** The only file that knows `mysql2`. */
import {
  createPool,
  type Pool as DriverPool,
  type PoolConnection,
  type ResultSetHeader,
} from "mysql2";
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
/** A statement that is not answered. */
const noAnswerMs = 5_000;
/** Seconds. The smallest that the server knows above none: a lock that is held longer is tried for again. */
const lockSeconds = 1;
/** Seconds after which the server ends a transaction of a node that fell silent, which would hold its rooms' locks. */
const idleTransactionSeconds = 5;

/** Where a database is. */
export interface MysqlAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** Before the name of every table and index. */
  readonly prefix: string;
  /** Whether the connection is encrypted, and the server's certificate checked. */
  readonly tls: boolean;
}

/** A name in backquotes, whatever is in it. */
export function quoted(name: string): string {
  return `\`${name.replaceAll("`", "``")}\``;
}

/**
 * What every connection is set to. Strict, so that nothing is cut short in silence; without the mode in which a
 * backslash is no escape, since the driver writes one before what it quotes. At UTC, where no hour of the database's clock comes
 * twice when summer ends.
 */
const everySession = [
  "SET SESSION sql_mode = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION', " +
    `innodb_lock_wait_timeout = ${lockSeconds}, time_zone = '+00:00'`,
  "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
] as const;
/** MySQL has no such time-out: there a node that fell silent holds its locks until its connection ends. */
const everyMariaSession = `SET SESSION idle_transaction_timeout = ${idleTransactionSeconds}`;

/** Opens connections when they are asked for. */
export function openPool(address: MysqlAddress, size: number, slowMs: number = noAnswerMs): Pool {
  const pool = createPool({
    host: address.host,
    port: address.port,
    user: address.user,
    password: address.password,
    database: address.database,
    ...(address.tls ? { ssl: {} } : {}),
    charset: "utf8mb4_bin",
    connectionLimit: size,
    connectTimeout: connectMs,
    enableKeepAlive: true,
    keepAliveInitialDelay: 5_000,
    // Sums and counts come as decimals: ours stay below 2^53.
    decimalNumbers: true,
    // Statements that are asked for together are sent as one text. Their texts are constants of this package.
    multipleStatements: true,
  });
  const texts = createTexts({
    name: (name) => quoted(`${address.prefix}${name}`),
    parameter: () => "?",
    inList: () => "IN (?)",
  });
  const prepared = new WeakSet<PoolConnection>();
  return {
    size,
    acquire: async () => {
      let connection: PoolConnection | undefined;
      try {
        connection = await take(pool);
        if (!prepared.has(connection)) {
          await prepare(connection);
          prepared.add(connection);
        }
      } catch (error) {
        connection?.destroy();
        throw new EngineError(engineError(error).message, "lost", { cause: error });
      }
      return connectionOf(connection, texts, slowMs);
    },
    close: () =>
      new Promise((resolve) => {
        pool.end(() => resolve());
      }),
  };
}

/** The pool itself waits without end for a connection that is in use. */
function take(pool: DriverPool): Promise<PoolConnection> {
  return new Promise((resolve, reject) => {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      reject(new EngineError("no connection in time", "lost"));
    }, connectMs * 2);
    pool.getConnection((error, connection) => {
      clearTimeout(timer);
      if (error !== null) reject(error);
      else if (isLate) connection.release();
      else resolve(connection);
    });
  });
}

async function prepare(connection: PoolConnection): Promise<void> {
  connection.on("error", () => undefined);
  const [row] = (await ask(connection, "SELECT version() AS version", [], noAnswerMs)) as {
    version: string;
  }[];
  const isMaria = row?.version.includes("MariaDB") === true;
  for (const statement of [...everySession, ...(isMaria ? [everyMariaSession] : [])]) {
    await ask(connection, statement, [], noAnswerMs);
  }
}

function ask(
  connection: PoolConnection,
  sql: string,
  values: readonly unknown[],
  timeout: number,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    connection.query({ sql, values: [...values], timeout }, (error, result) => {
      if (error === null) resolve(result);
      else reject(engineError(error));
    });
  });
}

interface Asked {
  readonly sql: string;
  readonly values: readonly unknown[];
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** Sends what is asked for in one step of the program as one text; the server stops at the first statement that fails. */
class Together {
  readonly #connection: PoolConnection;
  readonly #timeoutMs: number;
  #asked: Asked[] = [];

  constructor(connection: PoolConnection, timeoutMs: number) {
    this.#connection = connection;
    this.#timeoutMs = timeoutMs;
  }

  ask(sql: string, values: readonly unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#asked.push({ sql, values, resolve, reject });
      if (this.#asked.length === 1) queueMicrotask(() => this.#send());
    });
  }

  #send(): void {
    const asked = this.#asked;
    this.#asked = [];
    const sql = asked.map((one) => one.sql).join(";\n");
    const values = asked.flatMap((one) => one.values);
    ask(this.#connection, sql, values, this.#timeoutMs).then(
      (results) => {
        if (asked.length === 1) asked[0]?.resolve(results);
        else for (const [place, one] of asked.entries()) one.resolve((results as unknown[])[place]);
      },
      (error: unknown) => {
        for (const one of asked) one.reject(error);
      },
    );
  }
}

function connectionOf(
  connection: PoolConnection,
  texts: (sql: string) => string,
  slowMs: number,
): Connection {
  const together = new Together(connection, slowMs);
  const query = (sql: string, values: readonly unknown[]): Promise<unknown> =>
    together.ask(texts(sql), values);
  const changed = async (sql: string, values: readonly unknown[]): Promise<number> =>
    ((await query(sql, values)) as ResultSetHeader).affectedRows;
  const rowsOf = async <R>(sql: string, values: readonly Parameter[]): Promise<R[]> =>
    (await query(sql, values.map(parameterOf))) as R[];

  return {
    all: (sql, ...values) => rowsOf(sql, values),
    get: async <R>(sql: string, ...values: Parameter[]) => (await rowsOf<R>(sql, values))[0],
    run: (sql, ...values) => changed(sql, values.map(parameterOf)),

    insert: async (rows) => void (await changed(insertText("INSERT", rows), [cellsOf(rows)])),
    insertNew: (rows) => changed(insertText("INSERT IGNORE", rows), [cellsOf(rows)]),
    update: async (rows, keys, raised = []) => {
      const sets = Object.keys(rows.columns)
        .filter((name) => !keys.includes(name))
        .map((name) =>
          raised.includes(name)
            ? `t.${name} = greatest(t.${name}, given.${name})`
            : `t.${name} = given.${name}`,
        );
      const match = keys.map((key) => `t.${key} = given.${key}`).join(" AND ");
      // The given rows first, so that the table is entered by its key for each of them.
      await query(
        `UPDATE (${givenRows(rows)}) given STRAIGHT_JOIN {${rows.table}} t ON ${match}
         SET ${sets.join(", ")}`,
        rows.rows.flatMap((row) => row.map(cellOf)),
      );
    },
    add: async (rows, _keys, sum) => {
      await query(
        `${insertText("INSERT", rows)} ON DUPLICATE KEY UPDATE ${sum} = ${sum} + VALUES(${sum})`,
        [cellsOf(rows)],
      );
    },
    replaceOlder: async (rows, keys, age) => {
      // From left to right: the age last, since the others ask for it.
      const sets = [
        ...Object.keys(rows.columns).filter((name) => name !== age && !keys.includes(name)),
        age,
      ].map((name) => `${name} = if(VALUES(${age}) >= ${age}, VALUES(${name}), ${name})`);
      await query(`${insertText("INSERT", rows)} ON DUPLICATE KEY UPDATE ${sets.join(", ")}`, [
        cellsOf(rows),
      ]);
    },

    exec: async (sql) => void (await together.ask(sql, [])),
    release: (isBroken) => {
      if (isBroken) connection.destroy();
      else connection.release();
    },
  };
}

function insertText(verb: string, rows: Rows): string {
  return `${verb} INTO {${rows.table}} (${Object.keys(rows.columns).join(", ")}) VALUES ?`;
}

const casts: Readonly<Record<ColumnType, string>> = {
  text: "CAST(? AS CHAR CHARACTER SET utf8mb4) COLLATE utf8mb4_bin",
  integer: "CAST(? AS SIGNED)",
  bytes: "CAST(? AS BINARY)",
};

/** Rows as a table of their own; the first gives the columns their names and types. */
function givenRows({ columns, rows }: Rows): string {
  const first = Object.entries(columns).map(([name, type]) => `${casts[type]} AS ${name}`);
  const other = `UNION ALL SELECT ${Object.keys(columns)
    .map(() => "?")
    .join(", ")}`;
  return `SELECT ${first.join(", ")} ${rows
    .slice(1)
    .map(() => other)
    .join(" ")}`;
}

function cellsOf({ rows }: Rows): unknown[][] {
  return rows.map((row) => row.map(cellOf));
}

function parameterOf(value: Parameter): unknown {
  return Array.isArray(value) ? value.map(cellOf) : cellOf(value as Cell);
}

function cellOf(cell: Cell): unknown {
  if (!(cell instanceof Uint8Array) || Buffer.isBuffer(cell)) return cell;
  return Buffer.from(cell.buffer, cell.byteOffset, cell.byteLength);
}
