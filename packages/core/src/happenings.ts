/**
 * What this node did with events lately, for whoever asks what became of one message. In memory and bounded; never a text,
 * never who read it.
 */
import type { Epoch, RoomId, Sequence } from "@parlance/protocol";

/** Kept of each kind: minutes on a busy node, days on a quiet one. Each is some hundred bytes. */
const maxKept = 10_000;

/** This node answered an append of one event. */
export interface AppendSeen {
  readonly room: RoomId;
  readonly epoch: Epoch;
  readonly sequence: Sequence;
  /** The dialect of the connection that it came by, `http`, or a door. */
  readonly via: string;
  /** Milliseconds since 1970: when the node gave it to the log, and when that had it committed. */
  readonly givenAt: number;
  readonly answeredAt: number;
  /** It was stored before under the same key. */
  readonly repeated: boolean;
}

/** This node gave the events of one turn to a room's live subscriptions. */
export interface DeliverySeen {
  readonly room: RoomId;
  readonly epoch: Epoch;
  readonly from: Sequence;
  readonly to: Sequence;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Subscriptions that were given them at once, and those that read them from the log when they get there. */
  readonly reached: number;
  readonly behind: number;
}

/** What is still remembered of one event. */
export interface Remembered {
  readonly appends: readonly AppendSeen[];
  readonly deliveries: readonly DeliverySeen[];
  /** Nothing older than this is remembered; milliseconds since 1970. */
  readonly since: number;
}

export class Happenings {
  readonly #appends = new Ring<AppendSeen>(({ answeredAt }) => answeredAt);
  readonly #deliveries = new Ring<DeliverySeen>(({ at }) => at);
  readonly #startedAt: number;

  /** @param now Milliseconds since 1970. */
  constructor(now: number) {
    this.#startedAt = now;
  }

  appended(seen: AppendSeen): void {
    this.#appends.add(seen);
  }

  delivered(seen: DeliverySeen): void {
    this.#deliveries.add(seen);
  }

  of(room: RoomId, epoch: Epoch, sequence: Sequence): Remembered {
    const isHere = (seen: { readonly room: RoomId; readonly epoch: Epoch }): boolean =>
      seen.room === room && seen.epoch === epoch;
    return {
      appends: this.#appends.find((seen) => isHere(seen) && seen.sequence === sequence),
      deliveries: this.#deliveries.find(
        (seen) => isHere(seen) && seen.from <= sequence && sequence <= seen.to,
      ),
      since: Math.max(this.#startedAt, this.#appends.forgottenUpTo, this.#deliveries.forgottenUpTo),
    };
  }
}

/**
 * The newest `maxKept`, oldest first. What is added is copied into an object that is there already: ten thousand objects that each
 * live for minutes and are then thrown away would cost the garbage collector more than the append they tell of.
 */
class Ring<T extends object> {
  readonly #kept: T[] = [];
  readonly #timeOf: (one: T) => number;
  #next = 0;
  /** When the last one that had to go happened; 0 as long as all are here. */
  forgottenUpTo = 0;

  constructor(timeOf: (one: T) => number) {
    this.#timeOf = timeOf;
  }

  add(one: T): void {
    const slot = this.#kept[this.#next];
    if (slot === undefined) this.#kept.push({ ...one });
    else {
      this.forgottenUpTo = this.#timeOf(slot);
      Object.assign(slot, one);
    }
    this.#next = (this.#next + 1) % maxKept;
  }

  /** Copies: what is here is overwritten. */
  find(isWanted: (one: T) => boolean): T[] {
    const inOrder = [...this.#kept.slice(this.#next), ...this.#kept.slice(0, this.#next)];
    return inOrder.filter(isWanted).map((one) => ({ ...one }));
  }
}
