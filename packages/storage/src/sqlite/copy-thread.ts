/** The thread of a copy: a slow disk or a large piece of it never stands before what the server does. */
import { parentPort, workerData } from "node:worker_threads";
import { CopyWork } from "./copy-work.ts";
import { failure } from "./errors.ts";
import type { Call, CallResult } from "./thread-messages.ts";

/** What the thread is started with. */
export interface CopyThreadSettings {
  readonly path: string;
  readonly isFile: boolean;
}

const port = parentPort;
if (port === null) throw new Error("this file is the entry of a worker thread");
const { path, isFile } = workerData as CopyThreadSettings;
const work = new CopyWork(path, isFile);

port.on("message", (call: Call) => {
  port.postMessage(answer(call));
  if (call.name === "close") port.close();
});

function answer({ name, args }: Call): CallResult {
  try {
    const method = work[name as keyof CopyWork] as (...args: readonly unknown[]) => unknown;
    return { ok: true, value: method.apply(work, args as unknown[]) };
  } catch (error) {
    return { ok: false, failure: failure(error, "none") };
  }
}
