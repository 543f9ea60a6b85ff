/** What is searched for, and what it means that a message has it: the definition that every engine's index has to agree with. */
import { textTerms } from "./terms.ts";

/** Terms that must follow each other. */
export interface Clause {
  /** In their order; at least one. */
  readonly terms: readonly string[];
  /** Whether the last one may be the beginning of a longer one. */
  readonly isPrefix: boolean;
}

/** The clause of some words; undefined where there is nothing in them to search for. */
export function clauseOf(text: string, isPrefix = false): Clause | undefined {
  const terms = textTerms(text);
  return terms.length === 0 ? undefined : { terms, isPrefix };
}

/** What the terms of a message that has a clause contain, when a blank is put before and behind them. */
export function clausePattern({ terms, isPrefix }: Clause): string {
  return ` ${terms.join(" ")}${isPrefix ? "" : " "}`;
}

/** Whether a message has a clause. @param terms As `messageTerms` made them. */
export function hasClause(terms: string, clause: Clause): boolean {
  return ` ${terms} `.includes(clausePattern(clause));
}
