import { createHash } from "node:crypto";
import { canonicalize } from "@parlance/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalEnvelope, chainStart, createChain, toHex } from "./chain.ts";

const text = fc.string({ unit: "binary" });

test("the envelope written out by hand is what canonicalize makes of it", () => {
  fc.assert(
    fc.property(
      text,
      text,
      text,
      fc.option(text, { nil: undefined }),
      fc.nat(),
      (room, id, author, key, n) => {
        const envelope = {
          room,
          sequence: n,
          id,
          type: "message.created",
          author,
          time: new Date(n).toISOString(),
          ...(key === undefined ? {} : { client_message_id: key }),
        };
        const commitment = Uint8Array.from({ length: 32 }, (_, index) => index * 8);
        const whole = canonicalize({ ...envelope, commitment: toHex(commitment) });
        expect(canonicalEnvelope(envelope, commitment)).toBe(whole);
      },
    ),
  );
});

test("each step hashes what it is defined to hash", () => {
  const sha256 = (prefix: Uint8Array, rest: string): Uint8Array =>
    createHash("sha256").update(prefix).update(rest).digest();
  const chain = createChain(sha256);
  const nonce = new Uint8Array(16).fill(7);
  const commitment = chain.commitment(nonce, '{"text":"é"}');
  expect(toHex(commitment)).toBe(
    createHash("sha256")
      .update(Buffer.concat([nonce, Buffer.from('{"text":"é"}')]))
      .digest("hex"),
  );
  const envelope = { room: "r", sequence: 1, id: "e", type: "t", author: "a", time: "z" };
  const expected = createHash("sha256")
    .update(Buffer.alloc(32))
    .update(canonicalEnvelope(envelope, commitment))
    .digest("hex");
  expect(toHex(chain.next(chainStart(), envelope, commitment))).toBe(expected);
});
