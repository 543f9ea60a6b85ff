/** Bounds of JSON that applications put into messages: it is stored, hashed and sent on, never understood. */
import type { Json } from "./canonical.ts";
import { limits } from "./limits.ts";

/** A JSON object. */
export type JsonObject = { readonly [key: string]: Json };

/** True for text that every engine stores byte-exact: well-formed Unicode without U+0000 (PostgreSQL). */
export function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes("\u0000");
}

/**
 * True for what JSON can say and every engine stores: finite numbers, storable texts and names, nothing else, nested at
 * most `limits.jsonDepth` deep. Its own recursion ends at that depth.
 */
export function isPlainJson(value: unknown, depth: number = limits.jsonDepth): value is Json {
  switch (typeof value) {
    case "boolean":
      return true;
    case "number":
      return Number.isFinite(value);
    case "string":
      return isStorable(value);
    case "object":
      break;
    default:
      return false;
  }
  if (value === null) return true;
  if (depth === 0) return false;
  if (Array.isArray(value)) return value.every((member) => isPlainJson(member, depth - 1));
  return Object.entries(value).every(
    ([name, member]) => isStorable(name) && isPlainJson(member, depth - 1),
  );
}

/** How many bytes a text takes in UTF-8. A lone surrogate counts as the replacement that would be written for it. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) continue;
    // Of a pair each half counts two: four bytes together.
    const isPair = (text.codePointAt(at) ?? 0) > 0xff_ff;
    bytes += unit < 0x8_00 ? 1 : 2;
    if (!isPair) continue;
    at += 1;
  }
  return bytes;
}

/** UTF-8 bytes of a value as compact JSON. */
export function jsonLength(value: Json): number {
  return utf8Length(JSON.stringify(value));
}
