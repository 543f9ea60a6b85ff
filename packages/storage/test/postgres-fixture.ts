/** PostgreSQL as tests use it: an install of its own behind a prefix, in the database that the environment names. */
import { randomBytes } from "node:crypto";
import type { WebhookHarness } from "@parlance/testkit/contracts";
import { serviceUrl } from "@parlance/testkit/services";
import pg from "pg";
import { openPostgres } from "../src/postgres/index.ts";

/** A prefix that no other run has. */
export function freshPrefix(): string {
  return `t${randomBytes(6).toString("hex")}_`;
}

/** Statements from another connection. */
export async function withPostgres<T>(
  use: (client: pg.Client) => Promise<T>,
  url = serviceUrl("postgresql"),
): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

/** Names of the tables behind a prefix. */
export async function tablesOf(client: pg.Client, prefix: string): Promise<string[]> {
  const found = await client.query<{ name: string }>(
    "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' AND starts_with(tablename, $1)",
    [prefix],
  );
  return found.rows.map(({ name }) => name);
}

export async function dropTables(prefix: string): Promise<void> {
  await withPostgres(async (client) => {
    for (const name of await tablesOf(client, prefix)) {
      await client.query(`DROP TABLE "${name}" CASCADE`);
    }
    // Of an install that was moved away: its triggers went with the tables.
    const functions = await client.query<{ name: string }>(
      "SELECT proname AS name FROM pg_proc WHERE starts_with(proname, $1)",
      [prefix],
    );
    for (const { name } of functions.rows) await client.query(`DROP FUNCTION "${name}"`);
  });
}

/** For the contract suites. */
export async function startPostgres(): Promise<WebhookHarness> {
  const prefix = freshPrefix();
  const url = serviceUrl("postgresql");
  const open = () => openPostgres({ url, prefix, connections: 5 });
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
      withPostgres(async (client) => {
        const names = (await tablesOf(client, prefix)).filter((name) => !kept.has(name));
        await client.query("SET synchronous_commit = off");
        await client.query(names.map((name) => `DELETE FROM "${name}"`).join("; "));
        for (const table of ["users", "messages"]) {
          await client.query(`ALTER TABLE "${prefix}${table}" ALTER COLUMN number RESTART`);
        }
        await client.query(`UPDATE "${prefix}counters" SET value = 0`);
      }),
    reopen: async () => {
      await store.close();
      store = await open();
    },
    beside: open,
    close: async () => {
      await store.close();
      await dropTables(prefix);
    },
  };
}
