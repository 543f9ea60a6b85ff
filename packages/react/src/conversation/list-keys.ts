/** Keys in the list of messages, and the focus of its rows. */
import { activeIn } from "../ui/focus.ts";
import type { MessageAction, MessageActionHost } from "./actions.ts";

/** The row that an arrow key, Home or End leads to in a list of `length` rows; undefined for other keys, and where there are no rows. */
export function keyTarget(key: string, from: number, length: number): number | undefined {
  if (length === 0) return undefined;
  switch (key) {
    case "ArrowUp":
      return Math.max(0, from - 1);
    case "ArrowDown":
      return Math.min(length - 1, from + 1);
    case "Home":
      return 0;
    case "End":
      return length - 1;
    default:
      return undefined;
  }
}

/** What a key does with the message that has focus, if anything can be done with it. */
export function actionOfKey(
  key: string,
  actions: readonly MessageAction[],
  host: MessageActionHost,
): MessageAction | undefined {
  const pressed = key.length === 1 ? key.toLowerCase() : key;
  return actions.find((action) => action.key === pressed && action.isFor(host));
}

/** The key of the row that an element belongs to. */
export function keyOf(target: EventTarget): string | undefined {
  if (!(target instanceof Element)) return undefined;
  return target.closest<HTMLElement>("[data-row]")?.dataset["row"];
}

/** Whether keys are letters of a text there. */
export function isWriting(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("input, textarea, select") !== null;
}

/** Frames within which a row that was scrolled to is in the page, with room to spare. */
const mountFrames = 30;

/** Focuses a row. One that has to be put into the page first is waited for; keys go to the list meanwhile. */
export function focusKey(scroller: HTMLElement | null, key: string, frames = mountFrames): void {
  const row = scroller?.querySelector<HTMLElement>(`[data-row="${CSS.escape(key)}"]`);
  // While it is a field, the field has the focus.
  if (row !== null && row !== undefined && row.querySelector("textarea") === null) {
    row.focus({ preventScroll: true });
    // One that is not measured yet is hidden, and takes no focus.
    if (activeIn(row) === row) return;
  }
  if (scroller === null || frames === 0) return;
  if (frames === mountFrames) scroller.focus({ preventScroll: true });
  requestAnimationFrame(() => focusKey(scroller, key, frames - 1));
}
