import { createHmac } from "node:crypto";

/** Field of a request that carries its time and signature. */
export const signatureField = "parlance-signature";

/**
 * The signature of a request: `t=<seconds since 1970>,v1=<HMAC-SHA256 of "<t>.<body>", hexadecimal>`, as hooks have it. The time is
 * part of what is signed, so that a request that was overheard is worth nothing a few minutes later.
 */
export function signRequest(secret: string, seconds: number, body: string): string {
  const mac = createHmac("sha256", secret).update(`${seconds}.${body}`).digest("hex");
  return `t=${seconds},v1=${mac}`;
}
