/** A thread that reads, with a connection of its own, so that a slow read never stands before a commit. */
import { join } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import { Database } from "./database.ts";
import { failure } from "./errors.ts";
import { createDirectoryReads } from "./read-directory.ts";
import { createFileReads } from "./read-files.ts";
import { createMessageReads } from "./read-messages.ts";
import { createOpenTextReads } from "./read-open-texts.ts";
import { createRoomReads } from "./read-rooms.ts";
import { createSearchReads } from "./search-messages.ts";
import type { Call, CallResult, ThreadSettings } from "./thread-messages.ts";
import { createWebhookReads } from "./webhooks.ts";

/** How long a reader waits where SQLite makes it wait, which WAL does only around recovery. */
const busyTimeoutMs = 1_500;

const port = parentPort;
if (port === null) throw new Error("this file is the entry of a worker thread");
const settings = workerData as ThreadSettings;
const database = new Database(join(settings.directory, "parlance.db"), {
  readOnly: true,
  busyTimeoutMs,
});
database.exec("PRAGMA cache_size = -4000");

const reads = new Map<string, (...args: never[]) => unknown>([
  ...Object.entries(createRoomReads(database)),
  ...Object.entries(createMessageReads(database)),
  ...Object.entries(createOpenTextReads(database)),
  ...Object.entries(createDirectoryReads(database)),
  ...Object.entries(createFileReads(database)),
  ...Object.entries(createWebhookReads(database)),
  ...Object.entries(createSearchReads(database, () => performance.now())),
  [
    "quickCheck",
    () =>
      database.all<{ quick_check: string }>("PRAGMA quick_check(10)").map((row) => row.quick_check),
  ],
]);

port.on("message", (calls: readonly Call[] | "close") => {
  if (calls === "close") {
    database.close();
    port.close();
    return;
  }
  port.postMessage(calls.map(answer));
});

function answer({ name, args }: Call): CallResult {
  try {
    const read = reads.get(name);
    if (read === undefined) throw new Error(`unknown call ${name}`);
    return { ok: true, value: read(...(args as never[])) };
  } catch (error) {
    return { ok: false, failure: failure(error, "none") };
  }
}
