import type { Database } from "./database.ts";

/** All reads inside see the same state. */
export function inSnapshot<T>(database: Database, read: () => T): T {
  database.exec("BEGIN");
  try {
    return read();
  } finally {
    database.exec("COMMIT");
  }
}
