import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { Append, Appended } from "@parlance/core";
import { StorageError } from "@parlance/core";
import { SetAsideError } from "../sql/marks.ts";
import { NewerSchemaError } from "../sql/newer-schema-error.ts";
import type { BatchCounts } from "../store.ts";
import type { Failure } from "./errors.ts";
import {
  appendedAt,
  type Batch,
  type BatchResult,
  type Call,
  type Cell,
  outcomeCode,
  pushAppend,
  resultStride,
  type ThreadSettings,
  type WriterGreeting,
} from "./thread-messages.ts";
import type { DirectoryWrites } from "./write-directory.ts";

/** A batch's bounds: where a larger one gains nothing and only delays those who wait for it. */
const batchRows = 1_000;
const batchChars = 1_048_576;
/** What may wait for the disk before new writes are refused. */
const waitingRows = 100_000;
const waitingChars = 64 * 1_048_576;

type Job =
  | {
      readonly type: "append";
      readonly append: Append;
      readonly data: string;
      readonly resolve: (result: Appended) => void;
      readonly reject: (error: Error) => void;
    }
  | {
      readonly type: "call";
      readonly call: Call;
      readonly resolve: (value: unknown) => void;
      readonly reject: (error: Error) => void;
    };

/**
 * Group commit: one batch is with the thread, what arrives meanwhile forms the next. No timers: an idle
 * writer sends at the end of the current turn of the event loop (so that what all sockets brought in it goes
 * together), a busy one batches by itself.
 *
 * If the thread dies, what it had is of unknown effect, what waited is not done, and everything later is
 * refused: only a bug or lack of memory kills it, and a new process is the clean way out of both.
 */
export class Writer {
  readonly #worker: Worker;
  readonly #greeting: WriterGreeting & { type: "ready" };
  #queue: Job[] = [];
  #queueStart = 0;
  #queueChars = 0;
  #inFlight: readonly Job[] | undefined;
  #scheduled = false;
  #stopped: string | undefined;
  #transactions = 0;
  #writes = 0;
  #onIdle: (() => void) | undefined;

  /**
   * @param onEnd Called when the started thread has ended, however it did: nothing writes any more. Told why.
   * @throws NewerSchemaError, SetAsideError, StorageError if the database cannot be opened; `onEnd` is not called then.
   */
  static async start(settings: ThreadSettings, onEnd: (reason: string) => void): Promise<Writer> {
    const worker = new Worker(new URL("./writer-thread.ts", import.meta.url), {
      workerData: settings,
      name: "parlance-writer",
    });
    const [greeting] = (await once(worker, "message")) as [WriterGreeting];
    if (greeting.type === "ready") return new Writer(worker, greeting, onEnd);
    await worker.terminate();
    const { newer, mark, failure } = greeting;
    if (mark !== undefined) throw new SetAsideError(mark);
    throw newer === undefined ? toError(failure) : new NewerSchemaError(newer.version, newer.known);
  }

