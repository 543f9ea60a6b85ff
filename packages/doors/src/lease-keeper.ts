import type { Report } from "@parlance/core";
import type { Lease } from "./door.ts";
import { Hold } from "./hold.ts";

/** Milliseconds between two tries to take or prolong it, if it lasts long enough. */
const maxPauseMs = 10_000;

/** Keeps a lease: takes it as soon as it is free, and prolongs it three times while it lasts. */
export class LeaseKeeper {
  readonly #hold: Hold;
  readonly #pauseMs: number;
  readonly #onTaken: () => void;
  #isClosed = false;
  #wake: () => void = () => {};
  readonly #running: Promise<void>;

  /** @param name Of the door, for the log. @param onTaken Called when it is this node's turn. */
  constructor(lease: Lease, name: string, report: Report, onTaken: () => void) {
    this.#hold = new Hold({ lease, name, report });
    this.#pauseMs = Math.min(lease.lifeMs / 3, maxPauseMs);
    this.#onTaken = onTaken;
    this.#running = this.#run();
  }

  get isHeld(): boolean {
    return this.#hold.isHeld;
  }

  /** Gives it back. To be called when nothing is done under it any more. Never rejects. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#wake();
    await this.#running;
    await this.#hold.giveBack();
  }

  async #run(): Promise<void> {
    while (!this.#isClosed) {
      const wasHeld = this.isHeld;
      const isTaken = await this.#hold.take();
      if (isTaken === true && !wasHeld) this.#onTaken();
      await new Promise<void>((resolve) => {
        if (this.#isClosed) {
          resolve();
          return;
        }
        const timer = setTimeout(resolve, this.#pauseMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}
