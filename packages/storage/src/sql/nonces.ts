import { randomFillSync } from "node:crypto";
import { nonceBytes } from "@parlance/core/chain";

/** Nonces, each used once. Random bytes are asked for in larger pieces: one system call for 256 nonces. */
export function nonceSource(): () => Uint8Array {
  let pool = new Uint8Array(0);
  let used = 0;
  return () => {
    if (used === pool.length) {
      pool = randomFillSync(new Uint8Array(nonceBytes * 256));
      used = 0;
    }
    used += nonceBytes;
    return pool.subarray(used - nonceBytes, used);
  };
}
