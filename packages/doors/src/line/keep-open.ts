/**
 * Keeps a door's connection: one address after the other is tried until it is there, and again when it is lost. What is done on
 * the connection is the door's; when it may be done, where a lease decides, and whether the connection lives, is seen to here.
 */
import { randomInt } from "node:crypto";
import { setMaxListeners } from "node:events";
import type { Report } from "@parlance/core";
import type { Lease } from "../door.ts";
import { Hold } from "../hold.ts";
import { pause, until, within } from "./waiting.ts";

/** From the beginning of an attempt until it is open. */
const openMs = 5_000;
/** A start waits so long for the first connection. */
const startMs = 2_000;
/** With its answer's deadline: a line that is silently dead is found within 10 s. */
const pingMs = 4_000;
const pingAnswerMs = 5_000;
/** Waiting between attempts: doubled from round to round, each time between half and all of it. */
const firstBackOffMs = 100;
const lastBackOffMs = 2_000;
/** A connection that lasted so long was a good one. */
const steadyMs = 5_000;
/** What is under way when the door closes, or another node takes over, may take so long. */
const lastMs = 5_000;
/** A database that does not answer holds up no shutdown: the lease ends by itself. */
const giveBackMs = 2_000;

/** A connection on which publications arrive. */
export interface Line {
  /** Resolves when the service has answered. */
  ping(): Promise<unknown>;
  /** Ends it in good order: what was said on it is heard. */
  close(): Promise<unknown>;
}

/** One connection, from the attempt to its end. */
export interface Shift<Address> {
  readonly address: Address;
  /** Aborted when nothing more is to be taken: the door closes, or it is another node's turn. */
  readonly ending: AbortSignal;
  /** Aborted when the connection is lost or was given up: what was opened for it has to be let go of, without a word. */
  readonly gone: AbortSignal;
  /** Whether what comes may be taken. To be asked for each: a process may have slept since `ending` was seen. */
  isMine(): boolean;
  /** To be called once, when publications can arrive. */
  opened(line: Line): void;
  /** The connection is no good any more. Only the first call counts. */
  lost(reason: unknown): void;
}

export interface KeepOptions<Address> {
  /** Of the door. */
  readonly name: string;
  readonly addresses: readonly Address[];
  readonly report: Report;
  readonly lease: Lease;
  /** Whether the lease decides. Asked before each attempt. */
  needsLease(): boolean;
  /**
   * Connects and takes what comes until `ending`, then resolves. Rejects when it cannot.
   *
   * @param shift What is under way when it ends may finish as long as `gone` is not aborted.
   */
  serve(shift: Shift<Address>): Promise<void>;
  /** Resolves when what was taken is settled, and the connection is not needed any more. */
  idle(): Promise<void>;
}

export class KeptOpen<Address> {
  readonly #options: KeepOptions<Address>;
  readonly #hold: Hold;
  readonly #life = new AbortController();
  #isOpen = false;
  #wasOpen = false;
  /** An outage is told once, when it begins and when it ends. */
  #isOutageTold = false;
  #failures = 0;
  #settled: () => void = () => {};
  #running: Promise<void> = Promise.resolve();

