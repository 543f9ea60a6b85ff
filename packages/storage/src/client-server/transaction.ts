import { randomInt } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { StorageError } from "@parlance/core";
import { type Connection, EngineError, type Pool, type Session } from "./session.ts";

/** How often a transaction that lost against others is begun again. */
const attempts = 8;
/** Longest pause before the n-th of them: doubled each time, from here. */
const firstPauseMs = 4;

/** What a test may do around a commit. */
export interface CommitHooks {
  beforeCommit(): void;
  afterCommit(): void;
}

/** Work's result, and what is left to be written: asked for together with the commit. */
export interface Done<T> {
  readonly result: T;
  last(): readonly Promise<unknown>[];
}

/**
 * Runs work in a transaction. One that lost against others, or whose connection turned out to be gone before anything
 * was committed, is run again from its beginning; so `work` must change nothing outside of it.
 *
 * @throws StorageError `unknown` if the connection went while the commit was under way, `none` for every other trouble
 *   of the engine.
 * @throws EngineError `refused` for a statement that cannot succeed.
 */
export async function transact<T>(
  pool: Pool,
  begin: readonly string[],
  work: (session: Session) => Promise<Done<T>>,
  hooks?: CommitHooks,
): Promise<T> {
  let losses = 0;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await once(pool, begin, work, hooks);
    } catch (error) {
      if (!(error instanceof EngineError) || error.trouble === "refused") throw error;
      if (error.trouble === "lost") losses += 1;
      // A pooled connection may be one that died while it was idle: the next is a new one.
      if (attempt >= attempts || losses > 1) {
        throw new StorageError(error.message, "none", { cause: error });
      }
      if (error.trouble === "retry") await pause(randomInt(firstPauseMs * 2 ** attempt) + 1);
    }
  }
}

async function once<T>(
  pool: Pool,
  begin: readonly string[],
  work: (session: Session) => Promise<Done<T>>,
  hooks: CommitHooks | undefined,
): Promise<T> {
  const connection = await pool.acquire();
  let isBroken = false;
  try {
    // Travels with the first statements of the work.
    const begun = Promise.all(begin.map((statement) => connection.exec(statement)));
    const [{ result, last }] = await Promise.all([work(connection), begun]);
    const writes = Promise.all(last());
    if (hooks !== undefined) {
      await writes;
      hooks.beforeCommit();
    }
    // The commit first: if the line went, it may have been done whatever is known of the writes before it.
    const [committed, written] = await Promise.allSettled([commit(connection), writes]);
    if (committed.status === "rejected") throw committed.reason;
    if (written.status === "rejected") throw written.reason;
    hooks?.afterCommit();
    return result;
  } catch (error) {
    isBroken = !(await canRollBack(connection, error));
    throw error;
  } finally {
    connection.release(isBroken);
  }
}

async function commit(connection: Connection): Promise<void> {
  try {
    await connection.exec("COMMIT");
  } catch (error) {
    if (error instanceof EngineError && error.trouble !== "lost") throw error;
    // It may have been done: only a request that can be recognised may be repeated.
    const message = error instanceof Error ? error.message : String(error);
    throw new StorageError(message, "unknown", { cause: error });
  }
}

async function canRollBack(connection: Connection, error: unknown): Promise<boolean> {
  if (error instanceof StorageError) return false;
  if (error instanceof EngineError && error.trouble === "lost") return false;
  try {
    await connection.exec("ROLLBACK");
    return true;
  } catch {
    return false;
  }
}

/** Runs reads on a connection of the pool, each statement by itself. @throws StorageError */
export async function reading<T>(pool: Pool, read: (session: Session) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await readOnce(pool, read);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      if (attempt > 1 || error.trouble === "refused") {
        throw new StorageError(error.message, "none", { cause: error });
      }
    }
  }
}

async function readOnce<T>(pool: Pool, read: (session: Session) => Promise<T>): Promise<T> {
  const connection = await pool.acquire();
  let isBroken = false;
  try {
    return await read(connection);
  } catch (error) {
    isBroken = error instanceof EngineError && error.trouble !== "refused";
    throw error;
  } finally {
    connection.release(isBroken);
  }
}

/** As `transact`, with every failure a `StorageError`: for writes that no caller shares with others. */
export async function writing<T>(
  pool: Pool,
  begin: readonly string[],
  work: (session: Session) => Promise<T>,
): Promise<T> {
  try {
    return await transact(pool, begin, async (session) => ({
      result: await work(session),
      last: () => [],
    }));
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    throw new StorageError(error.message, "none", { cause: error });
  }
}

/** Gives work a connection to itself; it is closed where the work failed, since nobody knows what it is in the middle of. */
export async function using<T>(
  pool: Pool,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const connection = await pool.acquire();
  let isBroken = true;
  try {
    const result = await work(connection);
    isBroken = false;
    return result;
  } finally {
    connection.release(isBroken);
  }
}
