import type { Subject } from "@parlance/core";

/** A message that waits for the broker. */
export interface Unsent {
  readonly subject: Subject;
  readonly message: Buffer;
}

/** Bytes that wait at most; some ten thousand announcements. What is given up is in the log. */
export const maxUnsentBytes = 4_194_304;

/** What one message costs beside its bytes, so that many small ones are bounded too. */
const overheadBytes = 256;

/** Messages that the broker does not take now: the newest of them, bounded in bytes. */
export class UnsentQueue {
  /** Those before `#first` were taken. */
  #messages: (Unsent | undefined)[] = [];
  #first = 0;
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return this.#first === this.#messages.length;
  }

  /** @returns how many older ones were given up for it. */
  push(unsent: Unsent): number {
    this.#messages.push(unsent);
    this.#bytes += unsent.message.length + overheadBytes;
    let dropped = 0;
    while (this.#bytes > maxUnsentBytes && this.#messages.length - this.#first > 1) {
      this.take();
      dropped += 1;
    }
    return dropped;
  }

  /** The oldest one. */
  take(): Unsent | undefined {
    const unsent = this.#messages[this.#first];
    if (unsent === undefined) return undefined;
    // Let go at once: the list itself is shortened only now and then.
    this.#messages[this.#first] = undefined;
    this.#first += 1;
    this.#bytes -= unsent.message.length + overheadBytes;
    if (this.isEmpty || this.#first >= 1_024) {
      this.#messages = this.#messages.slice(this.#first);
      this.#first = 0;
    }
    return unsent;
  }
}
