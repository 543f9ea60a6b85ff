/** JSON Canonicalization Scheme (RFC 8785), for what is hashed. */

/** A JSON value. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json };

/**
 * The canonical text of a JSON value: members sorted by UTF-16 code units, no blanks, numbers and strings
 * as ECMAScript writes them (RFC 8785 §3.2). Members that are `undefined` are left out.
 *
 * @throws TypeError for a number that JSON cannot express.
 */
export function canonicalize(value: Json): string {
  if (typeof value === "number" && !Number.isFinite(value)) {
    throw new TypeError("not a JSON number");
  }
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (isArray(value)) return `[${value.map(canonicalize).join(",")}]`;
  const members: string[] = [];
  for (const key of Object.keys(value).sort()) {
    const member = value[key];
    if (member !== undefined) members.push(`${JSON.stringify(key)}:${canonicalize(member)}`);
  }
  return `{${members.join(",")}}`;
}

function isArray(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
