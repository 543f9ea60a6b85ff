/** What the parts of the checker have in common. */
import type { Entry, History, Row } from "./history.ts";

/** Reports a broken rule. */
export type Fail = (invariant: string, text: string) => void;

/** The rows by what they are asked for. */
export interface Log {
  readonly byPlace: ReadonlyMap<string, Row>;
  /** By room, author and client message id. */
  readonly bySend: ReadonlyMap<string, Row>;
  readonly heads: ReadonlyMap<string, number>;
}

/** A key of a map from several parts, none of which contains a NUL. */
export function key(...parts: readonly (string | number)[]): string {
  return parts.join("\u0000");
}

/** All entries of one kind. */
export function entriesOf<K extends Entry["kind"]>(
  history: History,
  kind: K,
): Extract<Entry, { kind: K }>[] {
  return history.entries.filter(
    (entry): entry is Extract<Entry, { kind: K }> => entry.kind === kind,
  );
}
