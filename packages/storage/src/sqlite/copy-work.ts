/** What a copy does with a database file, in a thread of its own: reading in one snapshot, noting changes, taking rows in. */
import { existsSync, rmSync } from "node:fs";
import {
  type ChangedTable,
  type Changes,
  type Chunk,
  type CopyKey,
  type CopyRow,
  type CopyState,
  chunkChars,
  chunkRows,
  type InstallIdentity,
  type RoomState,
  stateText,
} from "../copy/end.ts";
import { type CopyTableName, copyTables } from "../copy/tables.ts";
import { type Mark, movedRow, readMark, unfinishedRow } from "../sql/marks.ts";
import { beginCapture, isCaptured, releaseCapture } from "./capture.ts";
import {
  physicalColumns,
  physicalKey,
  toCopyKey,
  toCopyRow,
  toStoredKey,
  toStoredRow,
} from "./copy-columns.ts";
import { Database, type Value } from "./database.ts";
import { resultCode } from "./errors.ts";
import { migrate, schemaVersion } from "./migrations.ts";

/** How long the server's writer, or another program, is waited for: it never takes that long. */
const busyTimeoutMs = 10_000;

/** SQLITE_READONLY: among others, something must be rolled back by somebody who may write. */
const readOnlyCode = 8;

/** How the watermark beside a database knows it. */
export interface Life {
  readonly start: number;
  readonly commits: number;
}

type Stored = Readonly<Record<string, Value>>;

/** One database file. Everything is synchronous. */
export class CopyWork {
  readonly #path: string;
  readonly #isFile: boolean;
  #reading: Database | undefined;
  #writing: Database | undefined;

  /** @param isFile Made by itself, to lie somewhere without a server: it needs no log beside it. */
  constructor(path: string, isFile: boolean) {
    this.#path = path;
    this.#isFile = isFile;
  }

  state(): CopyState {
    const absent = { known: schemaVersion, isCaptured: false, isUsed: false };
    if (!existsSync(this.#path)) return absent;
    const database = this.#reader;
    const version = versionOf(database);
    if (version === 0) return absent;
    const meta = readMeta(database);
    const text = (name: string): string | undefined => {
      const value = meta.get(name);
      return value === undefined || value === null ? undefined : String(value);
    };
    const mark = readMark(text);
    const [id, part, payloadKey] = [
      text("install_id"),
      text("install_part"),
      meta.get("payload_key"),
    ];
    const isWhole = id !== undefined && part !== undefined && payloadKey instanceof Uint8Array;
    return {
      version,
      known: schemaVersion,
      isCaptured: isCaptured(database),
      isUsed: ["users", "events", "api_keys"].some(
        (table) => database.get(`SELECT 1 FROM ${table} LIMIT 1`) !== undefined,
      ),
      ...(mark === undefined ? {} : { mark }),
      ...(isWhole ? { identity: { id, part, payloadKey } } : {}),
    };
  }

  counts(): Record<CopyTableName, number> {
    const counts = {} as Record<CopyTableName, number>;
    for (const { name } of copyTables) {
      counts[name] = this.#reader.get<{ n: number }>(`SELECT count(*) AS n FROM ${name}`)?.n ?? 0;
    }
    return counts;
  }

  /** Of the snapshot, if there is one. */
  life(): Life {
    const meta = readMeta(this.#reader);
    return { start: Number(meta.get("start") ?? 0), commits: Number(meta.get("commits") ?? 0) };
  }

  beginSnapshot(): void {
    this.#reader.exec("BEGIN");
    // SQLite chooses the state that is read at the first statement.
    this.#reader.get("SELECT 1 FROM meta LIMIT 1");
  }

  endSnapshot(): void {
    if (this.#reading?.inTransaction === true) this.#reading.exec("ROLLBACK");
  }

  chunk(table: CopyTableName, after?: CopyKey): Chunk {
    const names = physicalColumns(table);
    const key = physicalKey(table);
    const condition =
      after === undefined ? "" : `WHERE (${key.join(", ")}) > (${key.map(() => "?").join(", ")})`;
    const rows: CopyRow[] = [];
    let chars = 0;
    let last: Stored | undefined;
    const found = this.#reader.iterate<Stored>(
      `SELECT ${names.join(", ")} FROM ${table} ${condition} ORDER BY ${key.join(", ")} LIMIT ?`,
      ...((after ?? []) as Value[]),
      chunkRows,
    );
    let isCut = false;
    for (const row of found) {
      const cells = names.map((name) => row[name] ?? null);
      rows.push(toCopyRow(table, cells));
      for (const cell of cells) chars += typeof cell === "string" ? cell.length : 8;
      last = row;
      if (chars < chunkChars) continue;
      isCut = true;
      break;
    }
    const isEnd = last === undefined || (rows.length < chunkRows && !isCut);
    if (isEnd) return { rows };
    const end = last;
    return { rows, next: key.map((column) => end?.[column] ?? null) };
  }

  controlHead(): number {
    const head = "SELECT coalesce(max(sequence), 0) AS head FROM control_log";
    return this.#reader.get<{ head: number }>(head)?.head ?? 0;
  }

  roomStates(
    query: { readonly after: string } | { readonly rooms: readonly string[] },
  ): RoomState[] {
    const select = `SELECT room, kind, title, epoch_part, head, floor, floor_hash, head_hash, revision, countable FROM rooms`;
    const rows =
      "rooms" in query
        ? this.#reader.all<Stored>(
            `${select} WHERE room IN (SELECT value FROM json_each(?))`,
            JSON.stringify(query.rooms.slice(0, chunkRows)),
          )
        : this.#reader.all<Stored>(
            `${select} WHERE room > ? ORDER BY room LIMIT ?`,
            query.after,
            chunkRows,
          );
    return rows.map(({ room, ...rest }) => ({
      room: String(room),
      state: stateText(Object.values(rest)),
    }));
  }

  capture(): void {
    this.#inTransaction(() => beginCapture(this.#writer));
  }

  changes(limit: number): Changes {
    const database = this.#writer;
    database.exec("BEGIN");
    try {
      const noted = database.all<{ id: number; tab: CopyTableName; key_text: string }>(
        "SELECT id, tab, key_text FROM move_changes ORDER BY id LIMIT ?",
        limit,
      );
      const touched = new Map<CopyTableName, Set<string>>();
      for (const { tab, key_text } of noted) {
        touched.set(tab, (touched.get(tab) ?? new Set()).add(key_text));
      }
      return {
        ids: noted.map(({ id }) => id),
        tables: [...touched].map(([table, keys]) => this.#changed(table, [...keys])),
      };
    } finally {
      database.exec("COMMIT");
    }
  }

  forget(ids: readonly number[]): void {
    this.#inTransaction(() => {
      const listed = "id IN (SELECT value FROM json_each(?))";
      this.#writer.run(`DELETE FROM move_changes WHERE ${listed}`, JSON.stringify(ids));
    });
  }

