/** From bytes that somebody left at a door to a publication. */
import { readPublication } from "@parlance/core";
import { limits, ProtocolError, type Publication } from "@parlance/protocol";

/** Longest publication, in bytes: its text with every character escaped, its data, its targets. */
export const maxPublicationBytes = 262_144;

/**
 * Translates what is not our publication but the one of a system whose back ends come here.
 *
 * @returns undefined for a value that it does not know.
 */
export type ForeignReader = (value: Readonly<Record<string, unknown>>) => unknown;

/**
 * Total over any bytes.
 *
 * @param foreign Asked in order, before the value is taken for a publication of ours.
 * @throws ProtocolError `too_large`, or `bad_request` with `field` where one is at fault.
 */
export function readBytes(bytes: Buffer, foreign: readonly ForeignReader[] = []): Publication {
  if (bytes.length > maxPublicationBytes) {
    throw new ProtocolError("too_large", { limit: maxPublicationBytes });
  }
  const value = objectOf(bytes);
  for (const read of foreign) {
    const translated = read(value);
    if (translated !== undefined) return readPublication(translated);
  }
  return readPublication(value);
}

function objectOf(bytes: Buffer): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new ProtocolError("bad_request", { rule: "not JSON in UTF-8" });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new ProtocolError("bad_request", { rule: "not a JSON object" });
  }
  if (!nestsAtMost(value, limits.jsonDepth)) {
    throw new ProtocolError("bad_request", { rule: `nested deeper than ${limits.jsonDepth}` });
  }
  return value as Readonly<Record<string, unknown>>;
}

/** Its own recursion ends at `depth`. */
function nestsAtMost(value: object, depth: number): boolean {
  if (depth === 0) return false;
  for (const member of Array.isArray(value) ? value : Object.values(value)) {
    if (typeof member === "object" && member !== null && !nestsAtMost(member, depth - 1)) {
      return false;
    }
  }
  return true;
}
