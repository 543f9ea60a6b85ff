/**
 * What services push that keep nothing: it cannot be left with them until there is room, so it waits here, up to a bound. Beyond
 * it the newest is lost, as it would be if nobody had listened; what is kept stays in order.
 */
import type { Report } from "@parlance/core";
import type { Intake, Taken } from "./intake.ts";

/** Redis lets go of a listener that is 32 MB behind; half of it may wait here beside the database's own troubles. */
const maxBytes = 16_777_216;
/** Most are small: the objects around them count, too. */
const maxItems = 10_000;
/** At most one log line in so many milliseconds. */
const tellMs = 1_000;

export interface BacklogOptions {
  /** Of the door. */
  readonly name: string;
  readonly intake: Intake;
  readonly report: Report;
}

export class Backlog {
  readonly #options: BacklogOptions;
  #waiting: { readonly taken: Taken; readonly bytes: number }[] = [];
  #bytes = 0;
  #dropped = 0;
  #toldAt = Number.NEGATIVE_INFINITY;
  #running: Promise<void> | undefined;

  constructor(options: BacklogOptions) {
    this.#options = options;
  }

  get length(): number {
    return this.#waiting.length;
  }

  /** Hands it in when its turn comes. */
  add(taken: Taken, bytes: number): void {
    if (this.#waiting.length >= maxItems || this.#bytes + bytes > maxBytes) {
      this.#drop();
      return;
    }
    this.#waiting.push({ taken, bytes });
    this.#bytes += bytes;
    this.#running ??= this.#run();
  }

  /** Resolves when nothing waits or is under way. */
  async idle(): Promise<void> {
    await this.#running;
    await this.#options.intake.idle();
  }

  async #run(): Promise<void> {
    const { intake } = this.#options;
    const never = new AbortController().signal;
    while (this.#waiting.length > 0) {
      // Those that there is room for, at once: `shift` of a long array for each would be slow.
      for (const { taken, bytes } of this.#waiting.splice(0, intake.free)) {
        this.#bytes -= bytes;
        intake.take(taken);
      }
      await intake.room(never);
    }
    this.#running = undefined;
  }

  #drop(): void {
    this.#dropped += 1;
    const now = performance.now();
    if (now - this.#toldAt < tellMs) return;
    this.#toldAt = now;
    const { name, report } = this.#options;
    report("warn", "door_dropped", { door: name, dropped: this.#dropped });
    this.#dropped = 0;
  }
}
