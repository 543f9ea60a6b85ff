/** A plain text field on a shared text. Both count in UTF-16 code units, and lines end with `\n` in a field. */
import type * as Y from "yjs";

type Delta = readonly { retain?: number; insert?: unknown; delete?: number }[];

/** What somebody changed: so many units at a place went, and these came. */
export interface Change {
  readonly at: number;
  readonly gone: number;
  readonly come: string;
}

/**
 * What turned one text into another.
 *
 * @param caret Where the caret is after it: among several places that it may have been, the one that ends there.
 */
export function changeBetween(before: string, after: string, caret: number): Change {
  const most = Math.min(before.length, after.length);
  let same = 0;
  while (same < Math.min(most, after.length - caret) && endsAlike(before, after, same)) same += 1;
  let at = 0;
  while (at < most - same && before[at] === after[at]) at += 1;
  // Half of a letter is none.
  if (isInside(before, at) || isInside(after, at)) at -= 1;
  if (isInside(before, before.length - same) || isInside(after, after.length - same)) same -= 1;
  return { at, gone: before.length - same - at, come: after.slice(at, after.length - same) };
}

/** Where a place is after a change of somebody else. */
export function movedBy(place: number, delta: Delta): number {
  let index = 0;
  let moved = place;
  for (const { retain, insert, delete: gone } of delta) {
    if (retain !== undefined) index += retain;
    else if (typeof insert === "string") {
      if (index < moved) moved += insert.length;
      index += insert.length;
    } else if (gone !== undefined && index < moved) moved = Math.max(index, moved - gone);
  }
  return moved;
}

/**
 * Keeps field and text the same until the returned function is called. What others write waits while a letter is being composed.
 *
 * @param origin Of this field's own transactions.
 */
export function bindText(area: HTMLTextAreaElement, text: Y.Text, origin: object): () => void {
  let shown = text.toJSON();
  area.value = shown;
  let isComposing = false;
  let heard: Delta[] = [];

  const show = (start: number, end: number): void => {
    shown = text.toJSON();
    if (area.value === shown) return;
    const { scrollTop, selectionDirection } = area;
    area.value = shown;
    area.setSelectionRange(start, end, selectionDirection);
    area.scrollTop = scrollTop;
  };
  const take = (): void => {
    const { at, gone, come } = changeBetween(shown, area.value, area.selectionEnd);
    const moved = (place: number): number => heard.reduce(movedBy, place);
    const [from, to] = [moved(at), moved(at + gone)];
    const [start, end] = [moved(area.selectionStart), moved(area.selectionEnd)];
    heard = [];
    text.doc?.transact(() => {
      if (to > from) text.delete(from, to - from);
      if (come !== "") text.insert(from, come);
    }, origin);
    show(start, end);
  };
  const typed = (): void => {
    if (!isComposing) take();
  };
  const begins = (): void => {
    isComposing = true;
  };
  const ends = (): void => {
    isComposing = false;
    take();
  };
  const changed = (event: Y.YTextEvent, transaction: Y.Transaction): void => {
    if (transaction.origin === origin) return;
    const delta = event.delta as Delta;
    if (isComposing) heard.push(delta);
    else show(movedBy(area.selectionStart, delta), movedBy(area.selectionEnd, delta));
  };
  area.addEventListener("input", typed);
  area.addEventListener("compositionstart", begins);
  area.addEventListener("compositionend", ends);
  text.observe(changed);
  return () => {
    area.removeEventListener("input", typed);
    area.removeEventListener("compositionstart", begins);
    area.removeEventListener("compositionend", ends);
    text.unobserve(changed);
  };
}

function endsAlike(one: string, other: string, before: number): boolean {
  return one[one.length - 1 - before] === other[other.length - 1 - before];
}

/** Between the two units of one letter. */
function isInside(text: string, place: number): boolean {
  const before = text.charCodeAt(place - 1);
  const after = text.charCodeAt(place);
  return before >= 0xd800 && before < 0xdc00 && after >= 0xdc00 && after < 0xe000;
}
