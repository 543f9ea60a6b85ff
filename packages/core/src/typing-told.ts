/**
 * Who writes in one room, as its people on this node were told. Nobody stays typing: whoever falls silent, goes, sends or is put out is
 * taken off by every node for its own people, so that it needs neither the writer's node, which may have died, nor a notice, which may be lost.
 */
import { type EventId, type TypingEvent, typingExpiryMs, type UserId } from "@parlance/protocol";
import type { Clock, Timer } from "./ports/index.ts";

/** People remembered. Over it the ones who wrote longest ago are taken off. */
const maxPeople = 1_000;

/** Where somebody writes: in a thread, by its root, or in the room itself. */
export type TypingPlace = EventId | undefined;

interface Told {
  /** Monotonic milliseconds. */
  readonly at: number;
  readonly active: boolean;
  readonly thread: TypingPlace;
}

interface Typist {
  readonly name: string;
  readonly number: number | undefined;
  readonly thread: TypingPlace;
  /** Monotonic milliseconds. */
  readonly at: number;
}

interface Waiting {
  readonly thread: TypingPlace;
  readonly timer: Timer;
}

export class TypingTold {
  readonly #clock: Clock;
  readonly #tellHere: (event: TypingEvent) => void;
  /** When each was told last, oldest first, of either. */
  readonly #told = new Map<UserId, Told>();
  /** Who went on in another place too soon to be told there. */
  readonly #waiting = new Map<UserId, Waiting>();
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
   * Whether a person's typing may be told now; asking counts as telling. The same again waits; a change in one place does not, or
   * others would see somebody type who has stopped. Another place waits too: there may be many. Forgets those who wrote long ago.
   *
   * @param whenDue Tells it, when the newest place that waited has its turn and is still written in.
   */
  mayTell(
    user: UserId,
    typed: Pick<TypingEvent, "active" | "thread">,
    intervalMs: number,
    whenDue: () => void,
  ): boolean {
    const { active, thread } = typed;
    const now = this.#clock.monotonic();
    const told = this.#told.get(user);
    // Going on anywhere is instead of what waited; ending concerns its own place only.
    if (active || this.#waiting.get(user)?.thread === thread) this.#forgetWaiting(user);
    const isChange = told?.thread === thread && told?.active !== active;
    if (told !== undefined && !isChange && now - told.at < intervalMs) {
      if (active && told.thread !== thread) {
        const timer = this.#clock.after(told.at + intervalMs - now, () => {
          this.#waiting.delete(user);
          if (this.mayTell(user, typed, intervalMs, whenDue)) whenDue();
        });
        this.#waiting.set(user, { thread, timer });
      }
      return false;
    }
    // Re-inserted, so that the oldest are first.
    this.#told.delete(user);
    this.#told.set(user, { at: now, active, thread });
    for (const [other, { at }] of this.#told) {
      if (now - at < intervalMs) break;
      this.#told.delete(other);
    }
    return true;
  }

  /** The people here are being told this, from whichever node it came. */
  heard({ room, user, name, number, active, thread }: TypingEvent): void {
    const before = this.#typists.get(user);
    if (before !== undefined && before.thread !== thread) {
      // That somebody is not there any more says nothing of where they are.
      if (!active) return;
      this.#tellEnd(user, before);
    }
    this.#typists.delete(user);
    if (!active) return;
    this.#room = room;
    this.#typists.set(user, { name, number, thread, at: this.#clock.monotonic() });
    if (this.#typists.size > maxPeople) {
      const [oldest] = this.#typists.keys();
      if (oldest !== undefined) this.#end(oldest);
    }
    this.#arm();
  }

  /** Somebody went or was put out. */
  ended(user: UserId): void {
    this.#forgetWaiting(user);
    this.#end(user);
  }

  #end(user: UserId): void {
    const typist = this.#typists.get(user);
    if (typist === undefined) return;
    this.#typists.delete(user);
    // What is told next is a change.
    this.#told.delete(user);
    this.#tellEnd(user, typist);
  }

  /** Somebody sent what they wrote there. */
  sent(user: UserId, thread: TypingPlace): void {
    if (this.#waiting.get(user)?.thread === thread) this.#forgetWaiting(user);
    const typist = this.#typists.get(user);
    if (typist !== undefined && typist.thread === thread) this.#end(user);
  }

  #forgetWaiting(user: UserId): void {
    this.#waiting.get(user)?.timer.cancel();
    this.#waiting.delete(user);
  }

  /** Shown as writing, or about to be. */
  isWriting(user: UserId): boolean {
    return this.#typists.has(user) || this.#waiting.has(user);
  }

  /** Somebody goes: nothing waits any more. @returns what is shown of them; undefined: nothing. */
  goes(user: UserId): Pick<TypingEvent, "thread"> | undefined {
    this.#forgetWaiting(user);
    const typist = this.#typists.get(user);
    if (typist === undefined) return undefined;
    return typist.thread === undefined ? {} : { thread: typist.thread };
  }

  #tellEnd(user: UserId, { name, number, thread }: Typist): void {
    if (this.#room === undefined) return;
    const numbered = number === undefined ? {} : { number };
    const place = thread === undefined ? {} : { thread };
    const ended = { type: "typing", room: this.#room, ...place, user, ...numbered, name } as const;
    this.#tellHere({ ...ended, active: false });
  }

  close(): void {
    this.#timer?.cancel();
    for (const { timer } of this.#waiting.values()) timer.cancel();
    this.#waiting.clear();
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
      this.#end(user);
    }
  }
}
