import type { EventId } from "@parlance/protocol";

/** Messages that one principal may have open: `limits.openMessages`, which storage threads do not load. */
export const maxOpenMessages = 100;

/** One piece of an open message's text. */
export interface TextColumns {
  readonly message: EventId;
  /** In UTF-16 code units from the message's beginning. */
  readonly beginAt: number;
  readonly text: string;
}

/** What neighbouring pieces, in their order, say from a position on. Does not end between the halves of a pair. */
export function sliceOf(pieces: readonly TextColumns[], from: number, maxLength: number): string {
  const [first] = pieces;
  if (first === undefined) return "";
  const begin = from - first.beginAt;
  const text = pieces.map((piece) => piece.text).join("");
  const slice = text.slice(begin, begin + maxLength);
  return slice.isWellFormed() ? slice : slice.slice(0, -1);
}
