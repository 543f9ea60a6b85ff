/** Questions that may wait for a slot; more are answered as by silence. A fleet of clients that comes back waits here. */
const maxWaiting = 20_000;

/** How many may be under way at once. Who comes later waits, in order, as long as there is time. */
export class Slots {
  readonly #waiting = new Set<() => void>();
  #free: number;

  constructor(count: number) {
    this.#free = count;
  }

  /** @returns false where there was none before `deadline` fired. Else it has to be given back. */
  async take(deadline: AbortSignal): Promise<boolean> {
    if (this.#free > 0) {
      this.#free -= 1;
      return true;
    }
    if (this.#waiting.size >= maxWaiting || deadline.aborted) return false;
    return new Promise((resolve) => {
      const giveUp = (): void => {
        this.#waiting.delete(begin);
        resolve(false);
      };
      const begin = (): void => {
        deadline.removeEventListener("abort", giveUp);
        resolve(true);
      };
      this.#waiting.add(begin);
      deadline.addEventListener("abort", giveUp, { once: true });
    });
  }

  give(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#free += 1;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}
