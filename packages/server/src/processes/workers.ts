import type { ChildProcess } from "node:child_process";
import type { Report } from "@parlance/core";
import type { Samples } from "../metrics/samples.ts";
import type { FromWorker, ToWorker } from "./worker-messages.ts";

/** Before a worker that ended is started again: doubled with each end in a row. Milliseconds. */
const restartMs = { first: 100, most: 10_000 };
/** One that served so long had no trouble with starting. Milliseconds. */
const steadyMs = 30_000;
/** For the numbers of a worker. Milliseconds, below what Prometheus waits for all. */
const countedMs = 3_000;

/** Each worker is asked so often whether it is alive; one that leaves so many questions in a row open, hangs. */
const questions = { everyMs: 5_000, most: 6 };

export type Ready = FromWorker & { readonly type: "ready" };

/** A worker did not start at the server's own start. */
export class WorkerStartError extends Error {
  /** For the person who started it; empty for what nobody foresaw. */
  readonly lines: readonly string[];

  constructor(message: string, lines: readonly string[] = []) {
    super(message);
    this.name = "WorkerStartError";
    this.lines = lines;
  }
}

export interface WorkersOptions {
  readonly count: number;
  /** Starts a process; it waits for its first message. */
  readonly spawn: (number: number) => ChildProcess;
  /** The first message. */
  readonly firstWords: (number: number) => ToWorker;
  readonly report: Report;
  /** For tests: `everyMs` and `most` of what they are asked. */
  readonly questions?: typeof questions;
}

interface Seat {
  readonly number: number;
  child: ChildProcess | undefined;
  readyAt: number | undefined;
  /** Ends in a row. */
  ends: number;
  /** Turns in which it has said nothing since it was asked. */
  silent: number;
  timer: NodeJS.Timeout | undefined;
}

/** The processes that serve. One that ends is started again; the others go on meanwhile. */
export class Workers {
  readonly #options: WorkersOptions;
  readonly #seats: readonly Seat[];
  #isEnding = false;
  #lastQuestion = 0;
  #watch: NodeJS.Timeout | undefined;
  /** From when all are there for the first time, an end is no failure of the start any more. */
  #hasStarted = false;

