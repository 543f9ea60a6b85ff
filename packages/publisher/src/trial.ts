/** Milliseconds that the server is left in peace after it did not answer; doubled each time. */
const firstPauseMs = 1_000;
const maxPauseMs = 30_000;

/** `first`: all is well as far as is known. `again`: one request finds out whether it is well again. */
export type Trial = "first" | "again";

/** Decides when a server that did not answer is asked again: by one request, whose answer all others wait for elsewhere. */
export class Trials {
  readonly #timeoutMs: number;
  #isAway = false;
  #pauseMs = firstPauseMs;
  /** In `performance.now()`. */
  #notBefore = 0;

  /** @param timeoutMs How long a trial takes at most. */
  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** Undefined: not now. */
  begin(): Trial | undefined {
    if (!this.#isAway) return "first";
    const now = performance.now();
    if (now < this.#notBefore) return undefined;
    this.#notBefore = now + this.#timeoutMs;
    return "again";
  }

  /** It answered. One that began before the trouble says nothing about its end. */
  answered(trial: Trial): void {
    if (trial === "again") this.#isAway = false;
  }

  /** It did not. Of many that were under way at once only the first counts. */
  failed(trial: Trial): void {
    if (trial === "first" && this.#isAway) return;
    this.#pauseMs = trial === "first" ? firstPauseMs : Math.min(this.#pauseMs * 2, maxPauseMs);
    this.#isAway = true;
    this.#notBefore = performance.now() + this.#pauseMs;
  }
}
