/**
 * A table that applications fill in transactions of their own, so that what they store and what they publish happen together or
 * not at all. Each row is a publication; rows that were published are deleted.
 *
 * Two transactions may commit in the other order than that in which their rows got numbers, so nobody remembers how far was
 * read: what is there and waits is looked at, whatever its number.
 */
export interface Outbox {
  /**
   * The first rows that wait, in the order of their numbers. A row is there once the application's transaction is committed.
   *
   * @throws StorageError
   */
  waiting(look: OutboxLook): Promise<readonly OutboxRow[]>;
  /** Deletes rows; those that are gone already are left out. @throws StorageError */
  done(rows: readonly OutboxPlace[]): Promise<void>;
  /** Sets a row aside, with the reason, for whoever wrote it: it waits no more. @throws StorageError */
  refuse(row: OutboxPlace, reason: string): Promise<void>;
}

export interface OutboxLook {
  /** Rows at most. */
  readonly rows: number;
  /** Longest publication that is of use. What is longer may come cut, but comes longer than this all the same. */
  readonly bytes: number;
}

/** One row. The number alone would name another row in another database, and after somebody emptied the table by hand. */
export interface OutboxPlace {
  /** Grows with every row that is written. */
  readonly number: number;
  /** Its idempotency key: the application's, else one that the database made with the row. */
  readonly key: string;
}

/** As the application wrote it: nothing of it has been checked. */
export interface OutboxRow extends OutboxPlace {
  /** JSON, if it is as it should be. */
  readonly publication: string;
  readonly service?: string;
}
