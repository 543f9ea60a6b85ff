import { createHmac, timingSafeEqual } from "node:crypto";
import type { Signatures } from "@parlance/core";

/** What an application signs with. */
export interface SigningKey {
  /** Public: names the key in front of a signature. */
  readonly key: string;
  readonly secret: string;
}

/** Signatures are `key:` and the HMAC-SHA256 of the text in lower-case hexadecimal, as Pusher's protocol has them. */
export function createSignatures({ key, secret }: SigningKey): Signatures {
  const prefix = `${key}:`;
  return {
    verify({ text, signature }) {
      if (!signature.startsWith(prefix)) return false;
      const given = Buffer.from(signature.slice(prefix.length), "latin1");
      const right = Buffer.from(createHmac("sha256", secret).update(text).digest("hex"), "latin1");
      return given.length === right.length && timingSafeEqual(given, right);
    },
  };
}
