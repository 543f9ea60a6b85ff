/**
 * Group commit over a few connections. A room belongs to one lane, so that its writes stay in call order; in each lane one batch is
 * under way, and what arrives meanwhile forms the next. No timers decide about batches: an idle lane sends at the end of the current
 * turn of the event loop, a busy one batches by itself.
 */
import type { Append, Appended, NewRoom } from "@parlance/core";
import { StorageError } from "@parlance/core";
import type { BatchCounts } from "../store.ts";
import { EngineError } from "./session.ts";

/** A batch's bounds: a larger one gains little and delays those who wait for it. */
const batchJobs = 1_000;
const batchChars = 1_048_576;
/** What may wait in one lane before new writes are refused. */
const waitingJobs = 50_000;
const waitingChars = 32 * 1_048_576;
/** A database that says nothing for so long is not waited for (fault F-D1: 2 s): callers are told that it is not, or not surely, done. */
const silentMs = 1_800;
/** One that works and does not keep up is waited for so long. */
const answerMs = 10_000;
const checkMs = 100;

interface Answer {
  /** UTF-16 code units that it will send. */
  readonly chars: number;
  /** Monotonic, in milliseconds. */
  readonly since: number;
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

export interface AppendJob {
  readonly type: "append";
  readonly append: Append;
  /** The event's data in canonical JSON. */
  readonly payload: string;
  /** What it is recognised by when it comes again; absent where its writer gave no client message id. */
  readonly key: Buffer | undefined;
}

/** Another write that concerns one room and takes its turn among the appends. */
export interface RoomJob<C> {
  readonly type: "call";
  readonly room: string;
  /** Makes the room first where it is absent. */
  readonly create: NewRoom | undefined;
  run(context: C): Promise<unknown>;
}

export type Job<C> = AppendJob | RoomJob<C>;
type Waiting<C> = Job<C> & Answer;

/**
 * Runs jobs in one transaction.
 *
 * @param alive Called at every sign of life of the database.
 * @returns their results, in order.
 * @throws StorageError, or EngineError `refused` where one of them cannot be done.
 */
export type RunBatch<C> = (
  jobs: readonly Job<C>[],
  alive: () => void,
) => Promise<readonly unknown[]>;

interface Lane<C> {
  queue: Waiting<C>[];
  chars: number;
  inFlight: readonly Waiting<C>[];
  isScheduled: boolean;
  /** When the database last said something; monotonic, in milliseconds. */
  aliveAt: number;
}

export class Lanes<C> {
  readonly #lanes: readonly Lane<C>[];
  readonly #run: RunBatch<C>;
  #check: NodeJS.Timeout | undefined;
  #transactions = 0;
  #writes = 0;
  #isClosed = false;
  #onIdle: (() => void) | undefined;

