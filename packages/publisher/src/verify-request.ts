/** Requests that the server sends to the application: whether one is the server's, and of now. */
import { createHmac, timingSafeEqual } from "node:crypto";

/**
 * Whether a request of a hook is genuine: signed with the secret that both know, not changed, and not one of some other time.
 *
 * @param header The field `Parlance-Signature`; whatever else is given is not genuine.
 * @param body As it came, before anything is made of it.
 * @param toleranceSeconds How far the clocks of the two machines may be apart, and how long a request may have taken.
 * @throws TypeError for an empty secret: everybody knows it.
 */
export function verifyRequest(
  secret: string,
  header: string | readonly string[] | undefined,
  body: string | Uint8Array,
  toleranceSeconds = 300,
): boolean {
  if (secret === "") throw new TypeError("the secret is empty");
  const parts = typeof header === "string" ? /^t=(\d{1,12}),v1=([0-9a-f]{64})$/.exec(header) : null;
  if (parts === null) return false;
  const [, time = "", given = ""] = parts;
  const right = createHmac("sha256", secret).update(`${time}.`).update(body).digest();
  // In constant time, and before the clock is looked at.
  if (!timingSafeEqual(Buffer.from(given, "hex"), right)) return false;
  return Math.abs(Date.now() / 1_000 - Number(time)) <= toleranceSeconds;
}
