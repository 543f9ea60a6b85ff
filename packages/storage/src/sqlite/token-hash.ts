import { createHash } from "node:crypto";

/** Stands for the issuer of tokens that came from another engine: there they are known by their hash only. */
const byHash = "";

/** What the other engines remember of a one-time token: 32 bytes. */
export function tokenHash(issuer: string, jti: string): Buffer {
  if (issuer === byHash && /^[0-9a-f]{64}$/.test(jti)) return Buffer.from(jti, "hex");
  return createHash("sha256")
    .update(JSON.stringify([issuer, jti]))
    .digest();
}

/** Issuer and id under which a token is remembered that came from another engine. */
export function tokenAsHash(issuer: string, jti: string): readonly [string, string] {
  return hashAsToken(tokenHash(issuer, jti));
}

/** The same, where only the hash is known. */
export function hashAsToken(hash: Uint8Array): readonly [string, string] {
  return [byHash, Buffer.from(hash).toString("hex")];
}
