/** Runs what must not overlap one after another, in the order in which it was asked for. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Begins `run` when everything asked for before has ended, however it ended. */
  take<T>(run: () => Promise<T>): Promise<T> {
    const taken = this.#last.then(run);
    this.#last = taken.catch(() => {});
    return taken;
  }
}