  private constructor(
    worker: Worker,
    greeting: WriterGreeting & { type: "ready" },
    onEnd: (reason: string) => void,
  ) {
    this.#worker = worker;
    this.#greeting = greeting;
    worker.on("message", (result: BatchResult) => this.#settle(result));
    worker.on("error", (error) =>
      this.#die(error instanceof Error ? error.message : String(error)),
    );
    worker.on("exit", () => {
      onEnd(this.#die("the writer thread has ended"));
    });
  }

  get greeting(): WriterGreeting & { type: "ready" } {
    return this.#greeting;
  }

  /** What was given to the thread so far. */
  get batches(): BatchCounts {
    return { transactions: this.#transactions, writes: this.#writes };
  }

  /** Whether writes can succeed at all. */
  get alive(): boolean {
    return this.#stopped === undefined;
  }

  append(append: Append): Promise<Appended> {
    const data = JSON.stringify(append.event.data);
    return new Promise((resolve, reject) => {
      this.#enqueue({ type: "append", append, data, resolve, reject }, data.length);
    });
  }

  call<N extends keyof DirectoryWrites>(
    name: N,
    ...args: Parameters<DirectoryWrites[N]>
  ): Promise<ReturnType<DirectoryWrites[N]>> {
    const result = new Promise<unknown>((resolve, reject) => {
      this.#enqueue({ type: "call", call: { name, args }, resolve, reject }, 0);
    });
    return result as Promise<ReturnType<DirectoryWrites[N]>>;
  }

  /** Finishes what was asked for, refuses what comes later, marks the stop as clean. */
  async close(): Promise<void> {
    if (this.#stopped !== undefined) return;
    if (this.#inFlight !== undefined || this.#waiting > 0) {
      this.#stopped = "the store is closing";
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
    }
    this.#stopped = "the store is closed";
    const ended = once(this.#worker, "exit");
    this.#worker.postMessage({ type: "close" });
    await ended;
  }

  get #waiting(): number {
    return this.#queue.length - this.#queueStart;
  }

  #enqueue(job: Job, chars: number): void {
    if (this.#stopped !== undefined) {
      job.reject(new StorageError(this.#stopped, "none"));
      return;
    }
    if (this.#waiting >= waitingRows || this.#queueChars >= waitingChars) {
      job.reject(new StorageError("too many writes are waiting for the disk", "none"));
      return;
    }
    this.#queue.push(job);
    this.#queueChars += chars;
    if (this.#inFlight !== undefined || this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#send();
    });
  }

  #send(): void {
    if (this.#inFlight !== undefined || this.#waiting === 0) return;
    const jobs: Job[] = [];
    const appends: Cell[] = [];
    const steps: (number | Call)[] = [];
    let chars = 0;
    let run = 0;
    while (jobs.length < batchRows && chars < batchChars) {
      const job = this.#queue[this.#queueStart];
      if (job === undefined) break;
      this.#queueStart += 1;
      jobs.push(job);
      if (job.type === "append") {
        chars += job.data.length;
        pushAppend(appends, job.append, job.data);
        run += 1;
        continue;
      }
      if (run > 0) steps.push(run);
      run = 0;
      steps.push(job.call);
    }
    if (run > 0) steps.push(run);
    this.#queueChars -= chars;
    this.#compact();
    this.#inFlight = jobs;
    this.#transactions += 1;
    this.#writes += jobs.length;
    this.#worker.postMessage({ type: "batch", appends, steps } satisfies Batch);
  }

  /** Lets go of what was sent without moving the rest at every batch. */
  #compact(): void {
    if (this.#queueStart === this.#queue.length) this.#queue = [];
    else if (this.#queueStart < 16 * batchRows) return;
    else this.#queue = this.#queue.slice(this.#queueStart);
    this.#queueStart = 0;
  }

  #settle(result: BatchResult): void {
    const jobs = this.#inFlight ?? [];
    this.#inFlight = undefined;
    // The next batch first: the thread works while callers hear of this one.
    this.#send();
    if (result.type === "failed") {
      const error = toError(result.failure);
      for (const job of jobs) job.reject(error);
    } else {
      this.#settleEach(jobs, result.appended, result.called);
    }
    if (this.#inFlight === undefined) this.#onIdle?.();
  }

  #settleEach(
    jobs: readonly Job[],
    appended: readonly Cell[],
    called: (BatchResult & { type: "done" })["called"],
  ): void {
    const { installPart } = this.#greeting;
    let place = 0;
    let calls = 0;
    for (const job of jobs) {
      if (job.type === "append") {
        if (appended[place] === outcomeCode.failed) job.reject(failedAt(appended, place));
        else job.resolve(appendedAt(appended, place, installPart));
        place += resultStride;
        continue;
      }
      const result = called[calls];
      calls += 1;
      if (result === undefined) job.reject(new StorageError("no answer", "unknown"));
      else if (result.ok) job.resolve(result.value);
      else job.reject(toError(result.failure));
    }
  }

  /** @returns why it stopped: the first reason that was given. */
  #die(reason: string): string {
    this.#stopped ??= reason;
    const inFlight = this.#inFlight ?? [];
    const waiting = this.#queue.slice(this.#queueStart);
    this.#inFlight = undefined;
    this.#queue = [];
    this.#queueStart = 0;
    this.#queueChars = 0;
    for (const job of inFlight) job.reject(new StorageError(reason, "unknown"));
    for (const job of waiting) job.reject(new StorageError(reason, "none"));
    this.#onIdle?.();
    return this.#stopped;
  }
}

function toError({ message, effect }: Failure): StorageError {
  return new StorageError(message, effect);
}

function failedAt(cells: readonly Cell[], place: number): StorageError {
  const effect = cells[place + 1] === "unknown" ? "unknown" : "none";
  return new StorageError(String(cells[place + 3]), effect);
}
