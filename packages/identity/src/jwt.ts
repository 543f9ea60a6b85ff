import { fields, limits, ProtocolError, type UserId } from "@parlance/protocol";
import {
  decodeJwt,
  decodeProtectedHeader,
  type JWTPayload,
  type JWTVerifyOptions,
  errors as jose,
  jwtVerify,
} from "jose";
import type { Issuer } from "./issuers.ts";

/** What a token said, once it was verified. */
export interface Claims {
  readonly issuer: string;
  readonly user: UserId;
  /** Absent where the token has no usable name. */
  readonly name: string | undefined;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  /** The token's own id (`jti`). */
  readonly tokenId: string | undefined;
  /** The user as a number, where the token says so: its `user_id` is one, or its `sub` against the RFC. */
  readonly number: number | undefined;
  /** The token is good once, under this id. */
  readonly useOnce: string | undefined;
  /** Of service tokens; absent for users. */
  readonly scopes: readonly string[] | undefined;
}

/**
 * Verifies a JWT.
 *
 * @throws ProtocolError `token_expired` if only that is wrong, `unavailable` if an issuer's keys cannot be had
 *   now, `unauthenticated` for everything else, with nothing said about the cause.
 */
export async function verifyJwt(
  token: string,
  issuers: ReadonlyMap<string | undefined, Issuer>,
  now: number,
): Promise<Claims> {
  const issuer = chooseIssuer(token, issuers);
  if (issuer === undefined) throw new ProtocolError("unauthenticated");
  const options: JWTVerifyOptions = {
    algorithms: issuer.algorithms,
    currentDate: new Date(now),
    requiredClaims: ["exp", "sub"],
    // The choice above rests on the same claim; checked here so that the choice can never be the only check.
    ...(issuer.isLocal ? {} : { issuer: issuer.issuer }),
    ...(issuer.audience === undefined ? {} : { audience: issuer.audience }),
  };
  return toClaims(await verifyWithAny(token, issuer, options), issuer, issuers);
}

async function verifyWithAny(
  token: string,
  issuer: Issuer,
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  for (const key of issuer.keys) {
    try {
      // The overloads of `jwtVerify` do not take the union, though both halves are fine.
      const verified =
        typeof key === "function"
          ? await jwtVerify(token, key, options)
          : await jwtVerify(token, key, options);
      return verified.payload;
    } catch (error) {
      if (error instanceof jose.JWSSignatureVerificationFailed) continue;
      if (error instanceof jose.JWTExpired) throw new ProtocolError("token_expired");
      if (error instanceof jose.JOSEError && !isKeyTrouble(error)) break;
      throw new ProtocolError("unavailable", undefined, { cause: error });
    }
  }
  throw new ProtocolError("unauthenticated");
}

/** The issuer's key document could not be had or read: not the token's fault. */
function isKeyTrouble(error: jose.JOSEError): boolean {
  return error instanceof jose.JWKSInvalid;
}

/** Reads, without believing them, the two places that decide where to look. */
function chooseIssuer(
  token: string,
  issuers: ReadonlyMap<string | undefined, Issuer>,
): Issuer | undefined {
  if (token.length > limits.tokenLength) return undefined;
  try {
    const header = decodeProtectedHeader(token);
    // Headers that offer a key of the sender's own choice. They would be ignored; whoever sends one has no
    // business here.
    if (header.jku !== undefined || header.jwk !== undefined || header.x5u !== undefined) {
      return undefined;
    }
    const { iss } = decodeJwt(token);
    if (iss !== undefined && typeof iss !== "string") return undefined;
    return issuers.get(iss);
  } catch {
    return undefined;
  }
}

function toClaims(
  payload: JWTPayload,
  issuer: Issuer,
  issuers: ReadonlyMap<string | undefined, Issuer>,
): Claims {
  const number = numberOf(payload, issuer);
  const user = fields.userId.safeParse(`${issuer.userPrefix}${payload.sub}`);
  if (!user.success || payload.exp === undefined || !mayName(issuer, user.data, issuers)) {
    throw new ProtocolError("unauthenticated");
  }
  const useOnce = payload["single_use"] === true ? payload.jti : undefined;
  if (payload["single_use"] === true && (typeof useOnce !== "string" || useOnce.length > 256)) {
    throw new ProtocolError("unauthenticated");
  }
  const name = fields.displayName.safeParse(payload["name"]);
  const tokenId = fields.clientMessageId.safeParse(payload.jti);
  return {
    tokenId: tokenId.success ? tokenId.data : undefined,
    number,
    issuer: issuer.issuer,
    user: user.data,
    name: name.success ? name.data : undefined,
    expiresAt: payload.exp * 1_000,
    useOnce,
    scopes: user.data.startsWith("service:") ? scopesOf(payload["scope"]) : undefined,
  };
}

/** Pages compare ids with `===`, so an id that was given as a number goes back as one. */
function numberOf(payload: JWTPayload, issuer: Issuer): number | undefined {
  const claimed = payload["user_id"] ?? (payload.sub as unknown);
  if (typeof claimed !== "number" || issuer.userPrefix !== "") return undefined;
  const isId = Number.isSafeInteger(claimed) && claimed >= 0;
  return isId && String(claimed) === String(payload.sub) ? claimed : undefined;
}

/**
 * Whether the issuer may vouch for that user. Without this, an issuer that is trusted for its own people could
 * name a built-in account (`u_…`), a back end (`service:…`), or another issuer's user by its prefix.
 */
function mayName(
  issuer: Issuer,
  user: UserId,
  issuers: ReadonlyMap<string | undefined, Issuer>,
): boolean {
  if (issuer.isLocal) return true;
  if (/^(service:|u_|anonymous:|unverified:)/.test(user)) return false;
  for (const other of issuers.values()) {
    const isMoreSpecific = other.userPrefix.length > issuer.userPrefix.length;
    if (isMoreSpecific && user.startsWith(other.userPrefix)) return false;
  }
  return true;
}

/** RFC 8693 §4.2: names separated by blanks. */
function scopesOf(scope: unknown): readonly string[] {
  return typeof scope === "string" ? scope.split(" ").filter((name) => name !== "") : [];
}
