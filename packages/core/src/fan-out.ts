/**
 * Gives a room's events to its live subscriptions: encoded once per wire, joined into one chunk per turn, and the
 * same chunk put into every outbox. A chunk ends wherever its receivers change.
 */
import type { ConnectionId, EphemeralEvent, Sequence, UserId } from "@parlance/protocol";
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
  /** By connection, where the dialect has events that are not for one of them. */
  readonly byConnection: Map<ConnectionId, Subscription> | undefined;
  /** What of `pending` is not for whom. */
  readonly withheld: Map<Subscription, Set<Bytes>>;
}

/** Whom an ephemeral event is for; empty: for all but the one whom it is about. */
export interface Whom {
  /** This user's connections only. */
  readonly to?: UserId;
  /** All connections but this one. */
  readonly except?: ConnectionId;
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
      audience = {
        wire,
        floor,
        subscriptions: new Set(),
        pending: [],
        pendingAfter: last,
        byConnection: wire.dialect.excluded === undefined ? undefined : new Map(),
        withheld: new Map(),
      };
      this.#audiences.add(audience);
    }
    this.#endTurnOf(audience);
    audience.subscriptions.add(subscription);
    audience.byConnection?.set(subscription.connection.connectionId, subscription);
  }

  /** Takes one out, after what is pending for it. */
  remove(subscription: Subscription): void {
    const audience = this.#audienceOf(subscription);
    if (audience?.subscriptions.has(subscription) !== true) return;
    this.#endTurnOf(audience);
    audience.subscriptions.delete(subscription);
    audience.byConnection?.delete(subscription.connection.connectionId);
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
      if (audience.byConnection !== undefined) this.#withhold(audience, event, bytes);
    }
  }

  /** Leaves one connection out. All others still share one chunk. */
  #withhold(
    { wire, byConnection, withheld }: Audience,
    { frame }: RecentEvent,
    bytes: Bytes,
  ): void {
    const excluded = wire.dialect.excluded?.(frame);
    const subscription = excluded === undefined ? undefined : byConnection?.get(excluded);
    if (subscription === undefined) return;
    const known = withheld.get(subscription);
    if (known === undefined) withheld.set(subscription, new Set([bytes]));
    else known.add(bytes);
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
    const { byConnection, withheld } = audience;
    let reached = 0;
    for (const subscription of subscriptions) {
      const { outbox } = subscription.connection;
      if (outbox.isLagging) {
        subscriptions.delete(subscription);
        byConnection?.delete(subscription.connection.connectionId);
        this.#fellBehind(subscription, pendingAfter);
        continue;
      }
      const without = withheld.size === 0 ? undefined : withheld.get(subscription);
      const own = without === undefined ? chunk : joined(wire, pending, without);
      if (own === undefined) continue;
      outbox.push(own, isBulk);
      reached += 1;
    }
    withheld.clear();
    this.#tally.deliveries += reached * pending.length;
    return reached;
  }

  /**
   * Gives an ephemeral event to all but the one whom it is about, unless it is for nobody else. Those that lag do without; who wants presence and missed
   * some is told so when it has caught up.
   *
   * @param last The room's place.
   */
  ephemeral(event: EphemeralEvent, last: Sequence, whom: Whom): void {
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
        if (!isFor(connection, event, whom)) continue;
        if (connection.outbox.isLagging) {
          if (event.type !== "presence" || !subscription.wantsPresence) continue;
          subscription.missedPresence = true;
          audience.subscriptions.delete(subscription);
          audience.byConnection?.delete(connection.connectionId);
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

/** Whether an ephemeral event is for a connection. */
export function isFor(
  { userId, connectionId }: Subscription["connection"],
  event: EphemeralEvent,
  { to, except }: Whom,
): boolean {
  if (connectionId === except) return false;
  if (to !== undefined) return userId === to;
  return except !== undefined || !("user" in event) || event.user !== userId;
}

/** What of a turn's events is left; undefined if nothing is. */
function joined(
  wire: Wire,
  pending: readonly Bytes[],
  without: ReadonlySet<Bytes>,
): Bytes | undefined {
  const rest = pending.filter((bytes) => !without.has(bytes));
  return rest.length > 1 ? wire.join(rest) : rest[0];
}
