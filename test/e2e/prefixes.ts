/** Installs of a test's own in the databases that tests share, told apart by a prefix. */
import { randomBytes } from "node:crypto";
import { hasService, serviceUrl } from "@parlance/testkit/services";
import { createConnection, type RowDataPacket } from "mysql2/promise";
import pg from "pg";

/** A prefix that no other run has. */
export function freshPrefix(): string {
  return `e${randomBytes(5).toString("hex")}_`;
}

/** Leaves nothing behind it, in either database. */
export async function dropPrefix(prefix: string): Promise<void> {
  if (hasService("postgresql")) await dropPostgres(prefix);
  if (hasService("mariadb")) await dropMysql(prefix);
}

async function dropPostgres(prefix: string): Promise<void> {
  const client = new pg.Client({ connectionString: serviceUrl("postgresql") });
  await client.connect();
  const tables = await client.query<{ name: string }>(
    "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' AND starts_with(tablename, $1)",
    [prefix],
  );
  for (const { name } of tables.rows) await client.query(`DROP TABLE "${name}" CASCADE`);
  const functions = await client.query<{ name: string }>(
    "SELECT proname AS name FROM pg_proc WHERE starts_with(proname, $1)",
    [prefix],
  );
  for (const { name } of functions.rows) await client.query(`DROP FUNCTION "${name}" CASCADE`);
  await client.end();
}

async function dropMysql(prefix: string): Promise<void> {
  const client = await createConnection({ uri: serviceUrl("mariadb") });
  const [rows] = await client.query<RowDataPacket[]>(
    `SELECT table_name AS name FROM information_schema.tables
     WHERE table_schema = database() AND left(table_name, ?) = ?`,
    [prefix.length, prefix],
  );
  for (const row of rows) await client.query(`DROP TABLE \`${String(row["name"])}\``);
  await client.end();
}
