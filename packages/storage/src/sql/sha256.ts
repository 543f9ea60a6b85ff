import { hash } from "node:crypto";
import type { Sha256 } from "@parlance/core";

/** SHA-256 by the platform. Keeps one scratch buffer: the bytes to hash are put together there. */
export function createSha256(): Sha256 {
  let scratch = Buffer.allocUnsafeSlow(8_192);
  return (prefix, text) => {
    // A UTF-16 code unit takes at most three bytes of UTF-8.
    const needed = prefix.length + text.length * 3;
    if (scratch.length < needed) scratch = Buffer.allocUnsafeSlow(needed);
    scratch.set(prefix);
    const end = prefix.length + scratch.write(text, prefix.length, "utf8");
    return hash("sha256", scratch.subarray(0, end), "buffer");
  };
}
