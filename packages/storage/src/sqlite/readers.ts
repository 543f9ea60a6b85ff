import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { StorageError } from "@parlance/core";
import type { DirectoryReads } from "./read-directory.ts";
import type { FileReads } from "./read-files.ts";
import type { MessageReads } from "./read-messages.ts";
import type { OpenTextReads } from "./read-open-texts.ts";
import type { RoomReads } from "./read-rooms.ts";
import type { SearchReads } from "./search-messages.ts";
import type { Call, CallResult, ThreadSettings } from "./thread-messages.ts";
import type { WebhookReads } from "./webhooks.ts";

/** Every read that a reader thread knows, by name. */
export interface Reads
  extends RoomReads,
    MessageReads,
    OpenTextReads,
    DirectoryReads,
    FileReads,
    WebhookReads,
    SearchReads {
  /** SQLite's findings about its own file; `["ok"]` if there are none. */
  quickCheck(): string[];
}

/** Reads that may wait before new ones are refused. */
const waitingReads = 50_000;
/** Reads of one round trip if not said otherwise, so that one thread does not take all while another is idle. */
const readsAtOnce = 32;

interface Job {
  readonly call: Call;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

interface Reader {
  readonly worker: Worker;
  inFlight: readonly Job[] | undefined;
}

/**
 * A few threads that share one queue of reads. The first is there from the start, others come when reads wait
 * for it, so an idle server keeps one. A thread that dies fails the reads it had; another takes its place.
 */
export class Readers {
  readonly #settings: ThreadSettings;
  readonly #most: number;
  readonly #atOnce: number;
  readonly #readers = new Set<Reader>();
  #queue: Job[] = [];
  #closed = false;
  #scheduled = false;

  /** @param most Threads at most, above 0. @param atOnce Reads that travel to a thread together, and are answered together. */
  constructor(settings: ThreadSettings, most: number, atOnce: number = readsAtOnce) {
    this.#settings = settings;
    this.#most = most;
    this.#atOnce = atOnce;
    this.#start();
  }

  /** Lets the process end while these threads still work. */
  unref(): void {
    for (const { worker } of this.#readers) worker.unref();
  }

  call<N extends keyof Reads>(
    name: N,
    ...args: Parameters<Reads[N]>
  ): Promise<ReturnType<Reads[N]>> {
    const result = new Promise<unknown>((resolve, reject) => {
      if (this.#closed) {
        reject(new StorageError("the store is closed", "none"));
        return;
      }
      if (this.#queue.length >= waitingReads) {
        reject(new StorageError("too many reads are waiting", "none"));
        return;
      }
      this.#queue.push({ call: { name, args }, resolve, reject });
      if (this.#scheduled) return;
      this.#scheduled = true;
      // At the end of the turn, so that what all sockets asked for in it travels together.
      setImmediate(() => {
        this.#scheduled = false;
        this.#send();
      });
    });
    return result as Promise<ReturnType<Reads[N]>>;
  }

  /** Reads under way are answered, those that wait are refused. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#refuseWaiting();
    await Promise.all(
      [...this.#readers].map(async ({ worker }) => {
        const ended = once(worker, "exit");
        worker.postMessage("close");
        await ended;
      }),
    );
  }

  #start(): Reader {
    const worker = new Worker(new URL("./reader-thread.ts", import.meta.url), {
      workerData: this.#settings,
      name: "parlance-reader",
    });
    const reader: Reader = { worker, inFlight: undefined };
    this.#readers.add(reader);
    worker.on("message", (results: readonly CallResult[]) => {
      const jobs = reader.inFlight ?? [];
      reader.inFlight = undefined;
      this.#send();
      settle(jobs, results);
    });
    worker.on("error", () => this.#drop(reader));
    worker.on("exit", () => this.#drop(reader));
    return reader;
  }

  #send(): void {
    for (const reader of this.#readers) this.#give(reader);
    while (this.#queue.length > 0 && this.#readers.size < this.#most) this.#give(this.#start());
  }

  #give(reader: Reader): void {
    if (reader.inFlight !== undefined || this.#queue.length === 0) return;
    const jobs = this.#queue.splice(0, this.#atOnce);
    reader.inFlight = jobs;
    reader.worker.postMessage(jobs.map(({ call }) => call));
  }

  #drop(reader: Reader): void {
    this.#readers.delete(reader);
    const jobs = reader.inFlight ?? [];
    reader.inFlight = undefined;
    for (const job of jobs) job.reject(new StorageError("a reader thread has ended", "none"));
    this.#send();
  }

  #refuseWaiting(): void {
    const waiting = this.#queue;
    this.#queue = [];
    for (const job of waiting) job.reject(new StorageError("the store is closed", "none"));
  }
}

function settle(jobs: readonly Job[], results: readonly CallResult[]): void {
  for (const [index, job] of jobs.entries()) {
    const result = results[index];
    if (result === undefined) job.reject(new StorageError("no answer", "none"));
    else if (result.ok) job.resolve(result.value);
    else job.reject(new StorageError(result.failure.message, result.failure.effect));
  }
}
