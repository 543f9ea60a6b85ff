import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

/** Parts of a token of ours: `<prefix>_<id>_<secret>`. */
export interface SecretToken {
  readonly id: string;
  readonly secret: string;
}

/** A secret that cannot be guessed: 256 bits, in characters that need no escaping anywhere. */
export function newSecret(): string {
  return randomBytes(32).toString("base64url");
}

/** An id for a session or key: 80 bits, `0-9a-f`, so that it never contains the separator. */
export function newSecretId(): string {
  return randomBytes(10).toString("hex");
}

/**
 * What is stored of a secret: its SHA-256 in hexadecimal. A slow hash would add nothing, since the secret has
 * 256 random bits.
 */
export function hashSecret(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

/** Compares in time that does not depend on where the hashes differ. */
export function matchesHash(secret: string, hash: string): boolean {
  const given = Buffer.from(hashSecret(secret), "hex");
  const stored = Buffer.from(hash, "hex");
  return given.length === stored.length && timingSafeEqual(given, stored);
}

/** Undefined unless the token begins with `prefix` and has an id and a secret. */
export function splitToken(prefix: "pls" | "plk", token: string): SecretToken | undefined {
  if (!token.startsWith(`${prefix}_`)) return undefined;
  const rest = token.slice(prefix.length + 1);
  const separator = rest.indexOf("_");
  if (separator < 1 || separator > 64 || separator === rest.length - 1) return undefined;
  return { id: rest.slice(0, separator), secret: rest.slice(separator + 1) };
}
