/**
 * Tokens that a back end makes for its users: JWTs (RFC 7519) signed with HS256 and the secret that it shares
 * with the server. Made with nothing but Node, so that they can be made in any back end.
 */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

/** What a token is signed with, and what else it says. */
export interface TokenOptions {
  /** The server's secret, as its configuration has it. */
  readonly secret: string;
  /** Shown to others. Absent: the server shows the id. */
  readonly name?: string;
  /** The server takes the token once; the page then cannot return with it after a lost connection. */
  readonly singleUse?: boolean;
}

/** What a valid token says. */
export interface TokenClaims {
  readonly sub: string;
  /** The user's id with the type that it was given with: pages compare it with `!==`. Absent in foreign tokens. */
  readonly user_id?: number | string;
  /** Seconds since 1970. */
  readonly exp: number;
  /** Seconds since 1970. Absent in foreign tokens. */
  readonly iat?: number;
  /** Random; no two tokens share it. */
  readonly jti: string;
  readonly name?: string;
  readonly single_use?: true;
}

/** Bytes of randomness in `jti`, as in a UUID. */
const nonceBytes = 16;
/** The longest user id that the server takes. */
const maxUserIdLength = 128;
const header = encode({ alg: "HS256", typ: "JWT" });

/**
 * Makes a token for one user.
 *
 * @param userId Number (a safe integer) or text of 1-128 characters. The token keeps which of the two it was.
 * @param ttlSeconds Whole seconds from now until it expires, above 0.
 * @throws TypeError for an id, lifetime or secret that no server would take.
 */
export function generateToken(
  userId: number | string,
  ttlSeconds = 3_600,
  options: TokenOptions,
): string {
  const isUsable =
    typeof userId === "number"
      ? Number.isSafeInteger(userId)
      : userId !== "" && userId.length <= maxUserIdLength;
  if (!isUsable) throw new TypeError("the user's id is a whole number or a text, not empty");
  if (!Number.isSafeInteger(ttlSeconds) || ttlSeconds <= 0) {
    throw new TypeError("the lifetime is a whole number of seconds above 0");
  }
  const issuedAt = seconds();
  const signed = `${header}.${encode({
    sub: String(userId),
    user_id: userId,
    iat: issuedAt,
    exp: issuedAt + ttlSeconds,
    jti: randomBytes(nonceBytes).toString("hex"),
    ...(options.name === undefined ? {} : { name: options.name }),
    ...(options.singleUse === true ? { single_use: true } : {}),
  })}`;
  return `${signed}.${signatureOf(signed, options.secret).toString("base64url")}`;
}

/**
 * Whether a token is genuine and has not expired.
 *
 * @returns what it says; undefined for every other text, with no word about the cause.
 */
export function validateToken(
  token: string,
  options: { readonly secret: string },
): TokenClaims | undefined {
  const [head, body, signature, ...rest] = token.split(".");
  if (head === undefined || body === undefined || signature === undefined || rest.length > 0) {
    return undefined;
  }
  // The algorithm is ours to choose. A token that names another one, `none` above all, is none of ours.
  const { alg, crit } = decode(head);
  if (alg !== "HS256" || crit !== undefined) return undefined;
  const expected = signatureOf(`${head}.${body}`, options.secret);
  const given = Buffer.from(signature, "base64url");
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
  const claims = decode(body);
  const now = seconds();
  const isInForce =
    typeof claims["exp"] === "number" &&
    claims["exp"] > now &&
    (claims["nbf"] === undefined || (typeof claims["nbf"] === "number" && claims["nbf"] <= now));
  const isWhole = typeof claims["sub"] === "string" && typeof claims["jti"] === "string";
  return isInForce && isWhole ? (claims as unknown as TokenClaims) : undefined;
}

function signatureOf(text: string, secret: string): Buffer {
  // An empty key signs too, and everybody knows it.
  if (secret === "") throw new TypeError("the secret is empty");
  return createHmac("sha256", secret).update(text).digest();
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value), "utf8").toString("base64url");
}

/** An object, empty where the text is none. */
function decode(part: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function seconds(): number {
  return Math.floor(Date.now() / 1_000);
}
