import type { Clock } from "@parlance/core";

/**
 * Who has sent more than belongs into a turn goes on when its round comes: in order, one in each turn. One read may bring
 * hundreds of small packets, and a turn with ten such lines in it would be tens of milliseconds long for everybody.
 */
export class Rounds {
  readonly #clock: Clock;
  readonly #waiting: (() => void)[] = [];
  #isScheduled = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `goOn` is called in one of the next turns, once. Each line waits at most once at a time. */
  wait(goOn: () => void): void {
    this.#waiting.push(goOn);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#clock.afterTurn(() => {
      this.#isScheduled = false;
      const goOn = this.#waiting.shift();
      // Before anything of its own is done, which may throw.
      if (this.#waiting.length > 0) this.#schedule();
      goOn?.();
    });
  }
}
