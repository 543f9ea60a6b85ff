/** Holding a lease for as long as something is done under it. */
import type { Report } from "@parlance/core";
import type { Lease } from "./door.ts";
import { pause, within } from "./line/waiting.ts";

/** Milliseconds between two tries to prolong it, where the last one failed. */
const retryMs = 1_000;

export interface HoldOptions {
  readonly lease: Lease;
  /** Of the door, for the log. */
  readonly name: string;
  readonly report: Report;
}

export class Hold {
  readonly #options: HoldOptions;
  /** In `performance.now()`, counted from before it was asked for: never later than the others may take it. */
  #until = Number.NEGATIVE_INFINITY;
  #isFailing = false;

  constructor(options: HoldOptions) {
    this.#options = options;
  }

  /** Also true to a process that slept in between. */
  get isHeld(): boolean {
    return performance.now() < this.#until;
  }

  /** @returns undefined where it is not known, for now. */
  async take(): Promise<boolean | undefined> {
    const { lease, name, report } = this.#options;
    const at = performance.now();
    try {
      const isTaken = await lease.take();
      this.#until = isTaken ? at + lease.lifeMs : Number.NEGATIVE_INFINITY;
      this.#isFailing = false;
      return isTaken;
    } catch (error) {
      if (!this.#isFailing) report("warn", "door_lease_failed", { door: name, error });
      this.#isFailing = true;
      return undefined;
    }
  }

  /** Prolongs it until it is lost or the signal is aborted. */
  async keep(signal: AbortSignal): Promise<void> {
    const { lifeMs } = this.#options.lease;
    let pauseMs = lifeMs / 3;
    while (this.isHeld && !signal.aborted) {
      await pause(Math.min(pauseMs, this.#until - performance.now()), signal);
      if (signal.aborted) return;
      // A store that does not answer does not prolong it.
      await within(this.take(), this.#until - performance.now());
      pauseMs = this.#isFailing ? Math.min(retryMs, lifeMs / 6) : lifeMs / 3;
    }
  }

  async giveBack(): Promise<void> {
    if (this.#until === Number.NEGATIVE_INFINITY) return;
    this.#until = Number.NEGATIVE_INFINITY;
    await this.#options.lease.giveBack();
  }
}
