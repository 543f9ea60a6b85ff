import { createSecretKey, randomUUID } from "node:crypto";
import { SignJWT } from "jose";
import { localIssuer } from "./issuers.ts";

/** A token to be signed with the install's secret. */
export interface TokenRequest {
  readonly user: string;
  readonly name?: string;
  /** Seconds from `now`, above 0. */
  readonly ttlSeconds: number;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Good for one sign-in. */
  readonly singleUse?: boolean;
  /** Only for users `service:…`. */
  readonly scopes?: readonly string[];
}

/** A JWT (HS256) for a user, as any back end that knows the secret could make it. */
export function signToken(secret: string, request: TokenRequest): Promise<string> {
  const issuedAt = Math.floor(request.now / 1_000);
  return new SignJWT({
    ...(request.name === undefined ? {} : { name: request.name }),
    ...(request.singleUse === true ? { single_use: true } : {}),
    ...(request.scopes === undefined ? {} : { scope: request.scopes.join(" ") }),
  })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setIssuer(localIssuer)
    .setSubject(request.user)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + request.ttlSeconds)
    .setJti(randomUUID())
    .sign(createSecretKey(Buffer.from(secret, "utf8")));
}
