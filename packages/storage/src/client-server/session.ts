/**
 * What the engines that are servers of their own (PostgreSQL, MySQL) must bring. Everything else of theirs is common:
 * the statements of this folder are written once, in the SQL that both understand, with the few differences behind
 * these interfaces.
 */
import type { SearchWay } from "./search-messages.ts";
import type { ColumnTypes, TableName } from "./tables.ts";

/** A value in a row. */
export type Cell = string | number | null | Uint8Array;

/** A parameter: a value, or a list for `IN (?*)`, which must not be empty. */
export type Parameter = Cell | readonly (string | number | Uint8Array)[];

/** Rows for one table: cells in the order of `columns`. */
export interface Rows {
  readonly table: TableName;
  readonly columns: ColumnTypes;
  readonly rows: readonly (readonly Cell[])[];
}

/**
 * Statements on one connection. Those that are asked for together, without waiting for the first, travel together: they run
 * in that order, and after one that failed the later ones fail too. In their texts `{events}` stands for the table with the install's prefix, `?` for a
 * parameter, and `IN (?*)` for a list of any length.
 *
 * Every method throws `EngineError`.
 */
export interface Session {
  /** `R` is the caller's word for the columns that it selected. */
  all<R>(sql: string, ...values: Parameter[]): Promise<R[]>;
  /** The first row. */
  get<R>(sql: string, ...values: Parameter[]): Promise<R | undefined>;
  /** @returns the number of rows that were found and changed. */
  run(sql: string, ...values: Parameter[]): Promise<number>;
  /** Inserts rows in their order with one statement. */
  insert(rows: Rows): Promise<void>;
  /** Inserts what is not there yet. @returns how many were inserted. */
  insertNew(rows: Rows): Promise<number>;
  /**
   * Sets all columns but `keys` of the rows that are there and leaves out the others.
   *
   * @param raised Columns that never fall: the larger of both values stays.
   */
  update(rows: Rows, keys: readonly string[], raised?: readonly string[]): Promise<void>;
  /** Inserts; where a row is there, adds to `sum`. */
  add(rows: Rows, keys: readonly string[], sum: string): Promise<void>;
  /** Inserts; replaces a row that is there unless it has a greater `age`. */
  replaceOlder(rows: Rows, keys: readonly string[], age: string): Promise<void>;
}

/** A connection that somebody has to themselves. */
export interface Connection extends Session {
  /** A statement without parameters and tables: `BEGIN`, `COMMIT`. */
  exec(sql: string): Promise<void>;
  /** Gives it back; a broken one is closed instead. */
  release(isBroken: boolean): void;
}

export interface Pool {
  /** Connections at most. */
  readonly size: number;
  /** @throws EngineError `lost` if none can be had in a second or two. */
  acquire(): Promise<Connection>;
  /** Waits for those that are in use. */
  close(): Promise<void>;
}

/** How the engines differ beyond `Session`. */
export interface EngineSql {
  /** Begins a transaction for writing at READ COMMITTED. */
  readonly begin: readonly string[];
  /** Begins one that reads one state of everything. */
  readonly beginSnapshot: readonly string[];
  /** After a table's name: makes a locking read go through the rows in the order of the primary key. */
  readonly inKeyOrder: string;
  /** The end of a `SELECT` that locks rows against others who change them. */
  readonly forUpdate: string;
  /** The database's own clock: milliseconds since 1970. */
  readonly now: string;
  readonly search: SearchWay;
  /** Whether terms have rows of their own, which this program writes; else an index over `messages.terms` is all. */
  readonly hasTermRows: boolean;
}

/** An engine, ready to be used. */
export interface Engine {
  readonly sql: EngineSql;
  /** Reserved for appends, so that nothing slow stands before them. */
  readonly appends: Pool;
  /** For everything else. */
  readonly others: Pool;
  /** Settings of the server that make an acknowledgement worth less than it says, in words for the operator. */
  readonly weaknesses: readonly string[];
}

/** What can be done about a failed statement. */
export type Trouble =
  /** A deadlock, a lost serialization, a lock that came too late: the same transaction may do the next time. */
  | "retry"
  /** The connection or the server is gone, or did not answer in time. */
  | "lost"
  /** The statement itself: a row that breaks a constraint, or a bug of ours. */
  | "refused";

/** A failed statement, whatever the driver called it. */
export class EngineError extends Error {
  readonly trouble: Trouble;

  constructor(message: string, trouble: Trouble, options?: ErrorOptions) {
    super(message, options);
    this.name = "EngineError";
    this.trouble = trouble;
  }
}
