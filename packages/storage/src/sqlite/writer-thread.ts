/** The one thread that writes: takes a batch, runs it as one transaction, answers with all its results. */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import { createCrashPoint } from "../sql/crash-point.ts";
import { readMark, SetAsideError } from "../sql/marks.ts";
import { NewerSchemaError } from "../sql/newer-schema-error.ts";
import { randomPart } from "../sql/random-part.ts";
import { createSha256 } from "../sql/sha256.ts";
import { releaseCapture } from "./capture.ts";
import { Database } from "./database.ts";
import { type Failure, failure, isEngineTrouble } from "./errors.ts";
import { migrate } from "./migrations.ts";
import {
  appendAt,
  appendStride,
  type Batch,
  type BatchResult,
  type Call,
  type CallResult,
  type Cell,
  outcomeCode,
  type ThreadSettings,
  type WriterGreeting,
} from "./thread-messages.ts";
import { isBehind, isFullDisk, readWatermark, writeWatermark } from "./watermark.ts";
import { createDirectoryWrites } from "./write-directory.ts";
import { createRoomWrites } from "./write-rooms.ts";

/** How long a lock that another program holds (a backup, a shell) is waited for. */
const busyTimeoutMs = 1_500;
/** How much may be missing in the watermark after a crash. */
const watermarkDelayMs = 1_000;
/** How soon after an erasure the pages from before it are overwritten, and how soon that is tried again. */
const forgetDelayMs = 250;

const port = parentPort;
if (port === null) throw new Error("this file is the entry of a worker thread");
const settings = workerData as ThreadSettings;

interface Opened {
  readonly greeting: WriterGreeting;
  readonly database: Database;
  readonly key: Uint8Array;
  readonly start: number;
  commits: number;
  /** Something was erased that the write-ahead log may still have. */
  hasErased: boolean;
}

/**
 * Brings all pages into the database's file and empties the write-ahead log, in which older versions of them are.
 *
 * @returns false where that is not possible now: a reader is in the way, who is not waited for, or the disk is in trouble.
 */
function emptyWriteAheadLog(database: Database): boolean {
  database.exec("PRAGMA busy_timeout = 0");
  try {
    const row = database.get<{ busy: number }>("PRAGMA wal_checkpoint(TRUNCATE)");
    return row?.busy === 0;
  } catch (error) {
    if (isEngineTrouble(error)) return false;
    throw error;
  } finally {
    database.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
  }
}

/** Opens, migrates, and takes down that the database is in use from now on. */
function open(): Opened {
  const database = new Database(join(settings.directory, "parlance.db"), { busyTimeoutMs });
  database.exec("PRAGMA journal_mode = WAL");
  database.exec("PRAGMA synchronous = FULL");
  database.exec("PRAGMA temp_store = MEMORY");
  database.exec("PRAGMA cache_size = -16000");
  // What is erased is overwritten, not only let go of: a deleted text must not be found in the file.
  database.exec("PRAGMA secure_delete = ON");
  migrate(database);
  // After a crash the write-ahead log may hold what was erased since.
  emptyWriteAheadLog(database);

  const meta = new Map(
    database
      .all<{ name: string; value: string | number | Uint8Array }>("SELECT name, value FROM meta")
      .map(({ name, value }) => [name, value]),
  );
  const mark = readMark((name) => {
    const value = meta.get(name);
    return value === undefined ? undefined : String(value);
  });
  if (settings.isBeingCopied !== true) {
    if (mark !== undefined) {
      database.close();
      throw new SetAsideError(mark);
    }
    // A move that a process ended in: who has the directory to itself is the only one who could go on with it.
    releaseCapture(database);
  }
  const known = meta.size > 0;
  const before = {
    start: Number(meta.get("start") ?? 0),
    commits: Number(meta.get("commits") ?? 0),
  };
  const file = readWatermark(settings.directory);
  const epochRenewed = known && (file === undefined || isBehind(before, file));
  const installPart = known && !epochRenewed ? String(meta.get("install_part")) : randomPart();
  const installId = String(meta.get("install_id") ?? randomPart() + randomPart());
  const storedKey = meta.get("payload_key");
  const key = storedKey instanceof Uint8Array ? storedKey : randomBytes(32);
  // Above both, so that a copy from before this start is noticed whichever way files were put back.
  const start = Math.max(before.start, file?.start ?? 0) + 1;

  database.exec("BEGIN IMMEDIATE");
  const set = (name: string, value: string | number | Uint8Array): void => {
    database.run("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", name, value);
  };
  set("install_id", installId);
  set("install_part", installPart);
  set("payload_key", key);
  set("start", start);
  set("commits", before.commits);
  set("clean", 0);
  database.exec("COMMIT");
  writeWatermark(settings.directory, { start, commits: before.commits }, true);

  const cleanStop = !known || meta.get("clean") === 1;
  const greeting: WriterGreeting = {
    type: "ready",
    installPart,
    installId,
    epochRenewed,
    cleanStop,
  };
  return { greeting, database, key, start, commits: before.commits, hasErased: false };
}

/** A transaction's outcome when it failed; thrown so that the caller decides about trying again. */
class TransactionError extends Error {
  readonly failure: Failure;
  readonly retriable: boolean;

  constructor(cause: unknown, effect: Failure["effect"]) {
    super("transaction failed", { cause });
    this.failure = failure(cause, effect);
    this.retriable = effect === "none" && !isEngineTrouble(cause);
  }
}

