/**
 * What is kept of the name and type that somebody gives to a file. Both end up in headers, in other people's download
 * folders and in front of their eyes, so nothing that acts there survives.
 */

/** UTF-8 bytes that common file systems take as one name. */
const maxNameBytes = 255;
/** Kept of an over-long name's end, so that it still opens with the right program. */
const maxExtensionLength = 16;
/** Names that Windows takes for devices, with any extension. */
const deviceName = /^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?$/i;

/**
 * A name that is safe to show and to save as. Total: every text gives one of 1-255 UTF-8 bytes, without separators,
 * controls and direction marks, that begins with no dot.
 */
export function harmlessFileName(given: string): string {
  const last =
    given
      .toWellFormed()
      .split(/[/\\]/)
      .findLast((part) => part.trim() !== "") ?? "";
  const plain = last
    // Drive letters and alternate streams, wildcards, quotes, and what shells and markup act on.
    .replace(/^[A-Za-z]:/, "")
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}]/gu, "")
    .replaceAll(/[<>:"|?*]/g, "_")
    .replace(/^[\s.]+/, "")
    .replace(/[\s.]+$/, "");
  const named = plain === "" ? "file" : plain;
  return shorten(deviceName.test(named) ? `_${named}` : named);
}

function shorten(name: string): string {
  if (utf8Bytes(name) <= maxNameBytes) return name;
  const dot = name.lastIndexOf(".");
  const isExtension = dot > 0 && name.length - dot <= maxExtensionLength;
  const extension = isExtension ? name.slice(dot) : "";
  let kept = "";
  let bytes = utf8Bytes(extension);
  for (const character of isExtension ? name.slice(0, dot) : name) {
    bytes += utf8Bytes(character);
    if (bytes > maxNameBytes) break;
    kept += character;
  }
  return kept.trimEnd() + extension;
}

function utf8Bytes(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x1_0000 ? 3 : 4;
  }
  return bytes;
}

const octets = "application/octet-stream";
const harmless: ReadonlySet<string> = new Set([
  "image/png",
  "image/jpeg",
  "image/gif",
  "image/webp",
  "application/pdf",
  "text/plain",
]);

/* Security: a browser that opens `text/html` or `image/svg+xml` runs what is in it. */
/** The type as given where nothing runs in such a file by itself, else `application/octet-stream`. */
export function harmlessMediaType(given: string | undefined): string {
  const type = given?.toLowerCase() ?? octets;
  return harmless.has(type) || /^(audio|video)\/[a-z0-9][a-z0-9.-]*$/.test(type) ? type : octets;
}
