/** MariaDB or MySQL as tests use it: an install of its own behind a prefix, in the database that the environment names. */
import type { WebhookHarness } from "@parlance/testkit/contracts";
import { serviceUrl } from "@parlance/testkit/services";
import { type Connection, createConnection, type RowDataPacket } from "mysql2/promise";
import { openMysql } from "../src/mysql/index.ts";
import { freshPrefix } from "./postgres-fixture.ts";

/** Statements from another connection. */
export async function withMysql<T>(
  use: (client: Connection) => Promise<T>,
  url = serviceUrl("mariadb"),
): Promise<T> {
  const client = await createConnection({ uri: url, multipleStatements: true });
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

async function tablesOf(client: Connection, prefix: string): Promise<string[]> {
  const [rows] = await client.query<RowDataPacket[]>(
    `SELECT table_name AS name FROM information_schema.tables
     WHERE table_schema = database() AND left(table_name, ?) = ?`,
    [prefix.length, prefix],
  );
  return rows.map((row) => String(row["name"]));
}

export async function dropMysqlTables(prefix: string): Promise<void> {
  await withMysql(async (client) => {
    for (const name of await tablesOf(client, prefix)) await client.query(`DROP TABLE \`${name}\``);
  });
}

/** For the contract suites. */
export async function startMysql(): Promise<WebhookHarness> {
  const prefix = freshPrefix();
  const url = serviceUrl("mariadb");
  const open = () => openMysql({ url, prefix, connections: 5 });
  let store = await open();
  const kept = new Set([`${prefix}meta`, `${prefix}migrations`, `${prefix}counters`]);
  return {
    get log() {
      return store.log;
    },
    get directory() {
      return store.directory;
    },
    get files() {
      return store.files;
    },
    get webhooks() {
      return store.webhooks;
    },
    clear: () =>
      withMysql(async (client) => {
        const names = (await tablesOf(client, prefix)).filter((name) => !kept.has(name));
        await client.query("START TRANSACTION");
        for (const name of names) await client.query(`DELETE FROM \`${name}\``);
        await client.query(`UPDATE \`${prefix}counters\` SET value = 0`);
        await client.query("COMMIT");
        for (const table of ["users", "messages"]) {
          await client.query(`ALTER TABLE \`${prefix}${table}\` AUTO_INCREMENT = 1`);
        }
      }),
    reopen: async () => {
      await store.close();
      store = await open();
    },
    beside: open,
    close: async () => {
      await store.close();
      await dropMysqlTables(prefix);
    },
  };
}
