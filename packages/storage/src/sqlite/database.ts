/** The only file that knows `node:sqlite`. */
import { DatabaseSync, type StatementSync } from "node:sqlite";

export type Value = string | number | null | Uint8Array;

/**
 * One SQLite connection with a cache of prepared statements, keyed by their text. The texts are constants of
 * this package, so the cache is bounded by the number of statements written here. Synchronous: belongs in a
 * thread of its own.
 */
export class Database {
  readonly #connection: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  /** Rows changed by `run` so far. */
  changes = 0;

  /** @throws an SQLite error if the file cannot be opened. */
  constructor(
    path: string | URL,
    options: { readonly readOnly?: boolean; readonly busyTimeoutMs: number },
  ) {
    this.#connection = new DatabaseSync(path, {
      readOnly: options.readOnly ?? false,
      timeout: options.busyTimeoutMs,
      enableForeignKeyConstraints: false,
    });
  }

  /** Runs statements without parameters, several at once if need be. */
  exec(sql: string): void {
    this.#connection.exec(sql);
  }

  /** @returns the number of rows changed. */
  run(sql: string, ...values: Value[]): number {
    const changed = Number(this.#prepare(sql).run(...values).changes);
    this.changes += changed;
    return changed;
  }

  /** The first row. `R` is the caller's word for the columns that it selected. */
  get<R>(sql: string, ...values: Value[]): R | undefined {
    return this.#prepare(sql).get(...values) as R | undefined;
  }

  all<R>(sql: string, ...values: Value[]): R[] {
    return this.#prepare(sql).all(...values) as R[];
  }

  /** Rows one by one. Leave the loop before the statement is used again. */
  iterate<R>(sql: string, ...values: Value[]): Iterable<R> {
    return this.#prepare(sql).iterate(...values) as Iterable<R>;
  }

  /** Makes a function without parameters known to statements; what it throws ends the statement. */
  define(name: string, call: () => number): void {
    this.#connection.function(name, { deterministic: false }, call);
  }

  get inTransaction(): boolean {
    return this.#connection.isTransaction;
  }

  close(): void {
    this.#statements.clear();
    this.#connection.close();
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#connection.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}
