/**
 * The outbox of an install on SQLite: a file of its own, beside the database, since it belongs to applications as much as to the
 * server. Theirs is no place in `parlance.db`, for five reasons:
 *
 * - Whoever can write there can write messages of anybody, and read all of them.
 * - An application in the middle of a transaction would hold up every send, since SQLite has one writer at a time.
 * - An application that does not sync (`PRAGMA synchronous`) could empty the write-ahead log, and acknowledged messages with it.
 * - Its tables are `STRICT`, which SQLite before 3.37, found in many an application, refuses to open.
 * - It has a write-ahead log. Only without one are a transaction's changes in two files, the application's own and this one
 *   attached to it, made or lost together when the machine stops (SQLite, "ATTACH DATABASE").
 */
import type { OutboxLook, OutboxPlace, OutboxRow } from "@parlance/core";
import { Database } from "./database.ts";

/** How long an application that is in the middle of a transaction is waited for. */
const busyTimeoutMs = 1_500;

/* In the SQL of old versions too: applications bring their own SQLite. */
const schema = `
  CREATE TABLE IF NOT EXISTS outbox (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    publication TEXT NOT NULL,
    idempotency_key TEXT NOT NULL DEFAULT (lower(hex(randomblob(16)))),
    service TEXT,
    created_at INTEGER NOT NULL DEFAULT (strftime('%s', 'now') * 1000),
    refused_at INTEGER,
    reason TEXT
  );
  CREATE INDEX IF NOT EXISTS outbox_waiting ON outbox (number) WHERE refused_at IS NULL;
`;

const now = "CAST(unixepoch('subsec') * 1000 AS INTEGER)";
/** Columns here take values of every type, in any encoding. What can be no key is none. */
const keyText =
  "CASE WHEN idempotency_key GLOB '*[^!-~]*' THEN '' ELSE CAST(idempotency_key AS TEXT) END";
const place = `number = ? AND ${keyText} = ?`;
const utf8 = new TextDecoder("utf-8", { fatal: true });

/** A row that came with a copy of another database. */
export interface CopiedOutboxRow {
  readonly number: number;
  readonly publication: string;
  readonly idempotency_key: string;
  readonly service: string | null;
  readonly created_at: number;
  readonly refused_at: number | null;
  readonly reason: string | null;
}

interface WaitingRow {
  readonly number: number;
  readonly key: string;
  readonly service: string | null;
  /** The driver gives null for one of no bytes. */
  readonly publication: Uint8Array | null;
}

/** The file. Made when it is first asked for something. Synchronous: belongs in a thread of its own. */
export class OutboxFile {
  readonly #path: string;
  #opened: Database | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  waiting({ rows, bytes }: OutboxLook): readonly OutboxRow[] {
    const found = this.#database.all<WaitingRow>(
      `SELECT number, ${keyText} AS key, CAST(service AS TEXT) AS service,
         substr(CAST(publication AS BLOB), 1, ?) AS publication
       FROM outbox WHERE refused_at IS NULL ORDER BY number LIMIT ?`,
      bytes + 1,
      rows,
    );
    return found.map(({ number, key, service, publication }) => ({
      number,
      key,
      publication: textOf(publication ?? new Uint8Array(), bytes),
      ...(service === null ? {} : { service }),
    }));
  }

  done(rows: readonly OutboxPlace[]): void {
    this.#inTransaction((database) => {
      for (const { number, key } of rows) {
        database.run(`DELETE FROM outbox WHERE ${place}`, number, key);
      }
    });
  }

  refuse({ number, key }: OutboxPlace, reason: string): void {
    this.#inTransaction((database) => {
      database.run(
        `UPDATE outbox SET refused_at = ${now}, reason = ? WHERE ${place}`,
        reason,
        number,
        key,
      );
    });
  }

  /** Puts them behind what is there. */
  takeIn(rows: readonly CopiedOutboxRow[]): void {
    this.#inTransaction((database) => {
      for (const row of rows) {
        database.run(
          `INSERT INTO outbox (publication, idempotency_key, service, created_at, refused_at, reason)
           VALUES (?, ?, ?, ?, ?, ?)`,
          row.publication,
          row.idempotency_key,
          row.service,
          row.created_at,
          row.refused_at,
          row.reason,
        );
      }
    });
  }

  close(): void {
    this.#opened?.close();
    this.#opened = undefined;
  }

  get #database(): Database {
    if (this.#opened !== undefined) return this.#opened;
    const database = new Database(this.#path, { busyTimeoutMs });
    try {
      // What was published may be erased later: it must not be found here.
      database.exec("PRAGMA secure_delete = ON");
      database.exec(schema);
    } catch (error) {
      database.close();
      throw error;
    }
    this.#opened = database;
    return database;
  }

  #inTransaction(work: (database: Database) => void): void {
    const database = this.#database;
    database.exec("BEGIN IMMEDIATE");
    try {
      work(database);
      database.exec("COMMIT");
    } catch (error) {
      if (database.inTransaction) database.exec("ROLLBACK");
      throw error;
    }
  }
}

/** What is not UTF-8 is not JSON either, but could look like it once it is decoded all the same. */
function textOf(content: Uint8Array, bytes: number): string {
  // Cut in the middle of a character, maybe; nobody reads it.
  if (content.length > bytes) return Buffer.from(content).toString("utf8");
  try {
    return utf8.decode(content);
  } catch {
    return "\ufffd";
  }
}
