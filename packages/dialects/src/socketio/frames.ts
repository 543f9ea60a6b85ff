/** Reads back what the wire framed, for the library's own transports (polling, and while an upgrade runs). */
import type { Bytes } from "@parlance/core";

/** The texts of a chunk of whole, uncompressed, unmasked text frames, as the wire makes them (RFC 6455 §5.2). */
export function textsOf(chunk: Bytes): string[] {
  const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
  const texts: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const short = (bytes[at + 1] ?? 0) & 0x7f;
    const start = at + (short < 126 ? 2 : short === 126 ? 4 : 10);
    const length =
      short < 126
        ? short
        : short === 126
          ? bytes.readUInt16BE(at + 2)
          : Number(bytes.readBigUInt64BE(at + 2));
    texts.push(bytes.toString("utf8", start, start + length));
    at = start + length;
  }
  return texts;
}
