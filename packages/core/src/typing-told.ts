/**
 * Who writes in one room, as its people on this node were told. Nobody stays typing: whoever falls silent, goes, sends or is put out is
 * taken off by every node for its own people, so that it needs neither the writer's node, which may have died, nor a notice, which may be lost.
 */
import { type TypingEvent, typingExpiryMs, type UserId } from "@parlance/protocol";
import type { Clock, Timer } from "./ports/index.ts";

/** People remembered. Over it the ones who wrote longest ago are taken off. */
const maxPeople = 1_000;

interface Typist {
  readonly name: string;
  readonly number: number | undefined;
  /** Monotonic milliseconds. */
  readonly at: number;
}

export class TypingTold {
  readonly #clock: Clock;
  readonly #tellHere: (event: TypingEvent) => void;
  /** When each was told last, oldest first, of either. */
  readonly #told = new Map<UserId, { readonly at: number; readonly active: boolean }>();
  /** Who is shown as writing, the one who wrote longest ago first. */
  readonly #typists = new Map<UserId, Typist>();
  #room: TypingEvent["room"] | undefined;
  #timer: Timer | undefined;

  /** @param tellHere Tells the people on this node only. */
  constructor(clock: Clock, tellHere: (event: TypingEvent) => void) {
    this.#clock = clock;
    this.#tellHere = tellHere;
  }

  /**
   * Whether a person's typing may be told now; asking counts as telling. The same again waits; a change does not, or
   * others would see somebody type who has stopped. Forgets those who wrote long ago.
   */
  mayTell(user: UserId, active: boolean, intervalMs: number): boolean {
    const now = this.#clock.monotonic();
    const told = this.#told.get(user);
    if (told?.active === active && now - told.at < intervalMs) return false;
    // Re-inserted, so that the oldest are first.
    this.#told.delete(user);
    this.#told.set(user, { at: now, active });
    for (const [other, { at }] of this.#told) {
      if (now - at < intervalMs) break;
      this.#told.delete(other);
    }
    return true;
  }

  /** The people here are being told this, from whichever node it came. */
  heard({ room, user, name, number, active }: TypingEvent): void {
    this.#typists.delete(user);
    if (!active) return;
    this.#room = room;
    this.#typists.set(user, { name, number, at: this.#clock.monotonic() });
    if (this.#typists.size > maxPeople) {
      const [oldest] = this.#typists.keys();
      if (oldest !== undefined) this.ended(oldest);
    }
    this.#arm();
  }

  /** Somebody sent, went or was put out. */
  ended(user: UserId): void {
    const typist = this.#typists.get(user);
    if (typist === undefined || this.#room === undefined) return;
    this.#typists.delete(user);
    // What is told next is a change.
    this.#told.delete(user);
    const { name, number } = typist;
    const numbered = number === undefined ? {} : { number };
    const ended = { type: "typing", room: this.#room, user, ...numbered, name } as const;
    this.#tellHere({ ...ended, active: false });
  }

  /** Whether somebody is shown as writing. */
  has(user: UserId): boolean {
    return this.#typists.has(user);
  }

  close(): void {
    this.#timer?.cancel();
    this.#typists.clear();
  }

  #arm(): void {
    if (this.#timer !== undefined) return;
    const [first] = this.#typists.values();
    if (first === undefined) return;
    const inMs = Math.max(0, first.at + typingExpiryMs - this.#clock.monotonic());
    this.#timer = this.#clock.after(inMs, () => {
      this.#timer = undefined;
      this.#expire();
      this.#arm();
    });
  }

  #expire(): void {
    const now = this.#clock.monotonic();
    for (const [user, { at }] of this.#typists) {
      if (now - at < typingExpiryMs) break;
      this.ended(user);
    }
  }
}
