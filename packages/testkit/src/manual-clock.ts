import type { Clock, Timer } from "@parlance/core";

/** A clock that stands still until told otherwise. `afterTurn` is the event loop's real end of turn. */
export class ManualClock implements Clock {
  #now: number;
  #monotonic = 0;
  readonly #timers = new Set<{ readonly at: number; readonly run: () => void }>();

  /** @param now Milliseconds since 1970 at the start. */
  constructor(now: number = Date.UTC(2026, 0, 1)) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  after(delayMs: number, run: () => void): Timer {
    const timer = { at: this.#monotonic + delayMs, run };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer) };
  }

  afterTurn(run: () => void): void {
    setImmediate(run);
  }

  /** Lets time pass in steps to each timer that is due; what a timer starts is done before the next. */
  async advance(ms: number): Promise<void> {
    const end = this.#monotonic + ms;
    for (;;) {
      const due = [...this.#timers]
        .filter((timer) => timer.at <= end)
        .sort((left, right) => left.at - right.at)[0];
      if (due === undefined) break;
      this.#move(Math.max(due.at, this.#monotonic));
      this.#timers.delete(due);
      due.run();
      await settle();
    }
    this.#move(end);
    await settle();
  }

  /** Time passes without any timer running: a stopped process, a suspended machine. */
  sleep(ms: number): void {
    this.#move(this.#monotonic + ms);
  }

  #move(monotonic: number): void {
    this.#now += monotonic - this.#monotonic;
    this.#monotonic = monotonic;
  }
}

/** Lets everything that is under way without a timer come to rest. */
export async function settle(turns = 8): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) {
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}
