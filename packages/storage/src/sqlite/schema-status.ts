import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { StorageError } from "@parlance/core";
import { Database } from "./database.ts";
import { busy, resultCode } from "./errors.ts";
import { schemaVersion } from "./migrations.ts";

/** What a program would find if it opened the store of a directory. */
export interface SchemaStatus {
  /** The database's; absent if there is none yet. */
  readonly version?: number;
  /** What opening it with this program brings it to. */
  readonly known: number;
  /** Whether another process has the directory, so that this one could not open it now. */
  readonly inUse: boolean;
}

/** How long a database that is being recovered by another process is waited for. */
const busyTimeoutMs = 1_500;

/**
 * Looks at a directory's database without changing it, also while a server uses it.
 *
 * @throws StorageError if it cannot be read.
 */
export function readSchema(directory: string): SchemaStatus {
  const path = resolve(directory);
  const inUse = isLocked(join(path, "parlance.lock"));
  const file = join(path, "parlance.db");
  if (!existsSync(file)) return { known: schemaVersion, inUse };
  return { version: readVersion(file), known: schemaVersion, inUse };
}

/**
 * Looks whether a directory's database is whole, without changing it, also while a server uses it. Reads all of it.
 *
 * @returns what is wrong; empty if it is whole, or absent.
 * @throws StorageError if it cannot be read.
 */
export function checkWhole(directory: string): readonly string[] {
  const file = join(resolve(directory), "parlance.db");
  if (!existsSync(file)) return [];
  try {
    const database = new Database(quietly(file), { readOnly: true, busyTimeoutMs });
    try {
      return database
        .all<{ quick_check: string }>("PRAGMA quick_check(10)")
        .map((row) => row.quick_check)
        .filter((line) => line !== "ok");
    } finally {
      database.close();
    }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new StorageError(message, "none", { cause: error });
  }
}

function readVersion(file: string): number {
  try {
    const database = new Database(quietly(file), { readOnly: true, busyTimeoutMs });
    try {
      // A file that was made and never written to has no table yet.
      const table = database.get("SELECT 1 FROM sqlite_schema WHERE name = 'migrations'");
      if (table === undefined) return 0;
      const row = database.get<{ version: number }>(
        "SELECT coalesce(max(version), 0) AS version FROM migrations",
      );
      return row?.version ?? 0;
    } finally {
      database.close();
    }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new StorageError(message, "none", { cause: error });
  }
}

/** After a clean stop there is no `-wal` file, and reading shall not leave one. */
function quietly(file: string): string | URL {
  if (existsSync(`${file}-wal`)) return file;
  const url = pathToFileURL(file);
  url.searchParams.set("immutable", "1");
  return url;
}

/** Reading needs a lock that the holder of the exclusive one does not give. */
function isLocked(file: string): boolean {
  if (!existsSync(file)) return false;
  const lock = new Database(file, { readOnly: true, busyTimeoutMs: 0 });
  try {
    lock.get("SELECT 1 FROM sqlite_schema");
    return false;
  } catch (error) {
    if (resultCode(error) === busy) return true;
    throw error;
  } finally {
    lock.close();
  }
}
