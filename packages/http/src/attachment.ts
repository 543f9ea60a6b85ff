/**
 * `Content-Disposition` for a file to be saved under `name` (RFC 6266 §4): in plain ASCII for old programs, and whole as
 * RFC 8187 writes it.
 *
 * @param name As stored: without controls, quotes and separators.
 */
export function attachment(name: string): string {
  const plain = name.replaceAll(/[^\x20-\x7e]/g, "_").replaceAll(/["\\%;]/g, "_");
  return `attachment; filename="${plain}"; filename*=UTF-8''${extended(name)}`;
}

/** RFC 8187 §3.2.1: what `encodeURIComponent` leaves alone and `attr-char` does not have is written out too. */
function extended(name: string): string {
  return encodeURIComponent(name.toWellFormed()).replaceAll(
    /[!'()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
