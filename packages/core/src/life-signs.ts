/** Whether the peer of a connection is still there: it is asked, and has so long to answer. */
import type { Clock, Link } from "./ports/index.ts";

/** The probe that asks for a sign of life only; places use marks above it. */
export const lifeMark = 0;

export class LifeSigns {
  readonly #link: Link;
  readonly #clock: Clock;
  #waiting: ((isThere: boolean) => void)[] = [];

  constructor(link: Link, clock: Clock) {
    this.#link = link;
    this.#clock = clock;
  }

  /** Whether the peer answers within `timeoutMs`, behind everything written so far. One that cannot be asked is there. */
  ask(timeoutMs: number): Promise<boolean> {
    if (this.#link.probe === undefined) return Promise.resolve(true);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = this.#clock.after(timeoutMs, () => resolve(false));
    this.#waiting.push((isThere) => {
      timer.cancel();
      resolve(isThere);
    });
    this.#link.probe(lifeMark);
    return promise;
  }

  /** It answered, or is gone. */
  tell(isThere: boolean): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const tell of waiting) tell(isThere);
  }
}
