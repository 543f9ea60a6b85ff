/**
 * Serves the subscriptions of a room that are behind: those that resumed at an older place, and those whose socket
 * was too slow. From memory where the events are still there, else from the log, a step at a time as far as the
 * connection takes it.
 */
import type {
  EphemeralEvent,
  Epoch,
  EventFrame,
  PresenceEvent,
  Sequence,
} from "@parlance/protocol";
import type { ErasedTexts } from "./erased-texts.ts";
import { isFor, type Whom } from "./fan-out.ts";
import type { Bytes, LogPage } from "./ports/index.ts";
import { readFrom } from "./reader-floor.ts";
import { encode, type RecentEvents } from "./recent-events.ts";
import type { RoomContext } from "./room.ts";
import type { Subscription } from "./subscription.ts";

/** Bytes put into an outbox in one step. Small, so that slow readers show progress. */
const stepBytes = 16_384;
const pageEvents = 200;
/** Wait before a failed read of the log is tried again. */
const retryReadMs = 500;

/** What catching up needs to know of its room. */
export interface CatchUpRoom {
  readonly record: { readonly room: Subscription["room"]["record"]["room"] };
  readonly epoch: Epoch;
  readonly last: Sequence;
  readonly erasedTexts: ErasedTexts;
  readonly presence: { unnamed(): PresenceEvent };
  /** It has everything: from now on it is live. */
  goLive(subscription: Subscription): void;
}

export class CatchUp {
  readonly #room: CatchUpRoom;
  readonly #recent: RecentEvents;
  readonly #context: RoomContext;
  readonly #behind = new Set<Subscription>();

  constructor(room: CatchUpRoom, recent: RecentEvents, context: RoomContext) {
    this.#room = room;
    this.#recent = recent;
    this.#context = context;
  }

  get size(): number {
    return this.#behind.size;
  }

  [Symbol.iterator](): Iterator<Subscription> {
    return this.#behind.values();
  }

  /** Takes one that has everything up to `offset`. `serve` begins, or the next time its socket drains. */
  add(subscription: Subscription, offset: Sequence): void {
    subscription.offset = offset;
    subscription.connection.isBehind = true;
    this.#behind.add(subscription);
  }

  remove(subscription: Subscription): void {
    this.#behind.delete(subscription);
  }

  /** Goes on, as far as the connection takes it. */
  serve(subscription: Subscription): void {
    const { outbox } = subscription.connection;
    while (!subscription.isEnded && !subscription.isLive && !subscription.isReading) {
      if (outbox.isLagging || subscription.isHeld) return;
      if (subscription.missedPresence) this.#tellOfMissed(subscription);
      if (subscription.offset >= this.#room.last) {
        this.#behind.delete(subscription);
        subscription.offset = -1;
        this.#room.goLive(subscription);
      } else if (this.#recent.after(subscription.offset) === undefined) this.#read(subscription);
      else this.#giveRecent(subscription);
    }
  }

  /** Tells who came and went, which is told once, to those that will be live in a moment. Those that lag are told later. */
  presence(event: PresenceEvent): void {
    for (const subscription of this.#behind) {
      if (!subscription.wantsPresence) continue;
      if (subscription.connection.outbox.isLagging) subscription.missedPresence = true;
      else push(subscription, event);
    }
  }

  /** Those that are held lag in nothing: what is in no log has no order to keep. */
  ephemeral(event: EphemeralEvent, whom: Whom): void {
    for (const subscription of this.#behind) {
      const { connection, isHeld } = subscription;
      if (!isHeld || connection.outbox.isLagging || !isFor(connection, event, whom)) continue;
      const encoded = encode(connection.wire, event);
      if (encoded !== undefined) connection.outbox.push(encoded);
    }
  }

  #tellOfMissed(subscription: Subscription): void {
    subscription.missedPresence = false;
    push(subscription, this.#room.presence.unnamed());
  }

  #giveRecent(subscription: Subscription): void {
    const { wire } = subscription.connection;
    const frames: Bytes[] = [];
    let bytes = 0;
    while (bytes < stepBytes) {
      const event = this.#recent.after(subscription.offset);
      if (event === undefined) break;
      subscription.offset = event.sequence;
      if (isLeftOut(subscription, event.frame)) continue;
      tellIfMissed(subscription, event.frame);
      const encoded = event.bytesFor(wire, subscription.floor);
      if (encoded === undefined) continue;
      frames.push(encoded);
      bytes += encoded.length;
    }
    pushAll(subscription, frames);
  }

  #read(subscription: Subscription): void {
    subscription.isReading = true;
    this.#context.tally.catchUpReads += 1;
    this.#context.log
      .read({
        room: this.#room.record.room,
        after: subscription.offset,
        upTo: this.#room.last,
        limit: pageEvents,
        maxBytes: stepBytes,
      })
      .then(
        (page) => {
          subscription.isReading = false;
          if (subscription.isEnded || subscription.isLive) return;
          this.#giveRead(subscription, page);
          this.serve(subscription);
        },
        (error: unknown) => {
          this.#context.onFailure("catch_up_failed", error);
          this.#context.clock.after(retryReadMs, () => {
            subscription.isReading = false;
            this.serve(subscription);
          });
        },
      );
  }

  #giveRead(subscription: Subscription, page: LogPage | undefined): void {
    const { epoch, record } = this.#room;
    if (page === undefined || page.epoch !== epoch || page.floor > subscription.offset) {
      subscription.connection.endSubscription(subscription, {
        type: "reset",
        room: record.room,
        epoch: page?.epoch ?? epoch,
      });
      return;
    }
    const { wire } = subscription.connection;
    const frames: Bytes[] = [];
    for (const { frame } of page.events) {
      if (frame.sequence !== subscription.offset + 1) continue;
      // The page is older than the erasure: the next one has it.
      if (this.#room.erasedTexts.has(frame)) break;
      subscription.offset = frame.sequence;
      if (isLeftOut(subscription, frame)) continue;
      tellIfMissed(subscription, frame);
      const encoded = encode(wire, readFrom(subscription.floor, frame), epoch);
      if (encoded !== undefined) frames.push(encoded);
    }
    pushAll(subscription, frames);
  }
}

/** What an update said that was erased meanwhile is in the document, and to be asked for there. */
export function tellIfMissed({ connection }: Subscription, frame: EventFrame): void {
  if (frame.type === "document.updated" && "erased" in frame) connection.missed(frame.room);
}

/** Whether an event is not for a subscription, or was given to it already. */
function isLeftOut({ connection, given }: Subscription, frame: EventFrame): boolean {
  const { sequence } = frame;
  if (given !== undefined && sequence > given.after && sequence <= given.upTo) return true;
  return connection.wire.dialect.excluded?.(frame) === connection.connectionId;
}

function push({ connection }: Subscription, event: PresenceEvent): void {
  if (connection.hearPresence(event)) return;
  const encoded = encode(connection.wire, event);
  if (encoded !== undefined) connection.outbox.push(encoded);
}

function pushAll(subscription: Subscription, frames: readonly Bytes[]): void {
  const first = frames[0];
  if (first === undefined) return;
  const { outbox, wire } = subscription.connection;
  outbox.push(frames.length === 1 ? first : wire.join(frames));
}
