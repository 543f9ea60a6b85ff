import { resolve } from "node:path";
import { createMemoryRateStore } from "@parlance/core";
import type { Store, StoreStatus } from "../store.ts";
import { createDirectory } from "./directory.ts";
import { createFileIndex } from "./file-index.ts";
import { lockDirectory } from "./lock.ts";
import { makeDirectory } from "./make-directory.ts";
import { createOutbox } from "./outbox.ts";
import { Readers } from "./readers.ts";
import { createRoomLog } from "./room-log.ts";
import { Searches } from "./searches.ts";
import type { ThreadSettings } from "./thread-messages.ts";
import { createWebhooks } from "./webhooks.ts";
import { Writer } from "./writer.ts";

export interface SqliteOptions {
  /** Where the files are; made if absent. Belongs to one process at a time. */
  readonly directory: string;
  /** Threads for reading at most, at least 1. 2 if not given. */
  readonly readers?: number;
  /** Test only: die at the n-th passing of a named place, such as `after_commit:37`. */
  readonly crashAt?: string;
  /** Opens also what is being copied into, or was moved away. */
  readonly isBeingCopied?: boolean;
}

/**
 * Opens the store in a directory, brings it up to date and starts its threads. A check of the whole file,
 * needed after a crash, runs beside and is told by `status()`.
 *
 * @throws DirectoryInUseError at once if another process has it.
 * @throws NewerSchemaError if the database is of a newer program, SetAsideError if it is no install, StorageError if it cannot be opened, the system's
 *   error if the directory cannot be made.
 */
export async function openSqlite(options: SqliteOptions): Promise<Store> {
  const path = resolve(options.directory);
  await makeDirectory(path);
  const unlock = lockDirectory(path);
  const settings = {
    directory: path,
    ...(options.crashAt === undefined ? {} : { crashAt: options.crashAt }),
    ...(options.isBeingCopied === true ? { isBeingCopied: true } : {}),
  };
  const { promise: lost, resolve: markLost } = Promise.withResolvers<string>();
  let closing: Promise<void> | undefined;
  let writer: Writer;
  try {
    // The lock lives as long as the thread that writes, whoever else lets go of the store.
    writer = await Writer.start(settings, (reason) => {
      unlock();
      if (closing === undefined) markLost(reason);
    });
  } catch (error) {
    unlock();
    throw error;
  }
  const readers = new Readers(settings, options.readers ?? 2);
  const searches = new Searches(settings);
  const { cleanStop, epochRenewed, installId } = writer.greeting;

  let integrity: StoreStatus["integrity"] = cleanStop ? "not_needed" : "checking";
  let findings: readonly string[] = [];
  const check = async (): Promise<readonly string[]> => {
    if (cleanStop) return findings;
    findings = await quickCheck(settings);
    integrity = findings.length === 0 ? "ok" : "failed";
    return findings;
  };
  const checked = check();

  const outbox = createOutbox(path, writer, readers);
  const close = async (): Promise<void> => {
    await outbox.close();
    await searches.close();
    await readers.close();
    await writer.close();
  };

  return {
    log: createRoomLog(writer, readers, searches),
    directory: createDirectory(writer, readers),
    files: createFileIndex(writer, readers),
    outbox,
    // Of the moment, and this process has the data to itself.
    rates: createMemoryRateStore(() => performance.now()),
    webhooks: createWebhooks(writer, readers),
    installId,
    weaknesses: [],
    status: () => ({
      available: writer.alive,
      epochRenewed,
      integrity,
      findings,
    }),
    batches: () => writer.batches,
    checked,
    lost,
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

/**
 * Looks through the whole file in a thread of its own, which neither serving nor stopping waits for.
 *
 * @returns what is wrong with it; a check that could not run is a finding too.
 */
async function quickCheck(settings: ThreadSettings): Promise<readonly string[]> {
  const checker = new Readers(settings, 1);
  checker.unref();
  try {
    const found = await checker.call("quickCheck");
    await checker.close();
    return found.length === 1 && found[0] === "ok" ? [] : found;
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}
