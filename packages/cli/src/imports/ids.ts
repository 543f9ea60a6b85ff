/** Ids of what is imported, made from what the source calls it: the same in every run. */
import { createHash } from "node:crypto";

/** The id of a message, by its room and the source's key. */
export function messageIdOf(room: string, key: string): string {
  return keyOf("message", room, key);
}

/** 30 letters and digits: what an event is recognised by when it comes again. */
export function keyOf(...parts: readonly string[]): string {
  const text = JSON.stringify(parts);
  return `i${createHash("sha256").update(text).digest("hex").slice(0, 29)}`;
}
