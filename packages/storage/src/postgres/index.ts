/** The store on PostgreSQL 15 or newer. */
import { StorageError } from "@parlance/core";
import { runMigrations, type SchemaState } from "../client-server/migrate.ts";
import { type Connection, EngineError, type EngineSql } from "../client-server/session.ts";
import { openStoreOver } from "../client-server/store.ts";
import { reading, using } from "../client-server/transaction.ts";
import type { Store } from "../store.ts";
import { openPool, type PostgresAddress, quoted } from "./connect.ts";
import { migrations } from "./migrations.ts";
import { postgresSearch } from "./search.ts";

export interface PostgresOptions {
  /** `postgres://user:password@host:5432/database`, with the driver's parameters (`sslmode`, …). */
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

/** How long a migration, by another node too, is waited for. */
const migrationMs = 600_000;

/** What PostgreSQL calls things. */
export const postgresSql: EngineSql = {
  begin: ["BEGIN ISOLATION LEVEL READ COMMITTED"],
  beginSnapshot: ["BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"],
  inKeyOrder: "",
  forUpdate: "FOR NO KEY UPDATE",
  search: postgresSearch,
  hasTermRows: false,
  now: "(extract(epoch from clock_timestamp()) * 1000)::bigint",
};

/**
 * Opens the store and brings its schema up to date; nodes that start together do so one after the other.
 *
 * @throws NewerSchemaError if the database is of a newer program; StorageError if it cannot be reached or used.
 */
export async function openPostgres(options: PostgresOptions): Promise<Store> {
  const address = addressOf(options);
  const size = options.connections ?? defaultConnections;
  const others = openPool(address, Math.max(1, size - lanes), 10_000);
  const appends = openPool(address, lanes);
  const migrating = openPool(address, 1, migrationMs);
  try {
    await using(migrating, (connection) => migrate(connection, address));
    const weaknesses = await using(others, findWeaknesses);
    const engine = { sql: postgresSql, appends, others, weaknesses };
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
export async function readPostgresSchema(options: PostgresOptions): Promise<SchemaState> {
  const address = addressOf(options);
  const pool = openPool(address, 1);
  try {
    const version = await reading(pool, async (session) => {
      const table = await session.get<{ found: string | null }>(
        "SELECT to_regclass(?)::text AS found",
        quoted(`${address.prefix}migrations`),
      );
      if (table?.found === null || table === undefined) return undefined;
      const row = await session.get<{ version: number }>(
        "SELECT coalesce(max(version), 0) AS version FROM {migrations}",
      );
      return row?.version ?? 0;
    });
    const facts = await reading(pool, (session) =>
      session.get<{ server: string; now: number }>(
        `SELECT current_setting('server_version') AS server, ${postgresSql.now} AS now`,
      ),
    );
    return {
      ...(version === undefined ? {} : { version }),
      known: migrations.length,
      server: `PostgreSQL ${facts?.server ?? ""}`,
      now: facts?.now ?? 0,
      weaknesses: await using(pool, findWeaknesses),
    };
  } finally {
    await pool.close();
  }
}

function addressOf({ url, prefix = "" }: PostgresOptions): PostgresAddress {
  return { connectionString: url, prefix };
}

/** All in one transaction, behind a lock that ends with it. */
async function migrate(connection: Connection, { prefix }: PostgresAddress): Promise<void> {
  // The usual time-outs are for sends: another node's migration may take longer.
  await connection.exec("BEGIN");
  await connection.exec("SET LOCAL lock_timeout = '10min'");
  await connection.exec("SET LOCAL statement_timeout = 0");
  await connection.get(
    "SELECT pg_advisory_xact_lock(hashtextextended(?, 0))::text AS locked",
    `parlance ${prefix}`,
  );
  await connection.run(
    `CREATE TABLE IF NOT EXISTS {migrations} (version integer PRIMARY KEY, needs integer NOT NULL)`,
  );
  await runMigrations(connection, migrations, async (step) => void (await connection.run(step)));
  await connection.exec("COMMIT");
}

/** Settings under which an acknowledged event can be lost to a power cut. */
async function findWeaknesses(connection: Connection): Promise<readonly string[]> {
  const rows = await connection.all<{ name: string; setting: string }>(
    `SELECT name, setting FROM pg_settings
     WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes')`,
  );
  return rows
    .filter(({ setting }) => setting === "off")
    .map(({ name }) => `${name} is off: what was acknowledged may be lost when the machine stops`);
}
