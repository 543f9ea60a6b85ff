import type { Epoch, EventFrame, Sequence } from "@parlance/protocol";
import { payloadLength } from "./frames.ts";
import type { Bytes, Wire } from "./ports/index.ts";
import { isWithheld, readFrom } from "./reader-floor.ts";

/** Weight of an event without its text: envelope, encoded bytes, objects. */
const baseWeight = 600;

/** One delivered event with its finished bytes, made at most once for each wire. */
export class RecentEvent {
  readonly sequence: Sequence;
  readonly frame: EventFrame;
  /** About bytes, of envelope, payload, encoded bytes and objects. */
  readonly weight: number;
  readonly #epoch: Epoch;
  /* Nearly always one wire, so no map until a second one asks. */
  #wire: Wire | undefined;
  #bytes: Bytes | undefined;
  #others: Map<Wire, Bytes | undefined> | undefined;

  /** @param epoch Of the log that it is in. */
  constructor(frame: EventFrame, epoch: Epoch) {
    this.sequence = frame.sequence;
    this.frame = frame;
    this.weight = baseWeight + 2 * payloadLength(frame);
    this.#epoch = epoch;
  }

  /** @param floor Of the reader. @returns undefined where the wire's dialect has no word for the event. */
  bytesFor(wire: Wire, floor: Sequence): Bytes | undefined {
    if (isWithheld(this.frame, floor)) {
      return encode(wire, readFrom(floor, this.frame), this.#epoch);
    }
    if (this.#wire === wire) return this.#bytes;
    if (this.#wire === undefined) {
      this.#wire = wire;
      this.#bytes = encode(wire, this.frame, this.#epoch);
      return this.#bytes;
    }
    this.#others ??= new Map();
    if (!this.#others.has(wire)) {
      this.#others.set(wire, encode(wire, this.frame, this.#epoch));
    }
    return this.#others.get(wire);
  }
}

/** Finished bytes of any event for one wire. @param epoch Of a durable event's log. */
export function encode(
  wire: Wire,
  event: Parameters<Wire["dialect"]["encodeEvent"]>[0],
  epoch?: Epoch,
): Bytes | undefined {
  const payload = wire.dialect.encodeEvent(event, epoch);
  return payload === undefined ? undefined : wire.frame(payload);
}

/** Events kept for readers that are a little behind, by room. */
const maxEvents = 512;
/** Weight kept in one room, and in all rooms of a node together; about bytes. */
const maxRoomWeight = 1_048_576;
const maxTotalWeight = 67_108_864;

/** What all rooms of a node keep together. Over the bound, the room that was quiet for longest forgets. */
export class RecentPool {
  readonly #maxWeight: number;
  /** Those that hold something, the one that grew last at the end. */
  readonly #byAge = new Set<RecentEvents>();
  #weight = 0;

  constructor(maxWeight: number = maxTotalWeight) {
    this.#maxWeight = maxWeight;
  }

  /** For `RecentEvents`: it grew or shrank by so much. */
  changed(recent: RecentEvents, by: number): void {
    this.#weight += by;
    if (by < 0) return;
    this.#byAge.delete(recent);
    this.#byAge.add(recent);
    for (const oldest of this.#byAge) {
      if (this.#weight <= this.#maxWeight || oldest === recent) return;
      this.#byAge.delete(oldest);
      oldest.clear();
    }
  }

  /** For `RecentEvents`: it holds nothing any more. */
  emptied(recent: RecentEvents): void {
    this.#byAge.delete(recent);
  }
}

/**
 * The newest events of a warm room, without holes, so that ten thousand clients that come back are served
 * from memory. Bounded in number and in weight; a reader further behind reads from the log.
 */
export class RecentEvents {
  readonly #pool: RecentPool;
  #events: RecentEvent[] = [];
  #start = 0;
  #weight = 0;

  constructor(pool: RecentPool) {
    this.#pool = pool;
  }

  /** Sequence of the oldest event kept; undefined if there is none. */
  get first(): Sequence | undefined {
    return this.#events[this.#start]?.sequence;
  }

  add(event: RecentEvent): void {
    this.#events.push(event);
    let grown = event.weight;
    while (this.#events.length - this.#start > maxEvents || this.#weight + grown > maxRoomWeight) {
      const oldest = this.#events[this.#start];
      if (oldest === undefined) break;
      grown -= oldest.weight;
      this.#start += 1;
    }
    if (this.#start > maxEvents) {
      this.#events = this.#events.slice(this.#start);
      this.#start = 0;
    }
    this.#weight += grown;
    this.#pool.changed(this, grown);
  }

  /** The event after `offset`, or undefined if it is not kept (any more, or yet). */
  after(offset: Sequence): RecentEvent | undefined {
    const first = this.first;
    if (first === undefined || offset + 1 < first) return undefined;
    return this.#events[this.#start + (offset + 1 - first)];
  }

  /** Forgets everything: a payload was erased, the room is closed, or others need the place. */
  clear(): void {
    this.#pool.changed(this, -this.#weight);
    this.#pool.emptied(this);
    this.#events = [];
    this.#start = 0;
    this.#weight = 0;
  }
}