  /** @param count Lanes, above 0: as many as there are connections for them. */
  constructor(count: number, run: RunBatch<C>) {
    this.#lanes = Array.from({ length: count }, () => ({
      queue: [],
      chars: 0,
      inFlight: [],
      isScheduled: false,
      aliveAt: 0,
    }));
    this.#run = run;
  }

  /** What was given to the database so far. */
  get batches(): BatchCounts {
    return { transactions: this.#transactions, writes: this.#writes };
  }

  append(job: Omit<AppendJob, "type">): Promise<Appended> {
    const { append, payload } = job;
    return this.#add<Appended>(append.room, { type: "append", ...job }, payload.length);
  }

  call<T>(room: string, create: NewRoom | undefined, run: (context: C) => Promise<T>): Promise<T> {
    return this.#add<T>(room, { type: "call", room, create, run }, 0);
  }

  /** Finishes what was asked for and refuses what comes later. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#isBusy) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
    }
    clearInterval(this.#check);
  }

  get #isBusy(): boolean {
    return this.#lanes.some(({ queue, inFlight }) => queue.length + inFlight.length > 0);
  }

  #add<T>(room: string, job: Job<C>, chars: number): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const lane = this.#laneOf(room);
      if (this.#isClosed) {
        reject(new StorageError("the store is closed", "none"));
      } else if (lane.queue.length >= waitingJobs || lane.chars >= waitingChars) {
        reject(new StorageError("too many writes are waiting for the database", "none"));
      } else {
        lane.queue.push({ ...job, chars, since: performance.now(), resolve, reject });
        lane.chars += chars;
        this.#schedule(lane);
      }
    });
  }

  #laneOf(room: string): Lane<C> {
    let hash = 0;
    for (let place = 0; place < room.length; place += 1) {
      hash = (Math.imul(hash, 31) + room.charCodeAt(place)) | 0;
    }
    return this.#lanes[Math.abs(hash) % this.#lanes.length] as Lane<C>;
  }

  #schedule(lane: Lane<C>): void {
    if (lane.inFlight.length > 0 || lane.isScheduled) return;
    lane.isScheduled = true;
    setImmediate(() => {
      lane.isScheduled = false;
      this.#send(lane);
    });
  }

  #send(lane: Lane<C>): void {
    if (lane.inFlight.length > 0) return;
    if (lane.queue.length === 0) {
      if (this.#isBusy) return;
      clearInterval(this.#check);
      this.#check = undefined;
      this.#onIdle?.();
      return;
    }
    let count = 0;
    let chars = 0;
    while (count < batchJobs && count < lane.queue.length && chars < batchChars) {
      chars += lane.queue[count]?.chars ?? 0;
      count += 1;
    }
    lane.inFlight = lane.queue.splice(0, count);
    this.#transactions += 1;
    this.#writes += count;
    lane.chars -= chars;
    lane.aliveAt = performance.now();
    this.#check ??= setInterval(() => this.#giveUp(), checkMs);
    void this.#work(lane);
  }

  async #work(lane: Lane<C>): Promise<void> {
    const jobs = lane.inFlight;
    try {
      settle(jobs, await this.#run(jobs, () => signOfLife(lane)));
    } catch (error) {
      if (error instanceof EngineError && jobs.length > 1) await this.#runEach(lane, jobs);
      else fail(jobs, error);
    }
    lane.inFlight = [];
    this.#send(lane);
  }

  /** One of them cannot be done: the others must not suffer for it. */
  async #runEach(lane: Lane<C>, jobs: readonly Waiting<C>[]): Promise<void> {
    for (const job of jobs) {
      try {
        settle([job], await this.#run([job], () => signOfLife(lane)));
      } catch (error) {
        fail([job], error);
      }
    }
  }

  #giveUp(): void {
    const now = performance.now();
    for (const lane of this.#lanes) {
      // Also those that have just come: nobody would answer them.
      const before = now - lane.aliveAt > silentMs ? now : now - answerMs;
      // Answers come once: what becomes of these later is not told any more.
      for (const job of lane.inFlight) {
        if (job.since < before) job.reject(new StorageError("no answer in time", "unknown"));
      }
      let late = 0;
      for (const job of lane.queue) {
        if (job.since >= before) break;
        late += 1;
        lane.chars -= job.chars;
        job.reject(new StorageError("the database does not keep up", "none"));
      }
      if (late > 0) lane.queue.splice(0, late);
    }
  }
}

function signOfLife<C>(lane: Lane<C>): void {
  lane.aliveAt = performance.now();
}

function settle<C>(jobs: readonly Waiting<C>[], results: readonly unknown[]): void {
  for (const [place, job] of jobs.entries()) job.resolve(results[place] as never);
}

function fail<C>(jobs: readonly Waiting<C>[], error: unknown): void {
  const failure =
    error instanceof StorageError
      ? error
      : new StorageError(error instanceof Error ? error.message : String(error), "none", {
          cause: error,
        });
  for (const job of jobs) job.reject(failure);
}
