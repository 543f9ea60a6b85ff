/** Copying from and to MariaDB and MySQL. */
import { type CopyEngine, copyEndOver } from "../client-server/copy.ts";
import type { Connection } from "../client-server/session.ts";
import type { CopyEnd } from "../copy/end.ts";
import type { CopyTable } from "../copy/tables.ts";
import { openPool } from "./connect.ts";
import { addressOf, type MysqlOptions, mysqlSql, openMysql, readMysqlSchema } from "./index.ts";

/** Nothing of a copy is waited for longer. */
const slowMs = 600_000;
/** A snapshot, a reader or writer beside it, and one that looks. */
const connections = 4;

const operations = ["insert", "update", "delete"] as const;

/** A database of MariaDB or MySQL as one end of a copy. */
export function openMysqlCopy(options: MysqlOptions): CopyEnd {
  const address = addressOf(options);
  const pool = openPool(address, connections, slowMs);
  const engine: CopyEngine = {
    engine: "mysql",
    sql: mysqlSql,
    // Making a trigger waits for those who use the table, and everybody else waits behind it: so it gives up soon.
    pool: { ...pool, acquire: () => acquirePatiently(pool.acquire) },
    patient: [],
    careless: [],

    changesTable: `CREATE TABLE IF NOT EXISTS {move_changes} (
      id BIGINT AUTO_INCREMENT PRIMARY KEY, tab VARCHAR(32) NOT NULL, key_text VARCHAR(2048) NOT NULL)
      ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,
    capture: (table) =>
      operations.flatMap((operation) => [
        `DROP TRIGGER IF EXISTS {move_${operation}_${table.name}}`,
        trigger(table, operation),
      ]),
    release: ({ name }) =>
      operations.map((operation) => `DROP TRIGGER IF EXISTS {move_${operation}_${name}}`),

    barrier: async (connection: Connection, tables) => {
      const names = tables.map(({ name }) => `{${name}} READ`).join(", ");
      try {
        await connection.run(`LOCK TABLES ${names}`);
      } finally {
        await connection.exec("UNLOCK TABLES");
      }
    },

    // InnoDB's counter follows the largest number that was inserted by itself.
    settleNumbers: async () => {},
    hasTable: async (session, name) => {
      const row = await session.get(
        `SELECT 1 AS found FROM information_schema.tables
         WHERE table_schema = database() AND table_name = ?`,
        `${address.prefix}${name}`,
      );
      return row !== undefined;
    },
    neighbours: async (session) => {
      // Whoever comes from the host that this process comes from may be this process.
      const row = await session.get<{ found: number }>(
        `SELECT count(*) AS found FROM information_schema.processlist other
         JOIN information_schema.processlist self ON self.id = connection_id()
         WHERE other.db = self.db AND other.user = self.user
           AND substring_index(other.host, ':', 1) <> substring_index(self.host, ':', 1)`,
      );
      return row?.found ?? 0;
    },

    schema: () => readMysqlSchema(options),
    open: () => openMysql({ ...options, isBeingCopied: true }),
  };
  return copyEndOver(engine);
}

/** Without the time-out of MariaDB that ends a transaction which is idle; MySQL has none. */
async function acquirePatiently(acquire: () => Promise<Connection>): Promise<Connection> {
  const connection = await acquire();
  try {
    await connection.exec("SET SESSION lock_wait_timeout = 1");
    const row = await connection.get<{ version: string }>("SELECT version() AS version");
    if (row?.version.includes("MariaDB") === true) {
      await connection.exec("SET SESSION idle_transaction_timeout = 0");
    }
    return connection;
  } catch (error) {
    connection.release(true);
    throw error;
  }
}

/** Which row was touched, in the transaction that does it; and nothing may be touched once the install was moved. */
function trigger(
  { name, key, columns }: CopyTable,
  operation: (typeof operations)[number],
): string {
  const row = operation === "delete" ? "OLD" : "NEW";
  const cells = key.map((column) =>
    columns[column] === "bytes" ? `hex(${row}.${column})` : `${row}.${column}`,
  );
  return `CREATE TRIGGER {move_${operation}_${name}} AFTER ${operation.toUpperCase()} ON {${name}}
    FOR EACH ROW BEGIN
      IF EXISTS (SELECT 1 FROM {meta} WHERE name = 'moved_to') THEN
        SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'the install was moved';
      END IF;
      INSERT INTO {move_changes} (tab, key_text) VALUES ('${name}', JSON_ARRAY(${cells.join(", ")}));
    END`;
}