  constructor(options: KeepOptions<Address>) {
    this.#options = options;
    this.#hold = new Hold(options);
    setMaxListeners(0, this.#life.signal);
  }

  /** Whether the service can be reached, or another node looks after it. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Resolves when it is open, when it cannot be, or after two seconds. */
  async start(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#settled = resolve;
    this.#running = this.#run();
    await within(promise, startMs);
  }

  /** Resolves when the connection has ended. What could not be finished by then is sent again by the service. */
  async close(): Promise<void> {
    this.#life.abort(new Error("closed"));
    await this.#running;
    this.#isOpen = false;
    await within(this.#hold.giveBack(), giveBackMs);
  }

  async #run(): Promise<void> {
    const { addresses, needsLease } = this.#options;
    for (let attempt = 0; !this.#life.signal.aborted; ) {
      if (needsLease() && !this.#hold.isHeld && !(await this.#takeTurn())) continue;
      const startedAt = performance.now();
      try {
        await this.#work(addresses[attempt % addresses.length] as Address);
        this.#failures = 0;
      } catch (error) {
        attempt += 1;
        const isSteady = performance.now() - startedAt > steadyMs + openMs;
        this.#failures = isSteady ? 1 : this.#failures + 1;
        await this.#left(error);
      }
    }
    this.#settled();
  }

  /** Waits a while where it is not this node's. */
  async #takeTurn(): Promise<boolean> {
    const isTaken = await until(this.#hold.take(), this.#life.signal).catch(() => undefined);
    if (isTaken === true) return true;
    this.#isOpen = isTaken === false;
    this.#settled();
    const pauseMs = Math.ceil(this.#options.lease.lifeMs / 3);
    await pause(randomInt(Math.ceil(pauseMs / 2), pauseMs + 1), this.#life.signal);
    return false;
  }

  async #left(error: unknown): Promise<void> {
    const { name, addresses, report } = this.#options;
    this.#isOpen = false;
    if (this.#failures >= addresses.length) this.#settled();
    // Not at once, since most cuts are short. Another node may reach it.
    if (this.#failures > addresses.length) await within(this.#hold.giveBack(), giveBackMs);
    if (this.#life.signal.aborted) return;
    if (!this.#isOutageTold) report("warn", "door_lost", { door: name, error_code: codeOf(error) });
    this.#isOutageTold = true;
    const rounds = Math.floor((this.#failures - 1) / addresses.length);
    const backOffMs = Math.min(lastBackOffMs, firstBackOffMs * 2 ** Math.min(rounds, 10));
    await pause(randomInt(backOffMs / 2, backOffMs + 1), this.#life.signal);
  }

  /** Rejects when the connection is lost; resolves when it ended in good order. */
  async #work(address: Address): Promise<void> {
    const gone = new AbortController();
    const ending = new AbortController();
    setMaxListeners(0, gone.signal, ending.signal);
    const end = (): void => ending.abort(new Error("ended"));
    const { signal: life } = this.#life;
    const over = new AbortController();
    life.addEventListener("abort", end, { once: true, signal: over.signal });
    if (life.aborted) end();
    const lost = (reason: unknown): void => gone.abort(reason);
    let line: Line | undefined;
    let late = setTimeout(() => lost(new Error("no answer in time")), openMs);
    const hurry = (): void => {
      clearTimeout(late);
      late = setTimeout(() => lost(new Error("no end in time")), lastMs);
    };
    ending.signal.addEventListener("abort", hurry, { once: true });
    const shift: Shift<Address> = {
      address,
      ending: ending.signal,
      gone: gone.signal,
      isMine: () => !ending.signal.aborted && (!this.#options.needsLease() || this.#hold.isHeld),
      opened: (opened) => {
        line = opened;
        if (!ending.signal.aborted) clearTimeout(late);
        this.#opened();
        void this.#watch(opened, gone, over.signal);
      },
      lost,
    };
    if (this.#options.needsLease()) void this.#hold.keep(over.signal).then(end);
    try {
      await until(this.#options.serve(shift), gone.signal);
      // From here on nothing can fail: what is not settled comes again.
      const settled = this.#options.idle().then(() => line?.close());
      await until(settled, gone.signal).catch(() => {});
    } finally {
      over.abort();
      end();
      clearTimeout(late);
      lost(new Error("ended"));
    }
  }

  #opened(): void {
    const { name, report } = this.#options;
    if (this.#isOutageTold) report("info", "door_back", { door: name });
    else if (!this.#wasOpen) report("info", "door_open", { door: name });
    this.#isOutageTold = false;
    this.#wasOpen = true;
    this.#isOpen = true;
    this.#settled();
  }

  async #watch(line: Line, gone: AbortController, over: AbortSignal): Promise<void> {
    for (;;) {
      await pause(pingMs, over);
      if (over.aborted || gone.signal.aborted) return;
      try {
        if (!(await within(until(line.ping(), gone.signal), pingAnswerMs))) {
          gone.abort(new Error("no answer to a ping"));
        }
      } catch (error) {
        gone.abort(error);
      }
    }
  }
}

/** What a log may tell of a failure: texts of drivers may name users and hosts. */
function codeOf(reason: unknown): string {
  if (!(reason instanceof Error)) return "closed";
  const { code } = reason as NodeJS.ErrnoException;
  if (typeof code === "string" || typeof code === "number") return String(code);
  // Redis puts its code first: `WRONGTYPE Operation against …`.
  const [, word] = /^([A-Z]{3,}) /.exec(reason.message) ?? [];
  if (word !== undefined) return word;
  return reason.name === "Error" ? reason.message.slice(0, 120) : reason.name;
}
