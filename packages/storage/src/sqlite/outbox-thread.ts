/** The thread of the outbox: an application in the middle of a transaction is waited for here, and nothing else waits. */
import { parentPort, workerData } from "node:worker_threads";
import { failure } from "./errors.ts";
import { OutboxFile } from "./outbox-file.ts";
import type { Call, CallResult } from "./thread-messages.ts";

const port = parentPort;
if (port === null) throw new Error("this file is the entry of a worker thread");
const file = new OutboxFile(workerData as string);

port.on("message", (call: Call) => {
  port.postMessage(answer(call));
  if (call.name === "close") port.close();
});

function answer({ name, args }: Call): CallResult {
  try {
    const method = file[name as keyof OutboxFile] as (...args: readonly unknown[]) => unknown;
    return { ok: true, value: method.apply(file, args as unknown[]) };
  } catch (error) {
    return { ok: false, failure: failure(error, name === "waiting" ? "none" : "unknown") };
  }
}
