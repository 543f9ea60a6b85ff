import type { Clock, Timer } from "@parlance/core";

/** What the wheel turns over. */
export interface Beating {
  /** Sends a ping and remembers what has been heard so far. */
  ping(): void;
  /** Ends the peer if it was pinged and nothing was heard since. */
  endIfSilent(): void;
}

/** How long one turn and one verdict take. Milliseconds. */
export interface WheelTimes {
  /** Between two pings of one connection. */
  readonly heartbeatMs: number;
  /** Between a ping and the end of a silent peer. */
  readonly graceMs: number;
}

/** Steps of one turn: pings spread evenly, and a peer's end comes at most 4 % of a turn late. */
const slotCount = 25;

/**
 * One timer for the heartbeats of all connections.
 *
 * It measures in steps that were really made, not in time that has passed: a process that was stopped or
 * kept busy for a minute makes one late step, and nobody is ended for a silence that was our own.
 */
export class Wheel<T extends Beating> {
  readonly #clock: Clock;
  readonly #stepMs: number;
  readonly #graceSteps: number;
  readonly #slots: readonly Set<T>[];
  #step = 0;
  #nextSlot = 0;
  #timer: Timer | undefined;
  #size = 0;

  constructor(clock: Clock, times: WheelTimes) {
    this.#clock = clock;
    this.#stepMs = times.heartbeatMs / slotCount;
    this.#graceSteps = Math.min(slotCount - 1, Math.ceil(times.graceMs / this.#stepMs));
    this.#slots = Array.from({ length: slotCount }, () => new Set<T>());
    this.#arm();
  }

  get size(): number {
    return this.#size;
  }

  /**
   * Slots are filled in turns, so that ten thousand who connect in one second are not all pinged in another.
   *
   * @returns the slot, to be given back to `remove`. The first ping comes within one turn.
   */
  add(entry: T): number {
    const slot = this.#nextSlot;
    this.#nextSlot = (slot + 1) % slotCount;
    this.#slots[slot]?.add(entry);
    this.#size++;
    return slot;
  }

  remove(entry: T, slot: number): void {
    if (this.#slots[slot]?.delete(entry) === true) this.#size--;
  }

  /** Every entry, each once. */
  *entries(): Generator<T> {
    for (const slot of this.#slots) yield* slot;
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #arm(): void {
    this.#timer = this.#clock.after(this.#stepMs, () => this.#turn());
  }

  #turn(): void {
    this.#arm();
    this.#step = (this.#step + 1) % slotCount;
    const judged = this.#slots[(this.#step + slotCount - this.#graceSteps) % slotCount];
    /* After this turn's input: what arrived while the process was busy counts as heard. */
    this.#clock.afterTurn(() => {
      for (const entry of judged ?? []) entry.endIfSilent();
    });
    for (const entry of this.#slots[this.#step] ?? []) entry.ping();
  }
}
