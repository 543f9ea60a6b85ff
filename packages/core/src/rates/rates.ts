/**
 * The one place that bounds how much somebody may ask for, whatever it comes by: connections ask before they begin a task, and the
 * node before it carries out a command of somebody without one. On a fleet the buckets are shared (`RateStore`), a few tokens of
 * each held here; while the store is away each node goes by buckets of its own, so that nobody waits for it.
 */
import { ProtocolError, type RoomId, type RoomKind } from "@parlance/protocol";
import type { Report } from "../gate.ts";
import type { Awaitable } from "../outcome.ts";
import type { Clock, Identity, RateStore, RateWant, Task, Timer } from "../ports/index.ts";
import { add, type Tally } from "../tally.ts";
import { Bucket } from "./bucket.ts";
import { isThisMachine, networkOf } from "./network.ts";
import { costOf, labelOf, type RateCost, type RateRule } from "./rules.ts";

/** Beyond so many buckets the oldest is forgotten: who has many addresses gains what waiting would give, and no memory. */
const maxBuckets = 50_000;
/** Buckets of one question. */
const wantsAtOnce = 500;
/** Commands wait for the store so long at most, once; then it counts as away, and is tried again so often. */
const storeMs = 1_000;
const retryMs = 1_000;

/** Who asks. */
export interface Asker {
  readonly identity: Identity;
  /** What it came by: a dialect's name, `rest` or `door`. */
  readonly dialect: string;
  /** Where it came from. Absent: from no network. */
  readonly address?: string;
  /** Absent where there is no connection. */
  readonly connection?: string;
}

export interface RatesOptions {
  readonly rules: readonly RateRule[];
  readonly nodeId: string;
  readonly clock: Clock;
  readonly report: Report;
  readonly tally: Tally;
  /** Absent: this process is all there is. */
  readonly store?: RateStore;
  /** A room's kind; of one that is not there, the kind that it would have. */
  readonly kindOf: (room: RoomId) => Awaitable<RoomKind>;
}

/** How much of something may be asked for now, for whoever tells clients. */
export interface RateView {
  readonly perSecond: number;
  readonly burst: number;
  readonly remaining: number;
}

export class Rates {
  readonly #options: RatesOptions;
  readonly #buckets = new Map<string, Bucket>();
  #asked: Bucket[] = [];
  #isAsking = false;
  #isAlone = false;
  #retry: Timer | undefined;
  #isClosed = false;

  constructor(options: RatesOptions) {
    this.#options = options;
  }

