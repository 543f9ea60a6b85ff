/**
 * HTTP requests that a back end signs with its application's secret, as Pusher's server libraries do (auth_version 1.0): an
 * HMAC-SHA256 over method, path and the sorted query, which itself carries the time and the body's MD5.
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { ProtocolError } from "@parlance/protocol";

/** How far a request's time may be from ours, both ways; seconds. */
export const signedWithinSeconds = 600;

/** Whose requests are taken. */
export interface SignedApp {
  readonly key: string;
  readonly secret: string;
}

/** A request as it came, before anything is read of it. */
export interface SignedRequest {
  readonly method: string;
  /** With its query, as in the request line. */
  readonly url: string;
  readonly body: Uint8Array;
}

/**
 * Whether the back end made this request. The MD5 is only a part of what is signed: it binds the body to a signature, and nothing rests
 * on its being hard to collide beyond who has the secret.
 *
 * @param now Milliseconds since 1970.
 * @returns the signature, 64 hexadecimal digits: the same for the very same request only.
 * @throws ProtocolError `unauthenticated`, what is wrong in words.
 */
export function verifySignedRequest(app: SignedApp, request: SignedRequest, now: number): string {
  const { method, url, body } = request;
  const cut = url.indexOf("?");
  const path = cut === -1 ? url : url.slice(0, cut);
  const query = [...new URLSearchParams(cut === -1 ? "" : url.slice(cut + 1))];
  const value = (name: string): string => query.find(([known]) => known === name)?.[1] ?? "";

  if (!isSame(value("auth_key"), app.key)) throw refused("unknown auth_key");
  if (value("auth_version") !== "1.0") throw refused("auth_version must be 1.0");
  const signature = value("auth_signature");
  if (!/^[0-9a-f]{64}$/.test(signature))
    throw refused("auth_signature must be 64 hexadecimal digits");
  const signed = query
    .filter(([name]) => name !== "auth_signature")
    .map(([name, text]) => `${name.toLowerCase()}=${text}`)
    .sort(byName)
    .join("&");
  // Libraries sign the path before it is escaped.
  const isOurs = [path, unescaped(path)].some((said) => {
    const text = `${method}\n${said}\n${signed}`;
    return isSame(signature, createHmac("sha256", app.secret).update(text).digest("hex"));
  });
  if (!isOurs) throw refused("invalid auth_signature");
  const timestamp = value("auth_timestamp");
  const seconds = /^\d{1,12}$/.test(timestamp) ? Number(timestamp) : Number.NaN;
  if (!(Math.abs(now / 1_000 - seconds) <= signedWithinSeconds)) {
    throw refused(`auth_timestamp is not within ${signedWithinSeconds} s of the server's time`);
  }
  const md5 = value("body_md5");
  if (body.byteLength > 0 || md5 !== "") {
    const expected = createHash("md5").update(body).digest("hex");
    if (!isSame(md5.toLowerCase(), expected)) throw refused("invalid body_md5");
  }
  return signature;
}

function refused(words: string): ProtocolError {
  return new ProtocolError("unauthenticated", undefined, { text: `${words}.` });
}

function byName(a: string, b: string): number {
  const [first = "", second = ""] = [a, b].map((pair) => pair.slice(0, pair.indexOf("=")));
  return first < second ? -1 : Number(first > second);
}

function unescaped(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/* In a time that tells nothing of where they differ; of any lengths. */
function isSame(given: string, known: string): boolean {
  const [a, b] = [given, known].map((text) => createHash("sha256").update(text).digest());
  return a !== undefined && b !== undefined && timingSafeEqual(a, b);
}
