import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { createKeyedHash } from "./keyed-hash.ts";
import { createSha256 } from "./sha256.ts";

test("the keyed hash is HMAC-SHA-256 for texts of any length and script", () => {
  const key = Uint8Array.from({ length: 32 }, (_, index) => index * 7);
  const keyedHash = createKeyedHash(key, createSha256());
  for (const text of ["", "a", "語🦊".repeat(5_000), "x".repeat(9_000), "short again"]) {
    const expected = createHmac("sha256", key).update(text).digest("hex");
    expect(Buffer.from(keyedHash(text)).toString("hex")).toBe(expected);
  }
});
