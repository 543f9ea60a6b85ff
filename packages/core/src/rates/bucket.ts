/** What one node knows of one bucket: tokens of its own, and its share of the bucket that all nodes have. */
import type { Clock, RateShare, RateWant } from "../ports/index.ts";
import { RateLimit } from "./rate-limit.ts";
import type { RateRule } from "./rules.ts";

/** How long a node holds tokens that nobody spends. A person who writes now and then finds some here. */
const holdMs = 30_000;
/** Parts of a bucket that a node holds in advance: a twentieth at rest, an eighth where much is spent. */
const restPart = 20;
const busyPart = 8;
/** An empty bucket is not asked for again before. */
const minEmptyMs = 50;

/** What a bucket's user needs to know to ask the store for it. */
export interface BucketPorts {
  readonly clock: Clock;
  readonly nodeId: string;
  /** Puts it on the list of those for which the store is asked next. */
  readonly ask: (bucket: Bucket) => void;
}

export class Bucket {
  readonly name: string;
  readonly rule: RateRule;
  /** Another has its name by now. */
  isForgotten = false;
  readonly #ports: BucketPorts;
  /** Used where no store is, or none answers. */
  readonly #own: RateLimit;
  #held = 0;
  #heldUntil = 0;
  #askedAt = 0;
  #emptyUntil = 0;
  /** Tokens spent since the store was asked last. */
  #spent = 0;
  #isAsked = false;
  /** What the store had for others when it was asked last. */
  #level: number;
  readonly #waiting: ((waitMs: number) => void)[] = [];

  constructor(name: string, rule: RateRule, ports: BucketPorts) {
    this.name = name;
    this.rule = rule;
    this.#ports = ports;
    this.#own = new RateLimit(ports.clock, rule.perSecond, rule.burst);
    this.#level = rule.burst;
  }

  /** Takes one of the node's own. @returns 0, or the milliseconds until there is one. */
  takeOwn(): number {
    return this.#own.take();
  }

  /** Takes one of the node's share. @returns 0, or the milliseconds until there is one, as soon as that is known. */
  takeShared(): number | Promise<number> {
    const now = this.#ports.clock.monotonic();
    if (this.#holds(now) > 0 && this.#waiting.length === 0) {
      this.#held -= 1;
      this.#spent += 1;
      if (this.#held <= this.#rest / 2) this.#topUp(now);
      return 0;
    }
    if (now < this.#emptyUntil) return Math.ceil(this.#emptyUntil - now);
    this.#ask();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Gives back one that was taken and not used. */
  giveBack(isShared: boolean): void {
    if (!isShared) this.#own.giveBack();
    else if (this.#holds(this.#ports.clock.monotonic()) > 0) this.#held += 1;
  }

  /** Somebody is about to need one. */
  prepare(): void {
    const now = this.#ports.clock.monotonic();
    if (this.#holds(now) === 0) this.#topUp(now);
  }

  /** What the store is asked. */
  want(): RateWant {
    const { perSecond, burst } = this.rule;
    this.#askedAt = this.#ports.clock.monotonic();
    const left = this.#holds(this.#askedAt);
    const wanted = Math.min(Math.floor(burst / busyPart), Math.max(this.#rest, this.#spent));
    this.#spent = 0;
    return {
      bucket: this.name,
      perSecond,
      burst,
      node: this.#ports.nodeId,
      left,
      spend: this.#waiting.length,
      hold: Math.max(0, wanted - left),
      holdMs,
    };
  }

  /** What the store answered to `want`. Those who wait are told in their order. */
  given(want: RateWant, { spent, held, level, waitMs }: RateShare): void {
    const now = this.#ports.clock.monotonic();
    this.#isAsked = false;
    this.#level = level;
    this.#spent += spent;
    if (want.left + held > 0) {
      this.#held += held;
      // Not of now: the store counts from when it was asked.
      this.#heldUntil = this.#askedAt + holdMs;
    }
    if (spent < want.spend) this.#emptyUntil = now + Math.max(minEmptyMs, waitMs);
    for (const [n, told] of this.#waiting.splice(0, want.spend).entries()) {
      told(n < spent ? 0 : Math.max(minEmptyMs, waitMs));
    }
    if (this.#waiting.length > 0) this.#ask();
  }

  /** The store did not answer: each node for itself. */
  notGiven(): void {
    this.#isAsked = false;
    this.#held = 0;
    for (const told of this.#waiting.splice(0)) told(this.takeOwn());
  }

  /** Tokens that could be had now, as far as it is known here. */
  remaining(isShared: boolean): number {
    if (!isShared) return this.#own.remaining();
    const now = this.#ports.clock.monotonic();
    if (now < this.#emptyUntil) return 0;
    return Math.floor(Math.min(this.rule.burst, this.#level + this.#holds(now)));
  }

  /** Nobody would notice if it were made anew. */
  get isIdle(): boolean {
    const now = this.#ports.clock.monotonic();
    return (
      this.#waiting.length === 0 && !this.#isAsked && this.#holds(now) === 0 && this.#own.isFull
    );
  }

  /* A share that the store has given to others by now is nobody's here. */
  #holds(now: number): number {
    if (now >= this.#heldUntil) this.#held = 0;
    return this.#held;
  }

  get #rest(): number {
    return Math.floor(this.rule.burst / restPart);
  }

  #topUp(now: number): void {
    if (this.#rest > 0 && now >= this.#emptyUntil) this.#ask();
  }

  #ask(): void {
    if (this.#isAsked) return;
    this.#isAsked = true;
    this.#ports.ask(this);
  }
}
