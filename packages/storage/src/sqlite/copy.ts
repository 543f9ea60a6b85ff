/** Copying from and to SQLite: a store's directory, or a file by itself. */
import { closeSync, fsyncSync, openSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { Worker } from "node:worker_threads";
import type { CopyEnd } from "../copy/end.ts";
import { CallThread } from "./call-thread.ts";
import { openSqlite } from "./connect.ts";
import type { CopyThreadSettings } from "./copy-thread.ts";
import type { CopyWork, Life } from "./copy-work.ts";
import { lockDirectory } from "./lock.ts";
import { makeDirectory } from "./make-directory.ts";
import { readWatermark, writeWatermark } from "./watermark.ts";

type CopyThread = CallThread<CopyWork>;

/** Beyond what every engine has: what the watermark beside a database is compared with. */
export interface SqliteCopyEnd extends CopyEnd {
  life(): Promise<Life>;
  /** How a watermark will know it, and that it needs no check. */
  begin(life: Life): Promise<void>;
}

/** A store's directory as one end of a copy. A server may use it, unless it is copied to. */
export function openSqliteCopy(options: { readonly directory: string }): SqliteCopyEnd {
  const directory = resolve(options.directory);
  const thread = copyThread({ path: join(directory, "parlance.db"), isFile: false });
  let unlock: (() => void) | undefined;
  return {
    ...endOver(thread),
    prepare: async (mark, identity) => {
      await makeDirectory(directory);
      // Held until it is opened as a store, which takes the lock itself.
      unlock ??= lockDirectory(directory);
      await thread.call("prepare", mark, identity);
    },
    open: async () => {
      const life = { start: (readWatermark(directory)?.start ?? 0) + 1, commits: 0 };
      await thread.call("begin", life);
      writeWatermark(directory, life, true);
      unlock?.();
      unlock = undefined;
      return openSqlite({ directory, isBeingCopied: true });
    },
    close: async () => {
      await thread.close();
      unlock?.();
    },
  };
}

/** A database file that no server uses: a backup, or one that is to be put in place. */
export function openSqliteFile(path: string): SqliteCopyEnd {
  const thread = copyThread({ path: resolve(path), isFile: true });
  return {
    ...endOver(thread),
    open: () => Promise.reject(new Error("a file is not opened in its place")),
    complete: async () => {
      await thread.call("complete");
      syncPath(path);
      syncPath(dirname(path));
    },
  };
}

/** Returns when it would survive a power cut. */
export function syncPath(path: string): void {
  const handle = openSync(path, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function endOver(thread: CopyThread): Omit<SqliteCopyEnd, "open"> {
  return {
    engine: "sqlite",
    state: () => thread.call("state"),
    counts: () => thread.call("counts"),
    life: () => thread.call("life"),
    begin: (life) => thread.call("begin", life),
    beginSnapshot: () => thread.call("beginSnapshot"),
    chunk: (table, after) => thread.call("chunk", table, after),
    endSnapshot: () => thread.call("endSnapshot"),
    controlHead: () => thread.call("controlHead"),
    roomStates: (query) => thread.call("roomStates", query),
    capture: () => thread.call("capture"),
    changes: (limit) => thread.call("changes", limit),
    forget: (ids) => thread.call("forget", ids),
    pending: () => thread.call("pending"),
    release: () => thread.call("release"),
    seal: (to) => thread.call("seal", to),
    unseal: () => thread.call("unseal"),
    prepare: (mark, identity) => thread.call("prepare", mark, identity),
    insert: (table, rows) => thread.call("insert", table, rows),
    apply: (changes) => thread.call("apply", changes),
    settle: (controlHead) => thread.call("settle", controlHead),
    complete: () => thread.call("complete"),
    uncomplete: () => thread.call("uncomplete"),
    neighbours: () => Promise.resolve(0),
    close: () => thread.close(),
  };
}

function copyThread(settings: CopyThreadSettings): CopyThread {
  return new CallThread<CopyWork>(
    () =>
      new Worker(new URL("./copy-thread.ts", import.meta.url), {
        workerData: settings,
        name: "parlance-copy",
      }),
  );
}
