import { resolve } from "node:path";
import type { Store } from "@parlance/storage";
import type { CopyAddress } from "@parlance/storage/copy";
import { type DatabaseAddress, parseDatabaseUrl } from "./config/database.ts";
import type { Config } from "./config/schema.ts";

type Place = Pick<Config, "data_dir" | "database_url">;

/**
 * Opens the store that the configuration names. Drivers of the others are not loaded.
 *
 * @throws DirectoryInUseError if another process has its directory; NewerSchemaError, StorageError or the system's error
 *   if it cannot be opened.
 */
export async function openStore(
  config: Place & Pick<Config, "database_connections" | "crash_at">,
): Promise<Store> {
  const address = databaseOf(config);
  const test = config.crash_at === undefined ? {} : { crashAt: config.crash_at };
  if (address.engine === "sqlite") {
    const { openSqlite } = await import("@parlance/storage/sqlite");
    return openSqlite({ directory: storeDirectory(config), ...test });
  }
  const { url, prefix } = address;
  const options = { url, prefix, connections: config.database_connections, ...test };
  if (address.engine === "postgres") {
    const { openPostgres } = await import("@parlance/storage/postgres");
    return openPostgres(options);
  }
  const { openMysql } = await import("@parlance/storage/mysql");
  return openMysql(options);
}

/** What a program would find if it opened the store. */
export interface SchemaStatus {
  /** The database's; absent if there is none yet. */
  readonly version?: number;
  /** What opening it with this program brings it to. */
  readonly known: number;
  /** Whether another process has it to itself, so that this one could not open it now. */
  readonly inUse: boolean;
  /** Of a database that is a server: what it calls itself, its clock, and what makes an acknowledgement worth less. */
  readonly server?: string;
  readonly now?: number;
  readonly weaknesses?: readonly string[];
}

/** What opening the store would find and do, without doing it. @throws StorageError if it cannot be read. */
export async function schemaStatus(config: Place): Promise<SchemaStatus> {
  const address = databaseOf(config);
  if (address.engine === "sqlite") {
    const { readSchema } = await import("@parlance/storage/sqlite");
    return readSchema(storeDirectory(config));
  }
  const { url, prefix } = address;
  if (address.engine === "postgres") {
    const { readPostgresSchema } = await import("@parlance/storage/postgres");
    return { ...(await readPostgresSchema({ url, prefix })), inUse: false };
  }
  const { readMysqlSchema } = await import("@parlance/storage/mysql");
  return { ...(await readMysqlSchema({ url, prefix })), inUse: false };
}

/** Where the data is, for people: `in /srv/chat`, `on PostgreSQL at db.example:5432/chat`. */
export function storePlace(config: Place): string {
  const address = databaseOf(config);
  return address.engine === "sqlite" ? `in ${storeDirectory(config)}` : `on ${address.shown}`;
}

/** What a database is called, for people: its directory, or `PostgreSQL at db.example:5432/chat`. */
export function storeName(config: Place): string {
  const address = databaseOf(config);
  return address.engine === "sqlite" ? storeDirectory(config) : address.shown;
}

/** Where a copy finds the store. @throws Error in words if the address is none. */
export function copyAddress(config: Place): CopyAddress {
  const address = databaseOf(config);
  if (address.engine === "sqlite") return { engine: "sqlite", directory: storeDirectory(config) };
  const { engine, url, prefix } = address;
  return { engine, url, prefix };
}

/** `sqlite`, `postgres` or `mysql`. */
export function engineOf(config: Pick<Config, "database_url">): DatabaseAddress["engine"] {
  return databaseOf(config).engine;
}

/** Whether several nodes can use the store. */
export function isShared(config: Pick<Config, "database_url">): boolean {
  return engineOf(config) !== "sqlite";
}

/** Directory of a database that is a file. */
export function storeDirectory(config: Place): string {
  const address = databaseOf(config);
  const path = address.engine === "sqlite" ? address.path : "";
  return path === "" ? config.data_dir : resolve(path);
}

/** The schema of the configuration has checked it. */
function databaseOf({ database_url }: Pick<Config, "database_url">): DatabaseAddress {
  const address = parseDatabaseUrl(database_url);
  if (typeof address === "string") throw new Error(`database_url: ${address}`);
  return address;
}