  constructor(options: WorkersOptions) {
    this.#options = options;
    this.#seats = Array.from({ length: options.count }, (_, index) => ({
      number: index + 1,
      child: undefined,
      readyAt: undefined,
      ends: 0,
      silent: 0,
      timer: undefined,
    }));
  }

  get #questions(): typeof questions {
    return this.#options.questions ?? questions;
  }

  /** Those that serve now. */
  get running(): number {
    return this.#seats.filter(({ readyAt }) => readyAt !== undefined).length;
  }

  /** Starts all. @throws WorkerStartError if one does not; the others are killed then. */
  async start(): Promise<Ready> {
    try {
      const [ready] = await Promise.all(this.#seats.map((seat) => this.#start(seat)));
      this.#hasStarted = true;
      const { everyMs } = this.#questions;
      this.#watch = setInterval(() => this.#askAll(), everyMs).unref();
      if (ready === undefined) throw new WorkerStartError("there are no workers");
      return ready;
    } catch (error) {
      await this.kill();
      throw error;
    }
  }

  /** What each that serves has counted, by its number. One that does not answer in time is left out. */
  async counted(): Promise<readonly (readonly [number, Samples])[]> {
    this.#lastQuestion += 1;
    const question = this.#lastQuestion;
    const serving = this.#seats.filter(({ readyAt }) => readyAt !== undefined);
    const answers = await Promise.all(
      serving.map(async ({ number, child }) => {
        const samples = child && (await askCounted(child, question));
        return samples === undefined ? [] : [[number, samples] as const];
      }),
    );
    return answers.flat();
  }

  /** Each sends its clients away and ends. Resolves when all are gone. */
  async drain(drainMs: number): Promise<void> {
    await this.#end((child) => tell(child, { type: "drain", drainMs }));
  }

  async kill(): Promise<void> {
    this.#hasStarted = false;
    await this.#end((child) => child.kill("SIGKILL"));
  }

  async #end(end: (child: ChildProcess) => void): Promise<void> {
    this.#isEnding = true;
    clearInterval(this.#watch);
    await Promise.all(
      this.#seats.map(async ({ child, timer }) => {
        clearTimeout(timer);
        if (child === undefined) return;
        const gone = new Promise((resolve) => child.once("exit", resolve));
        end(child);
        await gone;
      }),
    );
  }

  /**
   * Ends those whose event loop stands still, which nobody else would: their clients are gone, the kernel goes on giving them new
   * ones. Turns are counted and not time, so that a machine that slept, or a primary that could not run, accuses nobody.
   */
  #askAll(): void {
    const { everyMs, most } = this.#questions;
    for (const seat of this.#seats) {
      const { number, child, readyAt } = seat;
      if (child === undefined || readyAt === undefined || child.killed) continue;
      if (seat.silent >= most) {
        const fields = { worker: number, pid: child.pid, silent_ms: most * everyMs };
        this.#options.report("error", "worker_hung", fields);
        child.kill("SIGKILL");
        continue;
      }
      if (seat.silent === 0) tell(child, { type: "ask" });
      seat.silent += 1;
    }
  }

  #start(seat: Seat): Promise<Ready> {
    const { spawn, firstWords, report } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<Ready>();
    const child = spawn(seat.number);
    seat.child = child;
    seat.silent = 0;
    report("info", "worker_started", { worker: seat.number, pid: child.pid });
    child.on("message", (message: FromWorker) => {
      seat.silent = 0;
      if (message.type === "ready") {
        seat.readyAt = performance.now();
        resolve(message);
        this.#tellRunning();
        return;
      }
      if (message.type !== "failed") return;
      const { error, lines } = message;
      if (this.#hasStarted) report("error", "worker_failed", { worker: seat.number, error });
      reject(new WorkerStartError(error, lines));
    });
    // A message to one that just died.
    child.on("error", (error) => {
      reject(new WorkerStartError(error.message));
      // It could not even be started.
      if (child.pid === undefined) this.#ended(seat, null, null);
    });
    child.once("exit", (code, signal) => {
      reject(new WorkerStartError(`worker ${seat.number} ended: ${signal ?? code}`));
      this.#ended(seat, code, signal);
    });
    tell(child, firstWords(seat.number));
    return promise;
  }

  #ended(seat: Seat, code: number | null, signal: NodeJS.Signals | null): void {
    const { report } = this.#options;
    const { number, readyAt } = seat;
    seat.child = undefined;
    seat.readyAt = undefined;
    this.#tellRunning();
    if (!this.#hasStarted) return;
    if (this.#isEnding) {
      if (code !== 0) report("error", "worker_ended", { worker: number, code, signal });
      return;
    }
    const isSteady = readyAt !== undefined && performance.now() - readyAt > steadyMs;
    seat.ends = isSteady ? 1 : seat.ends + 1;
    const waitMs = Math.min(restartMs.most, restartMs.first * 2 ** (seat.ends - 1));
    report("error", "worker_ended", { worker: number, code, signal, restart_ms: waitMs });
    seat.timer = setTimeout(() => {
      // What becomes of it is told above; another end brings another start.
      this.#start(seat).catch(() => {});
    }, waitMs);
  }

  #tellRunning(): void {
    if (this.#isEnding) return;
    for (const { child, readyAt } of this.#seats) {
      if (child !== undefined && readyAt !== undefined) {
        tell(child, { type: "running", running: this.running });
      }
    }
  }
}

/** Undefined where no answer comes in time. */
function askCounted(child: ChildProcess, question: number): Promise<Samples | undefined> {
  return new Promise((resolve) => {
    const done = (samples: Samples | undefined): void => {
      clearTimeout(timer);
      child.off("message", hear);
      child.off("exit", left);
      resolve(samples);
    };
    const hear = (message: FromWorker): void => {
      if (message.type === "counted" && message.question === question) done(message.samples);
    };
    const left = (): void => done(undefined);
    const timer = setTimeout(left, countedMs);
    child.on("message", hear);
    child.once("exit", left);
    tell(child, { type: "count", question });
  });
}

function tell(child: ChildProcess, message: ToWorker): void {
  // One that is gone is told nothing; its end is acted on.
  if (child.connected) child.send(message, () => {});
}
