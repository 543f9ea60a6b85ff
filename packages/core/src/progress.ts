/** Whether a peer still takes anything of what is written to it. */
export class Progress {
  #unsentBefore = 0;
  #progressAt: number;

  /** @param now Monotonic milliseconds, as below. */
  constructor(now: number) {
    this.#progressAt = now;
  }

  /** To be asked now and then. @returns for how many milliseconds it has taken nothing although something waits. */
  stalledMs(unsentBytes: number, now: number): number {
    if (unsentBytes === 0 || unsentBytes < this.#unsentBefore) this.#progressAt = now;
    this.#unsentBefore = unsentBytes;
    return now - this.#progressAt;
  }
}
