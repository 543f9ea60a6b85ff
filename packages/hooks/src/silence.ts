import { add, type Clock, Histogram, type HistogramView, type Report } from "@parlance/core";
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

/** What became of the questions of one hook since the start, for operators. */
export interface HookView {
  /** As the log names it. */
  readonly hook: string;
  readonly answered: number;
  readonly refused: number;
  /** Questions that were not asked, since nobody had answered for a while. */
  readonly unasked: number;
  /** By reason, without details: few. */
  readonly silences: ReadonlyMap<string, number>;
  /** From a question to its end, whatever that is; milliseconds. */
  readonly tookMs: HistogramView;
  /** Questions that wait for an answer, or for a free place. */
  readonly underWay: number;
  /** Nobody is asked for the moment. */
  readonly isPaused: boolean;
  /** The last five questions or more were not answered. */
  readonly isDown: boolean;
}

/** Asks and counts, tells the operator of silence, and stops asking for a moment where silence lets everything pass. */
export class Circuit implements HookView {
  answered = 0;
  refused = 0;
  unasked = 0;
  underWay = 0;
  readonly silences: Map<string, number> = new Map();
  readonly tookMs: Histogram = new Histogram();
  readonly #options: CircuitOptions;
  readonly #told = new Map<string, { at: number; untold: number }>();
  /** Since the last answer; and since the last pause, too. */
  #unanswered = 0;
  #failures = 0;
  #pausedUntil = Number.NEGATIVE_INFINITY;

  constructor(options: CircuitOptions) {
    this.#options = options;
    options.watch?.(this);
  }

  get hook(): string {
    return this.#options.hook;
  }

  get isPaused(): boolean {
    return this.#pausedUntil > this.#options.clock.monotonic();
  }

  get isDown(): boolean {
    return this.#unanswered >= failuresBeforePause;
  }

  /**
   * Asks, unless it is paused.
   *
   * @param question Throws Silence where there is no answer, ProtocolError where that is a refusal.
   * @param silent What silence means.
   */
  async ask<T>(question: () => Promise<T>, silent: () => T): Promise<T> {
    if (this.isPaused) {
      this.unasked += 1;
      return silent();
    }
    const { clock } = this.#options;
    const begun = clock.monotonic();
    this.underWay += 1;
    try {
      const answer = await question();
      this.#heard();
      this.answered += 1;
      return answer;
    } catch (error) {
      if (!(error instanceof Silence)) {
        this.#heard();
        this.refused += 1;
        throw error;
      }
      add(this.silences, kindOf(error.reason));
      this.#failed(error.reason);
    } finally {
      this.underWay -= 1;
      this.tookMs.observe(clock.monotonic() - begun);
    }
    return silent();
  }

  #heard(): void {
    this.#unanswered = 0;
    this.#failures = 0;
  }

  #failed(reason: string): void {
    const { hook, fallback, mayPause, clock, report } = this.#options;
    const now = clock.monotonic();
    this.#tell(reason, now);
    this.#unanswered += 1;
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
  /** Told once of what it will count. */
  readonly watch?: (view: HookView) => void;
}

/** Reasons of our own. What a plug-in says in its own words counts as one. */
const kinds: ReadonlySet<string> = new Set([
  "timeout",
  "unreachable",
  "answer broke off",
  "answer too long",
  "answer not understood",
  "text not understood",
  "data not understood",
  "thread not understood",
  "reply_to not understood",
  "mentions not understood",
  "only_you not understood",
  "too many questions under way",
  "plug-in is not running",
  "plug-in ended",
]);

function kindOf(reason: string): string {
  if (kinds.has(reason)) return reason;
  return /^status \d/.test(reason) ? `status ${reason.charAt(7)}xx` : "other";
}
