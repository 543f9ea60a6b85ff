import { join } from "node:path";
import { Worker } from "node:worker_threads";
import type { Outbox } from "@parlance/core";
import { CallThread } from "./call-thread.ts";
import type { OutboxFile } from "./outbox-file.ts";
import type { Readers } from "./readers.ts";
import type { Writer } from "./writer.ts";

/** Rows of a copy that are brought to the file at once. */
const copiedAtOnce = 100;

/** The outbox of a directory. Neither its file nor its thread is there before somebody asks. */
export function createOutbox(
  directory: string,
  writer: Writer,
  readers: Readers,
): Outbox & { close(): Promise<void> } {
  let thread: CallThread<OutboxFile> = outboxThread(directory);
  let isClosed = false;
  let ready: Promise<void> | undefined;

  /* What a move or a restore brought goes where applications write. Where this is cut short a row is in both places, with one
   * key, and published once. */
  const takeCopied = async (file: CallThread<OutboxFile>): Promise<void> => {
    for (;;) {
      const rows = await readers.call("copiedOutbox", copiedAtOnce);
      if (rows.length === 0) return;
      await file.call("takeIn", rows);
      await writer.call(
        "forgetCopiedOutbox",
        rows.map(({ number }) => number),
      );
    }
  };

  const opened = async (): Promise<CallThread<OutboxFile>> => {
    if (thread.end !== undefined && !isClosed) thread = outboxThread(directory);
    const file = thread;
    ready ??= takeCopied(file);
    try {
      await ready;
    } catch (error) {
      ready = undefined;
      throw error;
    }
    return file;
  };

  return {
    waiting: async (look) => (await opened()).call("waiting", look),
    done: async (rows) => {
      if (rows.length > 0) await (await opened()).call("done", rows);
    },
    refuse: async (row, reason) => (await opened()).call("refuse", row, reason),
    close: () => {
      isClosed = true;
      return thread.close();
    },
  };
}

function outboxThread(directory: string): CallThread<OutboxFile> {
  return new CallThread<OutboxFile>(
    () =>
      new Worker(new URL("./outbox-thread.ts", import.meta.url), {
        workerData: join(directory, "outbox.sqlite"),
        name: "parlance-outbox",
      }),
  );
}
