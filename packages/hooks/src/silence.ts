import type { Clock, Report } from "@parlance/core";
import { ProtocolError } from "@parlance/protocol";

/** No answer, or none that can be understood. `reason` is for the operator. */
export class Silence extends Error {
  readonly reason: string;

  constructor(reason: string) {
    super(reason);
    this.name = "Silence";
    this.reason = reason;
  }
}

/** What somebody is told whom silence refuses: the same may be asked again. */
export function refusedBySilence(): ProtocolError {
  return new ProtocolError("unavailable", { retry_after_ms: 1_000 });
}

/** Failures in a row after which nobody is asked for a moment. */
const failuresBeforePause = 5;
/** How long: a back end that is dead costs nobody the whole deadline, and one that is back is used soon. */
const pauseMs = 2_000;
/** One line of the log for each reason in so long; the next one counts those in between. */
const toldEveryMs = 1_000;

/** Tells the operator of silence, and stops asking for a moment where silence lets everything pass. */
export class Circuit {
  readonly #options: CircuitOptions;
  readonly #told = new Map<string, { at: number; untold: number }>();
  #failures = 0;
  #pausedUntil = Number.NEGATIVE_INFINITY;

  constructor(options: CircuitOptions) {
    this.#options = options;
  }

  get isPaused(): boolean {
    return this.#pausedUntil > this.#options.clock.monotonic();
  }

  answered(): void {
    this.#failures = 0;
  }

  failed(reason: string): void {
    const { hook, fallback, mayPause, clock, report } = this.#options;
    const now = clock.monotonic();
    this.#tell(reason, now);
    this.#failures += 1;
    if (!mayPause || this.#failures < failuresBeforePause) return;
    this.#failures = 0;
    this.#pausedUntil = now + pauseMs;
    report("warn", "hook_paused", { hook, fallback, pause_ms: pauseMs });
  }

  #tell(reason: string, now: number): void {
    const { hook, fallback, report } = this.#options;
    const known = this.#told.get(reason);
    if (known !== undefined && now - known.at < toldEveryMs && this.#told.size < 100) {
      known.untold += 1;
      return;
    }
    const more = known === undefined || known.untold === 0 ? {} : { more: known.untold };
    this.#told.set(reason, { at: now, untold: 0 });
    report("warn", "hook_failed", { hook, reason, fallback, ...more });
  }
}

export interface CircuitOptions {
  /** As the log names it. */
  readonly hook: string;
  /** What silence means, as the log tells it. */
  readonly fallback: string;
  /** Whether silence lets pass: only then may nobody be asked. */
  readonly mayPause: boolean;
  readonly clock: Pick<Clock, "monotonic">;
  readonly report: Report;
}
