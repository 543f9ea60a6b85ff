import { resolve } from "node:path";
import {
  openSqlite,
  readSchema,
  type SchemaStatus,
  type SqliteStore,
} from "@parlance/storage/sqlite";
import type { Config } from "./config/schema.ts";

/**
 * Opens the store that the configuration names.
 *
 * @throws DirectoryInUseError if another process has it; NewerSchemaError, StorageError or the system's error if it
 *   cannot be opened.
 */
export function openStore(
  config: Pick<Config, "data_dir" | "database_url" | "crash_at">,
): Promise<SqliteStore> {
  return openSqlite({
    directory: storeDirectory(config),
    ...(config.crash_at === undefined ? {} : { crashAt: config.crash_at }),
  });
}

/** What opening the store would find and do, without doing it. @throws StorageError if it cannot be read. */
export function schemaStatus(config: Pick<Config, "data_dir" | "database_url">): SchemaStatus {
  return readSchema(storeDirectory(config));
}

/** Directory of the database. */
export function storeDirectory({
  data_dir,
  database_url,
}: Pick<Config, "data_dir" | "database_url">): string {
  const path = database_url.slice("sqlite:".length);
  return path === "" ? data_dir : resolve(path);
}
