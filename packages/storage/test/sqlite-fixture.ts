import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** Empties a store's database from another connection: the store itself has no way to forget. */
export function clearSqlite(directory: string): void {
  const database = new DatabaseSync(join(directory, "parlance.db"), { timeout: 5_000 });
  database.exec("PRAGMA synchronous = OFF");
  database.exec("BEGIN IMMEDIATE");
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
  for (const table of tables) {
    const name = String(table["name"]);
    // The index of terms is emptied by the triggers of what it is about.
    const isKept = name === "meta" || name === "migrations" || name.startsWith("message_terms");
    if (!isKept) database.exec(`DELETE FROM ${name}`);
  }
  database.exec("COMMIT");
  database.close();
}
