/** What the reader keeps on all devices: saved messages, drafts, messages that are sent later. Pure. */
import type { Draft, ScheduledMessage } from "@parlance/client";
import type { PendingChange } from "./model.ts";

/** Undefined: not known yet. */
export interface Kept {
  /** Ids of saved messages. */
  readonly saved: ReadonlySet<string> | undefined;
  /** Those with a text, the newest first. */
  readonly drafts: readonly Draft[] | undefined;
  /** Those that wait or could not be sent, the next first. */
  readonly scheduled: readonly ScheduledMessage[] | undefined;
}

/** Of somebody who has just signed in. */
export const nothingKept: Kept = { saved: undefined, drafts: undefined, scheduled: undefined };

/** A message is saved now, or is not any more. */
export function savedAfter(
  before: Kept["saved"],
  { message_id: id, saved }: { readonly message_id: string; readonly saved: boolean },
): Kept["saved"] {
  if ((before?.has(id) ?? false) === saved) return before;
  const others = [...(before ?? [])].filter((one) => one !== id);
  return new Set(saved ? [...others, id] : others);
}

/** Ids of what shows as saved: with what the reader has just changed in a room. */
export function shownSaved(
  saved: ReadonlySet<string>,
  changes: readonly PendingChange[],
): ReadonlySet<string> {
  const own = changes.filter((one) => one.kind === "save" && one.state !== "failed");
  if (own.length === 0) return saved;
  const shown = new Set(saved);
  for (const change of own) {
    if (change.kind === "save" && change.on) shown.add(change.message);
    else shown.delete(change.message);
  }
  return shown;
}

/** A draft as it is kept now; without a text it is none. One that was told before changes nothing. */
export function draftsAfter(before: Kept["drafts"], draft: Draft): Kept["drafts"] {
  if (before === undefined) return before;
  const isSame = (one: Draft): boolean => one.room === draft.room && one.thread === draft.thread;
  const known = before.find(isSame);
  if (known !== undefined && known.edited_at > draft.edited_at) return before;
  const others = before.filter((one) => !isSame(one));
  if (draft.text === "") return known === undefined ? before : others;
  return [draft, ...others].toSorted((a, b) => (a.edited_at < b.edited_at ? 1 : -1));
}

/** A scheduled message as it is now; sent or taken back, it is none any more. */
export function scheduledAfter(
  before: Kept["scheduled"],
  message: ScheduledMessage,
): Kept["scheduled"] {
  if (before === undefined) return before;
  const others = before.filter((one) => one.client_message_id !== message.client_message_id);
  if (message.state === "sent" || message.state === "cancelled") return others;
  return [...others, message].toSorted((a, b) => (a.at < b.at ? -1 : 1));
}
