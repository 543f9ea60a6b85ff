/** Notes which rows are touched while a store is being moved: triggers, in the transactions that do it. */
import { copyTables } from "../copy/tables.ts";
import { physicalKey } from "./copy-columns.ts";
import type { Database } from "./database.ts";

const operations = ["insert", "update", "delete"] as const;

/** Begins it anew. Inside a transaction of the caller's. */
export function beginCapture(database: Database): void {
  dropCapture(database);
  database.exec(
    `CREATE TABLE move_changes (
       id INTEGER PRIMARY KEY AUTOINCREMENT, tab TEXT NOT NULL, key_text TEXT NOT NULL) STRICT`,
  );
  for (const { name } of copyTables) {
    for (const operation of operations) {
      const row = operation === "delete" ? "OLD" : "NEW";
      const cells = physicalKey(name).map((column) => `${row}.${column}`);
      database.exec(
        `CREATE TRIGGER move_${operation}_${name} AFTER ${operation} ON ${name} BEGIN
           SELECT RAISE(ABORT, 'the install was moved')
             WHERE EXISTS (SELECT 1 FROM meta WHERE name = 'moved_to');
           INSERT INTO move_changes (tab, key_text) VALUES ('${name}', json_array(${cells.join(", ")}));
         END`,
      );
    }
  }
}

/** Leaves nothing of it. Cheap where there is nothing. */
export function releaseCapture(database: Database): void {
  if (!isCaptured(database)) return;
  database.exec("BEGIN IMMEDIATE");
  dropCapture(database);
  database.exec("COMMIT");
}

export function isCaptured(database: Database): boolean {
  const table = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'move_changes'";
  return database.get(table) !== undefined;
}

function dropCapture(database: Database): void {
  for (const { name } of copyTables) {
    for (const operation of operations) {
      database.exec(`DROP TRIGGER IF EXISTS move_${operation}_${name}`);
    }
  }
  database.exec("DROP TABLE IF EXISTS move_changes");
}
