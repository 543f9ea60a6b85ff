/** Addresses in a text. Only http and https become links; everything else stays text (RELIABILITY X2). */

/** A piece of a message: text, or an address that may be followed. */
export type Piece =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "link"; readonly text: string; readonly href: string };

/* One pass, no nested repetition: linear in the length of the text. */
const candidate = /\bhttps?:\/\/[^\s<>"`]+/giu;
const trailing = new Set(Array.from("?!.,;:'*_~…。，"));

/** Cuts a text into pieces; joined again they are the text. */
export function findLinks(text: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(candidate)) {
    const address = withoutTrailing(match[0]);
    const href = hrefOf(address);
    if (href === undefined) continue;
    if (match.index > end) pieces.push({ kind: "text", text: text.slice(end, match.index) });
    pieces.push({ kind: "link", text: address, href });
    end = match.index + address.length;
  }
  if (end < text.length || pieces.length === 0)
    pieces.push({ kind: "text", text: text.slice(end) });
  return pieces;
}

/** Punctuation at the end belongs to the sentence, and so does a bracket that was opened before the address. */
function withoutTrailing(address: string): string {
  let length = address.length;
  let open = 0;
  for (const character of address) {
    if (character === "(") open += 1;
    if (character === ")") open -= 1;
  }
  while (length > 0) {
    const last = address.charAt(length - 1);
    if (last === ")" && open < 0) open += 1;
    else if (!trailing.has(last)) break;
    length -= 1;
  }
  return address.slice(0, length);
}

/**
 * An address that may be followed, as the browser reads it; undefined for every other one. Tabs and line breaks in a
 * scheme, which a browser takes out, are taken out here too before it is judged.
 */
export function hrefOf(address: string): string | undefined {
  const url = URL.parse(address);
  if (url === null || url.username !== "" || url.password !== "") return undefined;
  if (url.protocol === "mailto:") return url.href;
  const isWeb = url.protocol === "http:" || url.protocol === "https:";
  return isWeb && url.hostname !== "" ? url.href : undefined;
}