  /** Somebody's place at the buckets: made once for a connection's identity, and for each request of others. */
  seat(asker: Asker): Seat {
    return new Seat(asker, this.#options, this);
  }

  /** Whether the nodes share their buckets now; undefined where there is nothing to share. */
  get isShared(): boolean | undefined {
    return this.#options.store === undefined ? undefined : !this.#isAlone;
  }

  get count(): number {
    return this.#buckets.size;
  }

  /** For `Seat`: what somebody is told for whom a rule has nothing left. */
  refusal({ per }: RateRule, waitMs: number): ProtocolError {
    add(this.#options.tally.rateLimited, per);
    return new ProtocolError("rate_limited", { retry_after_ms: waitMs, per });
  }

  /** For `Seat`. */
  bucket(name: string, rule: RateRule): Bucket {
    const known = this.#buckets.get(name);
    if (known !== undefined) return known;
    const { clock, nodeId } = this.#options;
    const bucket = new Bucket(name, rule, { clock, nodeId, ask: (one) => this.#ask(one) });
    this.#buckets.set(name, bucket);
    if (this.#buckets.size > maxBuckets) this.#forgetOldest();
    return bucket;
  }

  /** For `Seat`: whether this bucket's tokens are the fleet's. */
  shares(bucket: Bucket): boolean {
    const { store } = this.#options;
    return store !== undefined && !this.#isAlone && bucket.rule.per !== "connection";
  }

  /** Forgets buckets that are as good as new. */
  sweep(): void {
    for (const bucket of this.#buckets.values()) if (bucket.isIdle) this.#forget(bucket);
  }

  close(): void {
    this.#isClosed = true;
    this.#retry?.cancel();
  }

  #forgetOldest(): void {
    const [oldest] = this.#buckets.values();
    if (oldest !== undefined) this.#forget(oldest);
  }

  #forget(bucket: Bucket): void {
    bucket.isForgotten = true;
    this.#buckets.delete(bucket.name);
  }

  #ask(bucket: Bucket): void {
    this.#asked.push(bucket);
    if (!this.#isAsking) {
      this.#isAsking = true;
      this.#options.clock.afterTurn(() => void this.#askStore());
    }
  }

  /* One question at a time: what is asked for meanwhile is the next. */
  async #askStore(): Promise<void> {
    while (this.#asked.length > 0) {
      const buckets = this.#asked.splice(0, wantsAtOnce);
      const wants = buckets.map((bucket) => bucket.want());
      const shares = this.#isAlone ? undefined : await this.#take(wants);
      for (const [n, bucket] of buckets.entries()) {
        const want = wants[n];
        const share = shares?.[n];
        if (want === undefined || share === undefined) bucket.notGiven();
        else bucket.given(want, share);
      }
    }
    this.#isAsking = false;
  }

  async #take(wants: readonly RateWant[]): ReturnType<RateStore["take"]> {
    const { store, clock, report } = this.#options;
    if (store === undefined) return [];
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = clock.after(storeMs, () => reject(new Error(`no answer in ${storeMs} ms`)));
    try {
      return await Promise.race([store.take(wants), late]);
    } catch (error) {
      this.#isAlone = true;
      report("warn", "rates_alone", { error });
      this.#tryAgain();
      return [];
    } finally {
      timer.cancel();
    }
  }

  #tryAgain(): void {
    if (this.#isClosed) return;
    const { store, clock, nodeId, report } = this.#options;
    const want = { bucket: "try", perSecond: 1, burst: 1, node: nodeId };
    const nothing = { left: 0, spend: 0, hold: 0, holdMs: 1 };
    this.#retry = clock.after(retryMs, () => {
      store?.take([{ ...want, ...nothing }]).then(
        () => {
          this.#isAlone = false;
          report("info", "rates_shared", {});
        },
        () => this.#tryAgain(),
      );
    });
  }
}

interface Place {
  readonly rule: RateRule;
  readonly name: string;
  bucket: Bucket | undefined;
}

/** The buckets that somebody's commands take from. */
export class Seat {
  readonly #rates: Rates;
  readonly #kindOf: RatesOptions["kindOf"];
  readonly #writes: readonly Place[];
  readonly #reads: readonly Place[];
  readonly #asksForKinds: boolean;
  readonly #hasConnection: boolean;

  constructor(asker: Asker, { rules, kindOf }: RatesOptions, rates: Rates) {
    this.#rates = rates;
    this.#kindOf = kindOf;
    this.#hasConnection = asker.connection !== undefined;
    const places = rules.flatMap((rule) => {
      const subject = subjectOf(rule, asker);
      if (subject === undefined) return [];
      return [{ rule, name: `${labelOf(rule)}/${subject}`, bucket: undefined }];
    });
    this.#asksForKinds = places.some(({ rule }) => rule.kind !== undefined);
    this.#writes = places.filter(({ rule }) => rule.of === "writes");
    this.#reads = places.filter(({ rule }) => rule.of === "reads");
  }

