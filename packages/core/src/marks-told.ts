/** The highest read mark of each person that this node told of one room: one that comes late is not told after it. */
import type { Sequence, UserId } from "@parlance/protocol";

/** Of more people the ones who read longest ago are forgotten: theirs may be told too low, once. */
const maxPeople = 10_000;

export class MarksTold {
  /** Who read longest ago first. */
  readonly #told = new Map<UserId, Sequence>();

  /** Whether a mark is to be told; asking counts as telling. The same again is told, to whoever did not hear it. */
  rises(user: UserId, mark: Sequence): boolean {
    const told = this.#told.get(user);
    if (told !== undefined && mark < told) return false;
    // Re-inserted, so that the oldest are first.
    this.#told.delete(user);
    this.#told.set(user, mark);
    if (this.#told.size > maxPeople) {
      for (const oldest of this.#told.keys()) {
        this.#told.delete(oldest);
        break;
      }
    }
    return true;
  }
}
