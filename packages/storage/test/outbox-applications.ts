/** Applications as they write into the outbox: by a driver of their own, past everything that is ours. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { serviceUrl } from "@parlance/testkit/services";
import { createConnection } from "mysql2/promise";
import pg from "pg";
import { openMysql } from "../src/mysql/index.ts";
import { openPostgres } from "../src/postgres/index.ts";
import { connectStore, serveStore } from "../src/remote/index.ts";
import { openSqlite } from "../src/sqlite/index.ts";
import type { Store } from "../src/store.ts";
import { dropMysqlTables } from "./mysql-fixture.ts";
import { dropTables, freshPrefix } from "./postgres-fixture.ts";

type Cell = string | number | Uint8Array | null;
export type Records = readonly Readonly<Record<string, unknown>>[];

/** One connection of an application. Statements have `?` for values, and `outbox` for the table. */
export interface Application {
  run(sql: string, ...values: Cell[]): Promise<Records>;
  close(): Promise<void>;
}

/** An install with its outbox, and applications that use the same database. */
export interface OutboxScene {
  readonly store: Store;
  connect(): Promise<Application>;
  reopen(): Promise<void>;
  close(): Promise<void>;
}

/** Puts a row there, as an application does that knows no more than it must. */
export async function put(application: Application, publication: unknown): Promise<void> {
  const text = typeof publication === "string" ? publication : JSON.stringify(publication);
  await application.run("INSERT INTO outbox (publication) VALUES (?)", text);
}

export async function postgresApplication(prefix: string): Promise<Application> {
  const client = new pg.Client({ connectionString: serviceUrl("postgresql") });
  await client.connect();
  return {
    run: async (sql, ...values) => {
      let place = 0;
      const text = sql
        .replace(/\boutbox\b/g, `"${prefix}outbox"`)
        .replace(/\?/g, () => `$${(place += 1)}`);
      return (await client.query<Record<string, unknown>>(text, values)).rows;
    },
    close: () => client.end(),
  };
}

export async function mysqlApplication(prefix: string): Promise<Application> {
  const client = await createConnection({ uri: serviceUrl("mariadb") });
  return {
    run: async (sql, ...values) => {
      const [rows] = await client.query(sql.replace(/\boutbox\b/g, `\`${prefix}outbox\``), values);
      return Array.isArray(rows) ? (rows as Records) : [];
    },
    close: () => client.end(),
  };
}

/** @param of A database of the application's own, which the outbox is attached to. */
export async function sqliteApplication(directory: string, of?: string): Promise<Application> {
  const file = join(directory, "outbox.sqlite");
  const database = new DatabaseSync(of ?? file, { timeout: 5_000 });
  if (of !== undefined) database.prepare("ATTACH DATABASE ? AS parlance").run(file);
  return {
    run: async (sql, ...values) => database.prepare(sql).all(...values),
    close: async () => database.close(),
  };
}

async function startPostgres(): Promise<OutboxScene> {
  const prefix = freshPrefix();
  const open = () => openPostgres({ url: serviceUrl("postgresql"), prefix, connections: 4 });
  return sceneOf(
    open,
    () => postgresApplication(prefix),
    () => dropTables(prefix),
  );
}

async function startMysql(): Promise<OutboxScene> {
  const prefix = freshPrefix();
  const open = () => openMysql({ url: serviceUrl("mariadb"), prefix, connections: 4 });
  return sceneOf(
    open,
    () => mysqlApplication(prefix),
    () => dropMysqlTables(prefix),
  );
}

async function startSqlite(): Promise<OutboxScene> {
  const directory = await mkdtemp(join(tmpdir(), "parlance-outbox-"));
  const open = () => openSqlite({ directory, readers: 1 });
  const remove = () => rm(directory, { recursive: true });
  return sceneOf(open, () => sqliteApplication(directory), remove);
}

/** Another process of the machine, which reaches the store by a socket. */
async function startRemote(): Promise<OutboxScene> {
  const directory = await mkdtemp(join(tmpdir(), "parlance-outbox-"));
  const path = join(directory, "store");
  const open = async (): Promise<Store> => {
    const owned = await openSqlite({ directory, readers: 1 });
    const served = await serveStore(owned, path);
    const store = await connectStore(path);
    const close = async (): Promise<void> => {
      await store.close();
      await served.close();
      await owned.close();
    };
    return { ...store, close };
  };
  const remove = () => rm(directory, { recursive: true });
  return sceneOf(open, () => sqliteApplication(directory), remove);
}

async function sceneOf(
  open: () => Promise<Store>,
  connect: () => Promise<Application>,
  remove: () => Promise<void>,
): Promise<OutboxScene> {
  let store = await open();
  // Where the server makes a file for it, it does when it looks for the first time.
  await store.outbox.waiting({ rows: 1, bytes: 1 });
  return {
    get store() {
      return store;
    },
    connect,
    reopen: async () => {
      await store.close();
      store = await open();
    },
    close: async () => {
      await store.close();
      await remove();
    },
  };
}

/** All of them. `hasOneWriter`: an application in a transaction keeps everybody else from writing. */
export const outboxEngines = [
  { name: "sqlite", services: [], hasOneWriter: true, start: startSqlite },
  { name: "remote", services: [], hasOneWriter: true, start: startRemote },
  { name: "postgres", services: ["postgresql"], hasOneWriter: false, start: startPostgres },
  { name: "mysql", services: ["mariadb"], hasOneWriter: false, start: startMysql },
] as const;
