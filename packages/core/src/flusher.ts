/**
 * Runs at the end of each turn of the event loop in which something was queued: first every room joins the
 * turn's frames into one chunk per wire and puts it into its subscribers' outboxes, then each outbox is written
 * once. An idle room is so delivered at once and a busy one merges by itself.
 *
 * Writing to a huge room is cut into slices, and what is not part of it - acknowledgements, pings, other
 * rooms - is written before each slice. What is queued meanwhile for an outbox that was not reached yet joins
 * the same write.
 */
import type { Outbox } from "./outbox.ts";
import type { Bytes, Clock, Wire } from "./ports/index.ts";
import type { Tally } from "./tally.ts";

/** Milliseconds of writing after which input gets its turn. */
const sliceMs = 2;
/** Outboxes written between two looks at the clock. */
const sliceStep = 16;

/** Something that gathers frames during a turn. */
export interface TurnEnd {
  endTurn(): void;
}

interface Joined {
  readonly wire: Wire;
  readonly chunks: readonly Bytes[];
  readonly bytes: Bytes;
}

export class Flusher {
  readonly tally: Tally;
  readonly #clock: Clock;
  readonly #mayDeliver: () => boolean;
  #rooms: TurnEnd[] = [];
  #urgent: Outbox[] = [];
  #bulk: Outbox[] = [];
  #nextBulk = 0;
  #isScheduled = false;
  #lastJoined: Joined | undefined;
  #onWritten: (() => void)[] = [];

  /** @param mayDeliver False holds everything back; whoever made it false calls `resume` later. */
  constructor(clock: Clock, mayDeliver: () => boolean, tally: Tally) {
    this.tally = tally;
    this.#clock = clock;
    this.#mayDeliver = mayDeliver;
  }

  markRoom(room: TurnEnd): void {
    this.#rooms.push(room);
    this.#schedule();
  }

  markUrgent(outbox: Outbox): void {
    this.#urgent.push(outbox);
    this.#schedule();
  }

  markBulk(outbox: Outbox): void {
    this.#bulk.push(outbox);
    this.#schedule();
  }

  /** Called once what this turn brought has begun to be written: to all who are few, to the first where they are many. */
  onceWritten(run: () => void): void {
    this.#onWritten.push(run);
  }

  /** Tries again after `mayDeliver` was false. */
  resume(): void {
    if (this.#rooms.length + this.#urgent.length + this.#bulk.length > 0) this.#schedule();
  }

  /**
   * Several chunks as one. The outboxes of a busy room hold the very same ones, so the last result is kept for
   * the rest of the turn: copying them for each would cost more than writing them.
   *
   * @param chunks Not changed afterwards.
   */
  join(wire: Wire, chunks: readonly Bytes[]): Bytes {
    const last = this.#lastJoined;
    if (last !== undefined && last.wire === wire && areSame(last.chunks, chunks)) return last.bytes;
    const bytes = wire.join(chunks);
    this.#lastJoined = { wire, chunks, bytes };
    return bytes;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#clock.afterTurn(this.#run);
  }

  readonly #run = (): void => {
    this.#isScheduled = false;
    if (!this.#mayDeliver()) return;
    const rooms = this.#rooms;
    this.#rooms = [];
    for (const room of rooms) room.endTurn();
    const urgent = this.#urgent;
    this.#urgent = [];
    for (const outbox of urgent) outbox.flush();
    this.#writeSlice();
    this.#lastJoined = undefined;
    for (const run of this.#onWritten.splice(0)) run();
  };

  #writeSlice(): void {
    const bulk = this.#bulk;
    if (bulk.length === 0) return;
    const end = this.#clock.monotonic() + sliceMs;
    let index = this.#nextBulk;
    while (index < bulk.length) {
      bulk[index]?.flush();
      index += 1;
      if (index % sliceStep === 0 && index < bulk.length && this.#clock.monotonic() >= end) {
        this.#nextBulk = index;
        this.#schedule();
        return;
      }
    }
    this.#bulk = [];
    this.#nextBulk = 0;
  }
}

function areSame(left: readonly Bytes[], right: readonly Bytes[]): boolean {
  return left.length === right.length && left.every((chunk, index) => chunk === right[index]);
}
