/** When each person's typing in one room was told last, so that it is not told at every key. */
import type { UserId } from "@parlance/protocol";
import type { Clock } from "./ports/index.ts";

export class TypingTold {
  readonly #clock: Clock;
  /** Oldest first. */
  readonly #told = new Map<UserId, { readonly at: number; readonly active: boolean }>();

  constructor(clock: Clock) {
    this.#clock = clock;
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
}
