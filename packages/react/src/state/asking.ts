/** What only the reader sees, and what the reader chose in polls. Pure. */
import type { OnlyYou } from "@parlance/client";

/** Something that only the reader sees; one that this page says has no author. */
export type Note = Pick<OnlyYou, "id" | "room" | "text" | "time" | "author_name">;

/** Kept for this visit only. */
export interface Asking {
  /** The newest last. */
  readonly notes: readonly Note[];
  /** What the reader chose, by message, as the server told last. */
  readonly votes: Readonly<Record<string, readonly number[]>>;
}

/** Notes that are kept; over it the oldest goes. */
const maxNotes = 50;

export const nothingAsked: Asking = { notes: [], votes: {} };

export function withNote(asking: Asking, note: Note): Asking {
  return { ...asking, notes: [...asking.notes, note].slice(-maxNotes) };
}

export function withoutNote(asking: Asking, id: string): Asking {
  return { ...asking, notes: asking.notes.filter((note) => note.id !== id) };
}

export function withVote(asking: Asking, message: string, choices: readonly number[]): Asking {
  return { ...asking, votes: { ...asking.votes, [message]: choices } };
}
