import type { Clock } from "@parlance/core";

/** Answers kept at a time: some hundred bytes each. Over it those that are oldest go. */
const maxRemembered = 100_000;

/** Answers that count for a while. Who asks while the same is being asked gets the same answer. */
export class Remembered<Answer extends { readonly isLasting: boolean }> {
  readonly #ms: number;
  readonly #clock: Pick<Clock, "monotonic">;
  /** Oldest first. */
  readonly #known = new Map<string, { readonly answer: Answer; readonly at: number }>();
  readonly #asking = new Map<string, Promise<Answer>>();

  constructor(ms: number, clock: Pick<Clock, "monotonic">) {
    this.#ms = ms;
    this.#clock = clock;
  }

  of(key: string): Answer | undefined {
    const known = this.#known.get(key);
    if (known === undefined) return undefined;
    const ageMs = this.#clock.monotonic() - known.at;
    if (ageMs < this.#ms) return known.answer;
    this.#known.delete(key);
    return undefined;
  }

  /** @param ask Its rejections are everybody's who waits, and are not remembered. */
  find(key: string, ask: () => Promise<Answer>): Promise<Answer> {
    const known = this.of(key);
    if (known !== undefined) return Promise.resolve(known);
    const asking = this.#asking.get(key);
    if (asking !== undefined) return asking;
    const asked = ask()
      .then((answer) => {
        if (answer.isLasting && this.#ms > 0) this.#keep(key, answer);
        return answer;
      })
      .finally(() => this.#asking.delete(key));
    this.#asking.set(key, asked);
    return asked;
  }

  #keep(key: string, answer: Answer): void {
    this.#known.delete(key);
    this.#known.set(key, { answer, at: this.#clock.monotonic() });
    if (this.#known.size <= maxRemembered) return;
    for (const oldest of this.#known.keys()) {
      this.#known.delete(oldest);
      return;
    }
  }
}
