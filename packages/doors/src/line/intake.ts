/** What all doors of brokers do with what they take: read it, hand it in, and settle it with whoever sent it. */
import type { Report } from "@parlance/core";
import { type ClientMessageId, ProtocolError, type Publication } from "@parlance/protocol";
import type { Doorway, Verdict } from "../doorway.ts";

/** So many may be under way: enough for a store that commits in groups, little enough to be taken again after a crash. */
export const maxUnderWay = 64;
/** Log lines about refused ones in a second. The next line tells how many went without. */
const maxToldInASecond = 10;

/** One publication, as a door got it. */
export interface Taken {
  /** @throws ProtocolError */
  read(): Publication;
  /** The same whenever this very publication is taken. */
  readonly key: ClientMessageId;
  /** Where its owner finds it again. Shows in the log, so it holds nothing of what was published. */
  readonly place?: string;
  /** Lets go of it. */
  published?(): unknown;
  /** Sets it aside with the reason, then lets go of it. */
  refused?(error: ProtocolError): unknown;
  /** One of the two failed: whoever sent it will send it again. */
  unsettled?(reason: unknown): void;
}

export interface IntakeOptions {
  /** Of the door. */
  readonly name: string;
  readonly doorway: Doorway;
  readonly report: Report;
}

export class Intake {
  readonly #options: IntakeOptions;
  readonly #underWay = new Set<Promise<void>>();
  readonly #told = { secondAt: Number.NEGATIVE_INFINITY, count: 0, untold: 0 };
  #published = 0;
  #refused = 0;

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  get published(): number {
    return this.#published;
  }

  get refused(): number {
    return this.#refused;
  }

  get underWay(): number {
    return this.#underWay.size;
  }

  /** How many may be taken now. */
  get free(): number {
    return Math.max(0, maxUnderWay - this.#underWay.size);
  }

  /** Resolves when at least one may be taken, or the signal is aborted. */
  async room(signal: AbortSignal): Promise<void> {
    if (this.free > 0 || signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const stop = (): void => resolve();
    signal.addEventListener("abort", stop, { once: true });
    while (this.free === 0 && !signal.aborted) await Promise.race([promise, ...this.#underWay]);
    signal.removeEventListener("abort", stop);
  }

  /** Hands one in: those of one room are published in the order of these calls. Never throws. */
  take(taken: Taken): void {
    this.#add(this.#settle(taken));
  }

  /** Hands in what will be taken again: it gets its place in the order now, and is settled and counted then. */
  takeAhead({ read, key }: Pick<Taken, "read" | "key">): void {
    const publish = async (): Promise<void> => {
      try {
        await this.#options.doorway.publish(read(), key);
      } catch {
        // What cannot be read is told when it is taken.
      }
    };
    this.#add(publish());
  }

  /** Counts something that is gone and tells of it. */
  refuse(error: ProtocolError, place?: string): void {
    this.#refused += 1;
    const told = this.#told;
    const now = performance.now();
    if (now - told.secondAt >= 1_000) Object.assign(told, { secondAt: now, count: 0 });
    if (told.count >= maxToldInASecond) {
      told.untold += 1;
      return;
    }
    told.count += 1;
    const { name, report } = this.#options;
    const { field, rule } = error.details ?? {};
    const { untold } = told;
    report("warn", "door_refused", {
      door: name,
      error_code: error.code,
      field,
      rule,
      place,
      untold,
    });
    told.untold = 0;
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  #add(work: Promise<void>): void {
    this.#underWay.add(work);
    void work.then(() => this.#underWay.delete(work));
  }

  async #settle(taken: Taken): Promise<void> {
    const verdict = await this.#verdict(taken);
    try {
      if (verdict.outcome === "published") {
        this.#published += 1;
        await taken.published?.();
      } else if (verdict.outcome === "refused") {
        this.refuse(verdict.error, taken.place);
        await taken.refused?.(verdict.error);
      }
    } catch (error) {
      taken.unsettled?.(error);
    }
  }

  async #verdict(taken: Taken): Promise<Verdict> {
    let publication: Publication;
    try {
      publication = taken.read();
    } catch (cause) {
      // A reader for another system's publications that fails is no reason to fail here.
      const error =
        cause instanceof ProtocolError ? cause : new ProtocolError("bad_request", {}, { cause });
      return { outcome: "refused", error, results: [] };
    }
    return await this.#options.doorway.publish(publication, taken.key);
  }
}