function serve(opened: Opened): (batch: Batch) => BatchResult {
  const { database } = opened;
  const pass = createCrashPoint(settings.crashAt);
  const rooms = createRoomWrites(database, opened.key, createSha256());
  const directory = new Map<string, (...args: never[]) => unknown>(
    Object.entries(createDirectoryWrites(database, rooms)),
  );

  const call = ({ name, args }: Call): CallResult => {
    const run = directory.get(name);
    if (run === undefined) throw new Error(`unknown call ${name}`);
    return { ok: true, value: run(...(args as never[])) };
  };

  const transaction = (batch: Batch): BatchResult & { type: "done" } => {
    const appended: Cell[] = [];
    const called: CallResult[] = [];
    const changesBefore = database.changes;
    let place = 0;
    let committing = false;
    try {
      database.exec("BEGIN IMMEDIATE");
      rooms.begin();
      for (const step of batch.steps) {
        if (typeof step === "object") {
          called.push(call(step));
          continue;
        }
        for (const end = place + step * appendStride; place < end; place += appendStride) {
          rooms.append(appendAt(batch.appends, place), appended);
          pass("mid_transaction");
        }
      }
      rooms.finish();
      const wrote = database.changes > changesBefore;
      if (wrote) database.run("UPDATE meta SET value = value + 1 WHERE name = 'commits'");
      pass("before_commit");
      committing = true;
      database.exec("COMMIT");
      pass("after_commit");
      if (wrote) opened.commits += 1;
      if (rooms.hasErased) opened.hasErased = true;
    } catch (error) {
      // If even this fails the thread ends, and the transaction with it.
      if (database.inTransaction) database.exec("ROLLBACK");
      throw new TransactionError(error, committing ? "unknown" : "none");
    }
    return { type: "done", appended, called };
  };

  /** One by one, so that only the one at fault fails. */
  const oneByOne = (batch: Batch): BatchResult => {
    const appended: Cell[] = [];
    const called: CallResult[] = [];
    let place = 0;
    for (const step of batch.steps) {
      if (typeof step === "object") {
        const result = attempt({ type: "batch", appends: [], steps: [step] });
        called.push(
          result.type === "failed" ? { ok: false, failure: result.failure } : one(result.called),
        );
        continue;
      }
      for (const end = place + step * appendStride; place < end; place += appendStride) {
        const appends = batch.appends.slice(place, place + appendStride);
        const result = attempt({ type: "batch", appends, steps: [1] });
        if (result.type === "done") appended.push(...result.appended);
        else appended.push(...failedCells(result.failure));
      }
    }
    return { type: "done", appended, called };
  };

  const attempt = (batch: Batch): BatchResult => {
    try {
      return transaction(batch);
    } catch (error) {
      if (!(error instanceof TransactionError)) throw error;
      return { type: "failed", failure: error.failure };
    }
  };

  return (batch) => {
    try {
      return transaction(batch);
    } catch (error) {
      if (!(error instanceof TransactionError)) throw error;
      if (error.retriable) return oneByOne(batch);
      return { type: "failed", failure: error.failure };
    }
  };
}

/** A disk without room for this leaves it undone: the next start then looks through the file. */
function markClean(database: Database): void {
  try {
    database.run("UPDATE meta SET value = 1 WHERE name = 'clean'");
  } catch (error) {
    if (!isEngineTrouble(error)) throw error;
  }
}

function failedCells({ message, effect }: Failure): Cell[] {
  return [outcomeCode.failed, effect, 0, message, 0, 0, 0];
}

function one<T>(items: readonly T[]): T {
  const [item] = items;
  if (item === undefined) throw new Error("a result is missing");
  return item;
}

function run(to: NonNullable<typeof parentPort>): void {
  let opened: Opened;
  try {
    opened = open();
  } catch (error) {
    to.postMessage({
      type: "failed",
      failure: failure(error, "none"),
      ...(error instanceof NewerSchemaError
        ? { newer: { version: error.version, known: error.known } }
        : {}),
      ...(error instanceof SetAsideError ? { mark: error.mark } : {}),
    } satisfies WriterGreeting);
    return;
  }
  const { database, start } = opened;
  const execute = serve(opened);
  let remember: NodeJS.Timeout | undefined;
  /* A full disk must not end the thread: what was read and acknowledged before stays of use, and there may be room again.
   * Anything else does. Where the directory is gone, what would be acknowledged from now on would be gone with it. */
  const writeMark = (sync: boolean): boolean => {
    try {
      writeWatermark(settings.directory, { start, commits: opened.commits }, sync);
      return true;
    } catch (error) {
      if (!isFullDisk(error)) throw error;
      return false;
    }
  };
  const rememberCommits = (): void => {
    const done = writeMark(false);
    remember = done ? undefined : setTimeout(rememberCommits, watermarkDelayMs);
  };

  let forget: NodeJS.Timeout | undefined;
  const forgetErased = (): void => {
    forget = undefined;
    opened.hasErased = !emptyWriteAheadLog(database);
    if (opened.hasErased) forget = setTimeout(forgetErased, forgetDelayMs);
  };

  to.on("message", (message: Batch | { readonly type: "close" }) => {
    if (message.type === "batch") {
      const before = opened.commits;
      to.postMessage(execute(message));
      if (opened.hasErased) forget ??= setTimeout(forgetErased, forgetDelayMs);
      if (opened.commits > before) remember ??= setTimeout(rememberCommits, watermarkDelayMs);
      return;
    }
    clearTimeout(remember);
    clearTimeout(forget);
    markClean(database);
    database.close();
    writeMark(true);
    to.close();
  });
  to.postMessage(opened.greeting);
}

run(port);
