/**
 * Gives a room's events to its live subscriptions: encoded once per wire, joined into one chunk per turn, and the
 * same chunk put into every outbox. A chunk ends wherever its receivers change.
 */
import type { EphemeralEvent, Sequence, UserId } from "@parlance/protocol";
import type { Bytes, Wire } from "./ports/index.ts";
import { encode, type RecentEvent } from "./recent-events.ts";
import type { Subscription } from "./subscription.ts";
import type { Tally } from "./tally.ts";

/** A room with more live subscriptions than this is written after everything else, in slices. */
const bulkAudience = 256;

/** Live subscriptions that share a wire and a floor, and what they are to get at the end of this turn. */
interface Audience {
  readonly wire: Wire;
  readonly floor: Sequence;
  readonly subscriptions: Set<Subscription>;
  pending: Bytes[];
  /** The room's place before the first of `pending`. */
  pendingAfter: Sequence;
}

export class FanOut {
  readonly #audiences = new Set<Audience>();
  readonly #fellBehind: (subscription: Subscription, offset: Sequence) => void;
  readonly #tally: Tally;

  /** @param fellBehind Takes over a subscription whose connection lags; it has everything up to `offset`. */
  constructor(fellBehind: (subscription: Subscription, offset: Sequence) => void, tally: Tally) {
    this.#fellBehind = fellBehind;
    this.#tally = tally;
  }

  get size(): number {
    let size = 0;
    for (const { subscriptions } of this.#audiences) size += subscriptions.size;
    return size;
  }

  *[Symbol.iterator](): Generator<Subscription> {
    for (const { subscriptions } of this.#audiences) yield* subscriptions;
  }

  /** Adds one that has everything so far. */
  add(subscription: Subscription, last: Sequence): void {
    let audience = this.#audienceOf(subscription);
    if (audience === undefined) {
      const { floor, connection } = subscription;
      const { wire } = connection;
      audience = { wire, floor, subscriptions: new Set(), pending: [], pendingAfter: last };
      this.#audiences.add(audience);
    }
    this.#endTurnOf(audience);
    audience.subscriptions.add(subscription);
  }

  /** Takes one out, after what is pending for it. */
  remove(subscription: Subscription): void {
    const audience = this.#audienceOf(subscription);
    if (audience?.subscriptions.has(subscription) !== true) return;
    this.#endTurnOf(audience);
    audience.subscriptions.delete(subscription);
    if (audience.subscriptions.size === 0) this.#audiences.delete(audience);
  }

  /* There is one for each wire, and more only in rooms where reading begins with one's joining. */
  #audienceOf({ connection, floor }: Subscription): Audience | undefined {
    for (const audience of this.#audiences) {
      if (audience.wire === connection.wire && audience.floor === floor) return audience;
    }
    return undefined;
  }

  /** What a live subscription has in its outbox already: what is pending here is not. */
  placeOf(subscription: Subscription, last: Sequence): Sequence {
    const audience = this.#audienceOf(subscription);
    return audience === undefined || audience.pending.length === 0 ? last : audience.pendingAfter;
  }

  /** Adds the next durable event to this turn. @param before The room's place before it. */
  event(event: RecentEvent, before: Sequence): void {
    for (const audience of this.#audiences) {
      const bytes = event.bytesFor(audience.wire, audience.floor);
      if (bytes === undefined) continue;
      if (audience.pending.length === 0) audience.pendingAfter = before;
      audience.pending.push(bytes);
    }
  }

  /** Queues what this turn brought for everybody. @returns how many subscriptions were given it. */
  endTurn(): number {
    let reached = 0;
    for (const audience of this.#audiences) reached += this.#endTurnOf(audience);
    return reached;
  }

  #endTurnOf(audience: Audience): number {
    const { wire, pending, pendingAfter, subscriptions } = audience;
    const first = pending[0];
    if (first === undefined) return 0;
    audience.pending = [];
    const chunk = pending.length === 1 ? first : wire.join(pending);
    const isBulk = subscriptions.size > bulkAudience;
    let reached = 0;
    for (const subscription of subscriptions) {
      const { outbox } = subscription.connection;
      if (outbox.isLagging) {
        subscriptions.delete(subscription);
        this.#fellBehind(subscription, pendingAfter);
      } else {
        outbox.push(chunk, isBulk);
        reached += 1;
      }
    }
    this.#tally.deliveries += reached * pending.length;
    return reached;
  }

  /**
   * Gives an ephemeral event to all but the one whom it is about, unless it is for nobody else. Those that lag do without; who wants presence and missed
   * some is told so when it has caught up.
   *
   * @param last The room's place.
   * @param to Gives it to this user's connections only.
   */
  ephemeral(event: EphemeralEvent, last: Sequence, to?: UserId): void {
    const about = "user" in event && event.user !== to ? event.user : undefined;
    let reached = 0;
    const encoded = new Map<Wire, Bytes | undefined>();
    for (const audience of this.#audiences) {
      const { wire } = audience;
      if (!encoded.has(wire)) encoded.set(wire, encode(wire, event));
      const bytes = encoded.get(wire);
      this.#endTurnOf(audience);
      const isBulk = audience.subscriptions.size > bulkAudience;
      for (const subscription of audience.subscriptions) {
        const { connection } = subscription;
        if (connection.userId === about) continue;
        if (to !== undefined && connection.userId !== to) continue;
        if (connection.outbox.isLagging) {
          if (event.type !== "presence" || !subscription.wantsPresence) continue;
          subscription.missedPresence = true;
          audience.subscriptions.delete(subscription);
          this.#fellBehind(subscription, last);
          continue;
        }
        if (event.type === "presence") {
          if (!subscription.wantsPresence || connection.hearPresence(event)) continue;
        }
        if (bytes === undefined) continue;
        connection.outbox.push(bytes, isBulk);
        reached += 1;
      }
    }
    this.#tally.ephemeralDeliveries += reached;
  }
}
