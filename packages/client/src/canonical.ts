/** Any JSON value, as parsed. */
export type Json = unknown;

/** The canonical text of a parsed JSON value (RFC 8785), as it is hashed. */
export function canonicalize(value: Json): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalize).join(",")}]`;
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  members.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonicalize(member)}`).join(",")}}`;
}