  /**
   * Counts a task. Returns at once as long as the node has tokens.
   *
   * @throws ProtocolError `rate_limited`, or rejects with it, with `retry_after_ms` and `per`. Then nothing was counted that this
   *   node could give back.
   */
  take(task: Task): Awaitable<void> {
    // The message that is being typed finds its token here.
    if (task.type === "typing") this.#prepare();
    // What a connection's own rate bounds, nothing bounds without one: it looks rooms and messages up, too.
    const cost = costOf(task.type) ?? (this.#hasConnection ? undefined : "reads");
    if (cost === undefined) return undefined;
    const places = cost === "writes" ? this.#writes : this.#reads;
    if (!this.#asksForKinds) return this.#takeFrom(places);
    const room = roomOf(task);
    const kind = room === undefined ? undefined : this.#kindOf(room);
    if (!(kind instanceof Promise)) return this.#takeFrom(ofKind(places, kind));
    return kind.then((known) => this.#takeFrom(ofKind(places, known)));
  }

  /** Counts what is about no room. @throws ProtocolError as `take`. */
  spend(cost: RateCost): Awaitable<void> {
    return this.#takeFrom(ofKind(cost === "writes" ? this.#writes : this.#reads, undefined));
  }

  /** Of the rules for all kinds of rooms, the one that has least left. */
  view(cost: RateCost): RateView | undefined {
    const places = cost === "writes" ? this.#writes : this.#reads;
    return places
      .filter(({ rule }) => rule.kind === undefined && rule.per !== "connection")
      .map((place) => {
        const bucket = this.#bucket(place);
        const { perSecond, burst } = place.rule;
        return { perSecond, burst, remaining: bucket.remaining(this.#rates.shares(bucket)) };
      })
      .toSorted((a, b) => a.remaining - b.remaining)[0];
  }

  #takeFrom(places: readonly Place[]): Awaitable<void> {
    for (let n = 0; n < places.length; n += 1) {
      const place = places[n] as Place;
      const bucket = this.#bucket(place);
      const waitMs = this.#rates.shares(bucket) ? bucket.takeShared() : bucket.takeOwn();
      if (waitMs === 0) continue;
      if (waitMs instanceof Promise) return this.#takeLater(places, n, waitMs);
      for (const taken of places.slice(0, n)) this.#giveBack(taken);
      throw this.#rates.refusal(place.rule, waitMs);
    }
    return undefined;
  }

  /* All that have to be waited for are waited for together. */
  async #takeLater(places: readonly Place[], first: number, asked: Promise<number>): Promise<void> {
    const rest = places.slice(first + 1).map((place) => {
      const bucket = this.#bucket(place);
      return this.#rates.shares(bucket) ? bucket.takeShared() : bucket.takeOwn();
    });
    const takes = [...places.slice(0, first).map(() => 0), asked, ...rest];
    const waits = await Promise.all(takes.map((taken) => Promise.resolve(taken)));
    const longest = Math.max(...waits);
    if (longest === 0) return;
    const refusing = places[waits.indexOf(longest)];
    // What the store gave to be spent at once is no part of what this node holds: it is lost.
    for (const [n, place] of places.entries()) if (takes[n] === 0) this.#giveBack(place);
    if (refusing !== undefined) throw this.#rates.refusal(refusing.rule, longest);
  }

  #giveBack(place: Place): void {
    const bucket = this.#bucket(place);
    bucket.giveBack(this.#rates.shares(bucket));
  }

  #prepare(): void {
    for (const place of this.#writes) {
      const bucket = this.#bucket(place);
      if (this.#rates.shares(bucket)) bucket.prepare();
    }
  }

  #bucket(place: Place): Bucket {
    const { bucket } = place;
    if (bucket !== undefined && !bucket.isForgotten) return bucket;
    place.bucket = this.#rates.bucket(place.name, place.rule);
    return place.bucket;
  }
}

function ofKind(places: readonly Place[], kind: RoomKind | undefined): readonly Place[] {
  return places.filter(({ rule }) => rule.kind === undefined || rule.kind === kind);
}

/** Undefined: the rule is not for this one. */
function subjectOf({ per, dialect }: RateRule, asker: Asker): string | undefined {
  const { identity, address, connection } = asker;
  if (dialect !== undefined && dialect !== asker.dialect) return undefined;
  switch (per) {
    case "user":
      return identity.kind === "service" || identity.isAnonymous ? undefined : identity.user;
    case "key":
      return identity.kind === "service" ? (identity.key ?? identity.principal) : undefined;
    case "network":
      return address === undefined || isThisMachine(address) ? undefined : networkOf(address);
    case "connection":
      return connection;
  }
}

function roomOf(task: Task): RoomId | undefined {
  if (task.type === "publish_as") return task.publish.room;
  return "room" in task ? task.room : undefined;
}
