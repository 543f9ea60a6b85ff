import type { Report } from "@parlance/core";
import type { Lease } from "../door.ts";

/** Milliseconds between two tries to take or prolong it, if it lasts long enough. */
const maxPauseMs = 10_000;

/** Keeps a lease: takes it as soon as it is free, and prolongs it three times while it lasts. */
export class LeaseKeeper {
  readonly #lease: Lease;
  readonly #name: string;
  readonly #report: Report;
  readonly #onTaken: () => void;
  /** In `performance.now()`, counted from before it was asked for. */
  #heldUntil = Number.NEGATIVE_INFINITY;
  #isFailing = false;
  #isClosed = false;
  #wake: () => void = () => {};
  readonly #running: Promise<void>;

  /** @param name Of the door, for the log. @param onTaken Called when it is this node's turn. */
  constructor(lease: Lease, name: string, report: Report, onTaken: () => void) {
    this.#lease = lease;
    this.#name = name;
    this.#report = report;
    this.#onTaken = onTaken;
    this.#running = this.#run();
  }

  get isHeld(): boolean {
    return performance.now() < this.#heldUntil;
  }

  /** Gives it back. To be called when nothing is done under it any more. Never rejects. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#wake();
    await this.#running;
    this.#heldUntil = Number.NEGATIVE_INFINITY;
    await this.#lease.giveBack();
  }

  async #run(): Promise<void> {
    const pauseMs = Math.min(this.#lease.lifeMs / 3, maxPauseMs);
    while (!this.#isClosed) {
      await this.#take();
      await new Promise<void>((resolve) => {
        if (this.#isClosed) {
          resolve();
          return;
        }
        const timer = setTimeout(resolve, pauseMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  async #take(): Promise<void> {
    const report = this.#report;
    const at = performance.now();
    try {
      const wasHeld = this.isHeld;
      const isTaken = await this.#lease.take();
      this.#heldUntil = isTaken ? at + this.#lease.lifeMs : Number.NEGATIVE_INFINITY;
      this.#isFailing = false;
      if (isTaken && !wasHeld) this.#onTaken();
    } catch (error) {
      // It is kept to its end, which may come before the next try.
      if (!this.#isFailing) report("warn", "door_lease_failed", { door: this.#name, error });
      this.#isFailing = true;
    }
  }
}
