/** A poll as it is being written. */

import type { ScheduledMessage } from "@parlance/client";
import { fieldTime } from "@parlance/react";
import { useState } from "react";

/** As it is sent. */
export type PollWish = NonNullable<ScheduledMessage["poll"]>;

/** One field for a choice; the id stays with it as others come and go. */
export interface Choice {
  readonly id: number;
  readonly text: string;
}

/** What stands in the fields. */
export interface PollDraft {
  readonly question: string;
  readonly choices: readonly Choice[];
  readonly isSeveral: boolean;
  readonly isAnonymous: boolean;
  /** As a field for day and time has it; empty: without end. */
  readonly until: string;
}

/** @param wish What was asked before; absent: a new one. */
export function usePoll(
  question = "",
  wish?: PollWish,
): { readonly draft: PollDraft; change(change: Partial<PollDraft>): void } {
  const [draft, setDraft] = useState<PollDraft>(() => ({
    question,
    choices: (wish?.options ?? ["", ""]).map((text, id) => ({ id, text })),
    isSeveral: wish?.several === true,
    isAnonymous: wish?.anonymous === true,
    until: wish?.closes_at === undefined ? "" : fieldTime(new Date(wish.closes_at)),
  }));
  return { draft, change: (change) => setDraft({ ...draft, ...change }) };
}

/** Whether there is a question and something to choose from. */
export function canAsk({ question, choices }: PollDraft): boolean {
  const texts = textsOf(choices);
  return question.trim() !== "" && texts.length >= 2 && new Set(texts).size === texts.length;
}

/** As it is sent; the key of a text where something is wrong. @param at When it is asked. */
export function wishOf(draft: PollDraft, at: Date): PollWish | "pollTwo" | "pollOverBefore" {
  if (!canAsk(draft)) return "pollTwo";
  const ends = draft.until === "" ? undefined : new Date(draft.until);
  if (ends !== undefined && !(ends > at)) return "pollOverBefore";
  return {
    options: textsOf(draft.choices),
    ...(draft.isSeveral ? { several: true } : {}),
    ...(draft.isAnonymous ? { anonymous: true } : {}),
    ...(ends === undefined ? {} : { closes_at: ends.toISOString() }),
  };
}

function textsOf(choices: readonly Choice[]): readonly string[] {
  return choices.map(({ text }) => text.trim()).filter((text) => text !== "");
}
