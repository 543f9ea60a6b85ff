import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import {
  describeDirectory,
  describeFileIndex,
  describeRoomLog,
  type StoreHarness,
} from "@parlance/testkit/contracts";
import { openSqlite } from "./index.ts";

async function start(): Promise<StoreHarness> {
  const directory = await mkdtemp(join(tmpdir(), "parlance-contract-"));
  let store = await openSqlite({ directory, readers: 1 });
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
    clear: async () => clear(join(directory, "parlance.db")),
    reopen: async () => {
      await store.close();
      store = await openSqlite({ directory, readers: 1 });
    },
    close: async () => {
      await store.close();
      await rm(directory, { recursive: true });
    },
  };
}

/** From another connection: the store itself has no way to forget. */
function clear(path: string): void {
  const database = new DatabaseSync(path, { timeout: 5_000 });
  database.exec("PRAGMA synchronous = OFF");
  database.exec("BEGIN IMMEDIATE");
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
  for (const table of tables) {
    const name = String(table["name"]);
    if (name !== "meta" && name !== "migrations") database.exec(`DELETE FROM ${name}`);
  }
  database.exec("COMMIT");
  database.close();
}

describeRoomLog("sqlite", start);
describeDirectory("sqlite", start);
describeFileIndex("sqlite", start);
