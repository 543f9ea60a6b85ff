/**
 * When a receiver is tried again: a room after its own failures, and the whole receiver where nobody is there to judge what was sent.
 * A receiver that fails in more rooms than are remembered is left alone as a whole, too; which room is forgotten then does not matter,
 * since every room with news is found again in the database.
 */
import type { Clock, Ids, Timer } from "@parlance/core";
import type { RoomId } from "@parlance/protocol";
import { backOffMs } from "./back-off.ts";

/** Rooms of one receiver whose failures are remembered, each with a timer. */
export const maxFailingRooms = 1_000;

/** A room, or `""` for the queue of what is in no log. */
export type Place = RoomId | "";

interface Failing {
  /** In a row. */
  failures: number;
  /** Of the next try; undefined while it is under way, or waits for its turn. */
  timer: Timer | undefined;
}

export interface PacePorts {
  readonly clock: Clock;
  readonly ids: Pick<Ids, "random">;
  /** A place's next try is due. */
  readonly onPlace: (place: Place) => void;
  /** The receiver may be tried again. */
  readonly onReceiver: () => void;
}

export class Pace {
  readonly #ports: PacePorts;
  /** The one whose first failure was longest ago comes first. */
  readonly #failing = new Map<Place, Failing>();
  /** Times in a row that nobody was there at all, or too many rooms failed. */
  #away = 0;
  #awayUntil = Number.NEGATIVE_INFINITY;
  #awayTimer: Timer | undefined;
  #isClosed = false;

  constructor(ports: PacePorts) {
    this.#ports = ports;
  }

  /** How many places are remembered: `maxFailingRooms` at most. */
  get failingCount(): number {
    return this.#failing.size;
  }

  /** Its next try is later. */
  isLater(place: Place): boolean {
    return this.#failing.get(place)?.timer !== undefined;
  }

  /** Something of it was not taken: one at a time, so that what is refused is told apart from what is not. */
  isFailing(place: Place): boolean {
    return this.#failing.has(place);
  }

  /** The receiver did not judge what it was sent last. */
  get isAway(): boolean {
    return this.#away > 0;
  }

  /** Whether the receiver is to be left alone for now; `onReceiver` is called when that is over. */
  isPaused(): boolean {
    const { clock, onReceiver } = this.#ports;
    const waitMs = this.#awayUntil - clock.monotonic();
    if (waitMs <= 0 || this.#isClosed) return this.#isClosed;
    this.#awayTimer ??= clock.after(waitMs, () => {
      this.#awayTimer = undefined;
      onReceiver();
    });
    return true;
  }

  /** A place's step failed; it is tried again after `atLeastMs`, and later with each failure. */
  failed(place: Place, atLeastMs = 0): void {
    if (this.#isClosed) return;
    const { clock, ids, onPlace } = this.#ports;
    const failing = this.#failing.get(place) ?? this.#remember(place);
    failing.failures += 1;
    failing.timer?.cancel();
    const waitMs = Math.max(atLeastMs, backOffMs(failing.failures, ids.random));
    failing.timer = clock.after(waitMs, () => {
      failing.timer = undefined;
      onPlace(place);
    });
  }

  /** There is nothing to make good in a place: its next failure is the first. */
  over(place: Place): void {
    this.#failing.get(place)?.timer?.cancel();
    this.#failing.delete(place);
  }

  /** Nobody was there; all are left alone for `atLeastMs`, and longer each time. */
  away(atLeastMs = 0): void {
    const { clock, ids } = this.#ports;
    const now = clock.monotonic();
    // Those that were under way together count as one.
    if (now >= this.#awayUntil) this.#away += 1;
    this.#awayUntil = now + Math.max(atLeastMs, backOffMs(this.#away, ids.random));
  }

  /** Somebody was there. */
  here(): void {
    this.#away = 0;
    this.#awayUntil = Number.NEGATIVE_INFINITY;
  }

  /** Nothing is called from now on. */
  close(): void {
    this.#isClosed = true;
    for (const { timer } of this.#failing.values()) timer?.cancel();
    this.#failing.clear();
    this.#awayTimer?.cancel();
  }

  #remember(place: Place): Failing {
    const [oldest] = this.#failing.keys();
    if (this.#failing.size >= maxFailingRooms && oldest !== undefined) {
      this.over(oldest);
      this.away();
    }
    const failing: Failing = { failures: 0, timer: undefined };
    this.#failing.set(place, failing);
    return failing;
  }
}
