/** What builds a whole document, which may take as long as whoever wrote it wants it to: the library is quadratic where many write at one place. */
import { Worker } from "node:worker_threads";

export type DocumentJob =
  | { readonly name: "compact"; readonly state: Uint8Array }
  | { readonly name: "revert"; readonly state: Uint8Array; readonly before: Uint8Array };

/** Does a job. Undefined: it is not to be done, or took too long. */
export type RunJob = (job: DocumentJob) => Promise<Uint8Array | undefined> | Uint8Array | undefined;

/** After so long a job is given up. Milliseconds. */
const deadlineMs = 10_000;
/** Jobs that wait for the one before; whoever comes then is told no. */
const maxWaiting = 8;
const threadMb = 1_024;

/* Security: without a thread and a deadline, an update of 60 KB by anybody who may write a document held its node for 19 seconds. */
/** Jobs in a thread each, one after the other. */
export function threadedJobs(): RunJob {
  let waiting = 0;
  let line: Promise<unknown> = Promise.resolve();
  return (job) => {
    if (waiting >= maxWaiting) return undefined;
    waiting += 1;
    const done = line.then(() => inThread(job));
    line = done.finally(() => {
      waiting -= 1;
    });
    return done;
  };
}

function inThread(job: DocumentJob): Promise<Uint8Array | undefined> {
  return new Promise((settle) => {
    const worker = new Worker(new URL("./document-thread.ts", import.meta.url), {
      workerData: job,
      resourceLimits: { maxOldGenerationSizeMb: threadMb },
    });
    const end = (result: Uint8Array | undefined): void => {
      clearTimeout(timer);
      settle(result);
      void worker.terminate();
    };
    const timer = setTimeout(() => end(undefined), deadlineMs);
    worker.once("message", end);
    worker.once("error", () => end(undefined));
    worker.once("exit", () => end(undefined));
    timer.unref();
    worker.unref();
  });
}
