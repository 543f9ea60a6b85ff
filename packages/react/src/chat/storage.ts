/** What the browser keeps. A browser that keeps nothing (private mode, full) costs comfort, not function. */

/** The part of `Storage` that is used here. */
export type KeyValue = Pick<Storage, "getItem" | "setItem" | "removeItem">;

/** Reads a value; undefined if there is none or storage is refused. */
export function readStored(storage: () => KeyValue, key: string): string | undefined {
  try {
    return storage().getItem(key) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Writes a value, or removes it when undefined. Silent when storage is refused or full. */
export function writeStored(storage: () => KeyValue, key: string, value: string | undefined): void {
  try {
    if (value === undefined) storage().removeItem(key);
    else storage().setItem(key, value);
  } catch {
    // Nothing to do: the value lives on in memory for as long as the page does.
  }
}

/** Kept for this browser. */
export const local = (): KeyValue => localStorage;
/** Kept for this window only. */
export const perWindow = (): KeyValue => sessionStorage;