  pending(): number {
    return this.#writer.get<{ n: number }>("SELECT count(*) AS n FROM move_changes")?.n ?? 0;
  }

  release(): void {
    if (existsSync(this.#path)) releaseCapture(this.#writer);
  }

  seal(to: string): void {
    this.#setMark({ type: "moved", to });
  }

  unseal(): void {
    this.#inTransaction(() => {
      this.#writer.run("DELETE FROM meta WHERE name = ?", movedRow);
    });
  }

  prepare(mark: Mark, identity: InstallIdentity): void {
    this.#close();
    // Marked before it is taken away: whatever ends this, no start takes a part of it for an install.
    for (const end of ["", "-wal", "-shm", "-journal"])
      rmSync(`${this.#path}${end}`, { force: true });
    const database = this.#writer;
    migrate(database);
    this.#inTransaction(() => {
      const set = "INSERT INTO meta (name, value) VALUES (?, ?)";
      database.run(set, unfinishedRow, mark.type === "unfinished" ? mark.by : "move");
      database.run(set, "install_id", identity.id);
      database.run(set, "install_part", identity.part);
      database.run(set, "payload_key", identity.payloadKey);
    });
  }

  insert(table: CopyTableName, rows: readonly CopyRow[]): void {
    this.#inTransaction(() => this.#insert(table, rows));
  }

  apply({ tables }: Changes): void {
    this.#inTransaction(() => {
      for (const { table, keys, rows } of tables) {
        const same = physicalKey(table).map((column) => `${column} = ?`);
        const remove = `DELETE FROM ${table} WHERE ${same.join(" AND ")}`;
        for (const key of keys) this.#writer.run(remove, ...toStoredKey(table, key));
        this.#insert(table, rows);
      }
    });
  }

  settle(controlHead: number): void {
    const { head } = this.#writer.get<{ head: number }>(
      "SELECT coalesce(max(sequence), 0) AS head FROM control_log",
    ) ?? { head: 0 };
    // The next entry's sequence follows the last one that is there.
    if (head !== controlHead)
      throw new Error(`the control log ends at ${head}, not ${controlHead}`);
  }

  /** How its watermark will know it, and that it needs no check. */
  begin({ start, commits }: Life): void {
    this.#inTransaction(() => {
      for (const [name, value] of [
        ["start", start],
        ["commits", commits],
        ["clean", 1],
      ] as const) {
        this.#writer.run("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", name, value);
      }
    });
  }

  complete(): void {
    const database = this.#writer;
    database.exec("PRAGMA synchronous = FULL");
    this.#inTransaction(() => {
      database.run("DELETE FROM meta WHERE name IN (?, ?)", unfinishedRow, movedRow);
    });
    if (this.#isFile) this.#close();
  }

  uncomplete(): void {
    this.#setMark({ type: "unfinished", by: "move" });
  }

  close(): void {
    this.#close();
  }

  get #reader(): Database {
    this.#reading ??= openToRead(this.#path);
    return this.#reading;
  }

  get #writer(): Database {
    if (this.#writing !== undefined) return this.#writing;
    const database = new Database(this.#path, { busyTimeoutMs });
    // What is lost of a file that is being made is made anew. Beside a server nothing here is its truth, until `seal`.
    if (this.#isFile) {
      database.exec("PRAGMA journal_mode = MEMORY");
      database.exec("PRAGMA synchronous = OFF");
    } else {
      database.exec("PRAGMA journal_mode = WAL");
      database.exec("PRAGMA synchronous = NORMAL");
    }
    database.exec("PRAGMA secure_delete = ON");
    database.exec("PRAGMA cache_size = -16000");
    this.#writing = database;
    return database;
  }

  #setMark(mark: Mark): void {
    const [name, value] = mark.type === "moved" ? [movedRow, mark.to] : [unfinishedRow, mark.by];
    this.#writer.exec("PRAGMA synchronous = FULL");
    this.#inTransaction(() => {
      this.#writer.run("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", name, value);
    });
    this.#writer.exec("PRAGMA synchronous = NORMAL");
  }

  #inTransaction(work: () => void): void {
    const database = this.#writer;
    database.exec("BEGIN IMMEDIATE");
    try {
      work();
      database.exec("COMMIT");
    } catch (error) {
      if (database.inTransaction) database.exec("ROLLBACK");
      throw error;
    }
  }

  #insert(table: CopyTableName, rows: readonly CopyRow[]): void {
    const names = physicalColumns(table);
    const insert = `INSERT INTO ${table} (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})`;
    for (const row of rows) this.#writer.run(insert, ...toStoredRow(table, row));
  }

  #changed(table: CopyTableName, texts: readonly string[]): ChangedTable {
    const names = physicalColumns(table);
    const same = physicalKey(table).map((column) => `${column} = ?`);
    const select = `SELECT ${names.join(", ")} FROM ${table} WHERE ${same.join(" AND ")}`;
    const keys: CopyKey[] = [];
    const rows: CopyRow[] = [];
    for (const text of texts) {
      const key = JSON.parse(text) as Value[];
      keys.push(toCopyKey(table, key));
      const row = this.#writer.get<Stored>(select, ...key);
      if (row === undefined) continue;
      rows.push(
        toCopyRow(
          table,
          names.map((name) => row[name] ?? null),
        ),
      );
    }
    return { table, keys, rows };
  }

  #close(): void {
    this.endSnapshot();
    this.#reading?.close();
    this.#writing?.close();
    this.#reading = undefined;
    this.#writing = undefined;
  }
}

/**
 * Where a process was killed while it made the file, what it had not committed has to be rolled back first, and that is
 * writing.
 */
function openToRead(path: string): Database {
  const open = (readOnly: boolean): Database => {
    const database = new Database(path, { readOnly, busyTimeoutMs });
    try {
      database.get("SELECT 1 FROM sqlite_schema LIMIT 1");
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  };
  try {
    return open(true);
  } catch (error) {
    if (resultCode(error) !== readOnlyCode) throw error;
    open(false).close();
    return open(true);
  }
}

function versionOf(database: Database): number {
  const table = database.get("SELECT 1 FROM sqlite_schema WHERE name = 'migrations'");
  if (table === undefined) return 0;
  const newest = "SELECT coalesce(max(version), 0) AS version FROM migrations";
  return database.get<{ version: number }>(newest)?.version ?? 0;
}

function readMeta(database: Database): Map<string, Value> {
  const rows = database.all<{ name: string; value: Value }>("SELECT name, value FROM meta");
  return new Map(rows.map(({ name, value }) => [name, value]));
}
