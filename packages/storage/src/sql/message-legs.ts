import type { MessageQuery } from "@parlance/core";

/** One direction of a page of messages. */
export interface Leg {
  readonly direction: "older" | "newer";
  /** The sequence beyond which it begins. */
  readonly from: number;
  readonly limit: number;
  /** UTF-8 bytes of payload after which it ends. It holds at least one message if there is one. */
  readonly maxBytes: number;
}

/** What is read for a page, older messages first. @param at What `query.at` was found to mean. */
export function legsOf(query: MessageQuery, at?: number): readonly Leg[] {
  const { before = Number.MAX_SAFE_INTEGER, after, around = at, limit } = query;
  const { maxBytes = Number.POSITIVE_INFINITY } = query;
  if (after !== undefined) return [{ direction: "newer", from: after, limit, maxBytes }];
  if (around === undefined) return [{ direction: "older", from: before, limit, maxBytes }];
  const older = Math.floor(limit / 2);
  const half = maxBytes / 2;
  return [
    { direction: "older", from: around, limit: older, maxBytes: half },
    { direction: "newer", from: around - 1, limit: limit - older, maxBytes: half },
  ];
}
