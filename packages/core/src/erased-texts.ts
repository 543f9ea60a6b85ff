/**
 * What was erased lately in one room, so that nothing shows it again: a page of the log that was read just before, or an
 * announcement that comes late.
 */
import type { EventFrame, EventId, Sequence } from "@parlance/protocol";

/** Remembered of each. A page or announcement that is older than so many erasures is older than seconds. */
const maxRemembered = 10_000;

export class ErasedTexts {
  readonly #sequences = new Set<Sequence>();
  readonly #messages = new Set<EventId>();

  /** By the control log: these events have no payload any more. */
  addSequences(sequences: readonly Sequence[]): void {
    for (const sequence of sequences) remember(this.#sequences, sequence);
  }

  /** By the room's own log: this message and its edits. */
  addMessage(id: EventId): void {
    remember(this.#messages, id);
  }

  /** Whether a frame has a payload that is gone: it is to be read from the log again. */
  has(frame: EventFrame): boolean {
    if ("erased" in frame) return false;
    if (this.#sequences.has(frame.sequence) || this.#messages.has(frame.id)) return true;
    const isVersion = frame.type === "message.edited" || frame.type === "message.closed";
    return isVersion && this.#messages.has(frame.data.message_id);
  }
}

function remember<T>(set: Set<T>, item: T): void {
  set.add(item);
  if (set.size <= maxRemembered) return;
  for (const oldest of set) {
    set.delete(oldest);
    return;
  }
}
