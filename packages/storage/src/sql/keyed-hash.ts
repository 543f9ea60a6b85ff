import { hash } from "node:crypto";
import type { Sha256 } from "@parlance/core";

/** HMAC's block size for SHA-256 (RFC 2104 §2). */
const blockBytes = 64;

/**
 * HMAC-SHA-256 of texts under one key (RFC 2104). Written out over one-shot hashing: `createHmac` sets up its
 * key anew at every call, which costs more than everything else that an append does in JavaScript.
 *
 * @param key At most 64 bytes.
 */
export function createKeyedHash(key: Uint8Array, sha256: Sha256): (text: string) => Uint8Array {
  const inner = padded(key, 0x36);
  const outer = Buffer.concat([padded(key, 0x5c), Buffer.alloc(32)]);
  return (text) => {
    outer.set(sha256(inner, text), blockBytes);
    return hash("sha256", outer, "buffer");
  };
}

function padded(key: Uint8Array, pad: number): Uint8Array {
  if (key.length > blockBytes) throw new RangeError("the key is longer than a block");
  return Uint8Array.from({ length: blockBytes }, (_, index) => (key[index] ?? 0) ^ pad);
}
