/** What a command's function may return beside a plain reply. */
import type { Reply } from "@parlance/protocol";

/**
 * A reply that must be made and queued in one step with its effect, so that nothing of the effect is seen
 * before the reply: a subscription's events never precede its place.
 */
export class Together<R extends Reply = Reply> {
  readonly finish: () => R;
  readonly afterwards: () => void;

  constructor(finish: () => R, afterwards: () => void) {
    this.finish = finish;
    this.afterwards = afterwards;
  }
}

/** A reply that comes later while the connection's next commands go on: an append that waits for its commit. */
export class Pipelined<R extends Reply = Reply> {
  readonly done: Promise<R>;

  constructor(done: Promise<R>) {
    this.done = done;
  }
}

export type Outcome = Reply | Together | Pipelined;
export type Awaitable<T> = T | Promise<T>;
