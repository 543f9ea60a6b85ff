/** The store on MariaDB 10.11 or newer, and on MySQL 8 with the SQL that both understand. */
import { StorageError } from "@parlance/core";
import { runMigrations, type SchemaState } from "../client-server/migrate.ts";
import { type Connection, EngineError, type EngineSql } from "../client-server/session.ts";
import { openStoreOver } from "../client-server/store.ts";
import { reading, using } from "../client-server/transaction.ts";
import type { Store } from "../store.ts";
import { type MysqlAddress, openPool } from "./connect.ts";
import { isColumnThere } from "./errors.ts";
import { migrations } from "./migrations.ts";
import { mysqlSearch } from "./search.ts";

export interface MysqlOptions {
  /** `mysql://user:password@host:3306/database`; `?tls=yes` encrypts. */
  readonly url: string;
  /** Before the name of every table and index; at most 30 characters. Several installs may share a database by it. */
  readonly prefix?: string;
  /** Connections at most, at least 3. 10 if not given. */
  readonly connections?: number;
  /** Opens also what is being copied into, or was moved away. */
  readonly isBeingCopied?: boolean;
  /** Test only: die at the n-th passing of a named place, such as `after_commit:37`. */
  readonly crashAt?: string;
}

/** Connections that only appends use: one sends while the other commits. */
const lanes = 2;
const defaultConnections = 10;
/** Reads may take longer than a send may. */
const slowReadMs = 10_000;
/** Seconds that a migration by another node is waited for. */
const migrationSeconds = 600;

/** What MySQL calls things. */
export const mysqlSql: EngineSql = {
  // READ COMMITTED, as every session of ours is set to.
  begin: ["START TRANSACTION"],
  beginSnapshot: [
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
    "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
  ],
  inKeyOrder: " FORCE INDEX (PRIMARY)",
  forUpdate: "FOR UPDATE",
  search: mysqlSearch,
  hasTermRows: true,
  now: "CAST(UNIX_TIMESTAMP(SYSDATE(3)) * 1000 AS SIGNED)",
};

/**
 * Opens the store and brings its schema up to date; nodes that start together do so one after the other.
 *
 * @throws NewerSchemaError if the database is of a newer program; StorageError if it cannot be reached or used.
 */
export async function openMysql(options: MysqlOptions): Promise<Store> {
  const address = addressOf(options);
  const size = options.connections ?? defaultConnections;
  const others = openPool(address, Math.max(1, size - lanes), slowReadMs);
  const appends = openPool(address, lanes);
  const migrating = openPool(address, 1, migrationSeconds * 1_000);
  try {
    await using(migrating, (connection) => migrate(connection, address));
    const weaknesses = await using(others, findWeaknesses);
    const engine = { sql: mysqlSql, appends, others, weaknesses };
    return await openStoreOver(engine, {
      lanes,
      isBeingCopied: options.isBeingCopied ?? false,
      ...(options.crashAt === undefined ? {} : { crashAt: options.crashAt }),
    });
  } catch (error) {
    await Promise.all([appends.close(), others.close()]);
    throw error instanceof EngineError
      ? new StorageError(error.message, "none", { cause: error })
      : error;
  } finally {
    await migrating.close();
  }
}

/** What opening would find and do, without doing it. @throws StorageError if the database cannot be read. */
export async function readMysqlSchema(options: MysqlOptions): Promise<SchemaState> {
  const address = addressOf(options);
  const pool = openPool(address, 1);
  try {
    const version = await reading(pool, async (session) => {
      const table = await session.get(
        `SELECT 1 AS found FROM information_schema.tables
         WHERE table_schema = database() AND table_name = ?`,
        `${address.prefix}migrations`,
      );
      if (table === undefined) return undefined;
      const row = await session.get<{ version: number }>(
        "SELECT coalesce(max(version), 0) AS version FROM {migrations}",
      );
      return row?.version ?? 0;
    });
    const facts = await reading(pool, (session) =>
      session.get<{ server: string; now: number }>(
        `SELECT version() AS server, ${mysqlSql.now} AS now`,
      ),
    );
    return {
      ...(version === undefined ? {} : { version }),
      known: migrations.length,
      server: `${facts?.server.includes("MariaDB") === true ? "" : "MySQL "}${facts?.server ?? ""}`,
      now: facts?.now ?? 0,
      weaknesses: await using(pool, findWeaknesses),
    };
  } finally {
    await pool.close();
  }
}

/** Takes an address apart. */
export function addressOf({ url, prefix = "" }: MysqlOptions): MysqlAddress {
  const { hostname, port, username, password, pathname, searchParams } = new URL(url);
  return {
    host: hostname.replace(/^\[(.*)\]$/, "$1"),
    port: port === "" ? 3_306 : Number(port),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database: decodeURIComponent(pathname.slice(1)),
    prefix,
    tls: searchParams.get("tls") === "yes",
  };
}

/** Behind a lock that the server holds for this connection. */
async function migrate(connection: Connection, { database, prefix }: MysqlAddress): Promise<void> {
  const lock = `parlance ${database} ${prefix}`.slice(0, 64);
  const row = await connection.get<{ locked: number | null }>(
    "SELECT GET_LOCK(?, ?) AS locked",
    lock,
    migrationSeconds,
  );
  if (row?.locked !== 1) throw new EngineError("another node's migration takes too long", "lost");
  await connection.run(
    `CREATE TABLE IF NOT EXISTS {migrations} (
       version INTEGER PRIMARY KEY, needs INTEGER NOT NULL) ENGINE = InnoDB`,
  );
  await runMigrations(connection, migrations, async (step) => {
    try {
      await connection.run(step);
    } catch (error) {
      // A try before this one was cut off behind the step, which this engine does not take back.
      if (!isColumnThere(error)) throw error;
    }
  });
  await connection.get("SELECT RELEASE_LOCK(?) AS released", lock);
}

/** Settings under which an acknowledged event can be lost to a power cut. */
async function findWeaknesses(connection: Connection): Promise<readonly string[]> {
  const row = await connection.get<{ flush: number; doublewrite: number | string }>(
    `SELECT @@innodb_flush_log_at_trx_commit AS flush, @@innodb_doublewrite AS doublewrite`,
  );
  const found: string[] = [];
  if (row?.flush !== 1) {
    found.push(
      `innodb_flush_log_at_trx_commit is ${row?.flush}: what was acknowledged may be lost when the machine stops`,
    );
  }
  if (row?.doublewrite === 0 || row?.doublewrite === "OFF") {
    found.push("innodb_doublewrite is off: a page may be torn when the machine stops");
  }
  return found;
}
