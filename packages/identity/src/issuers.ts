/**
 * Who may vouch for users. The list is fixed at start. Nothing that a token says before its signature is checked
 * chooses more than a row of this list: no URL, path or algorithm comes from it.
 */
import { createSecretKey, type KeyObject } from "node:crypto";
import type { Clock } from "@parlance/core";
import type { JWTVerifyGetKey } from "jose";
import { fetchedKeys, fileKeys } from "./key-set.ts";

/** The `iss` of tokens that the install's own secret signs. It may also be left out. */
export const localIssuer = "parlance";

/** One configured issuer. */
export interface IssuerOptions {
  /** Compared with `iss`, exactly. */
  readonly issuer: string;
  /** Compared with `aud`. */
  readonly audience?: string;
  /** Put before `sub`, so that two issuers' users cannot be mistaken for each other. */
  readonly userPrefix?: string;
  /** Signature algorithms accepted; by the kind of key if absent. */
  readonly algorithms?: readonly string[];
  readonly keys:
    | { readonly secret: string }
    /** Fetched when first needed, again after 10 minutes, and for an unknown `kid` at most once in 30 s. */
    | { readonly jwksUrl: string }
    /** Read when first needed, again after 10 minutes, and for an unknown `kid` at most once in 30 s. */
    | { readonly jwksFile: string };
}

/** An issuer ready to verify with. Several entries of `keys` are tried in order (a secret being changed). */
export interface Issuer {
  readonly issuer: string;
  readonly isLocal: boolean;
  readonly audience: string | undefined;
  readonly userPrefix: string;
  readonly algorithms: string[];
  readonly keys: readonly (KeyObject | JWTVerifyGetKey)[];
}

/** For public keys. `none` and the HMAC family are not among them: a public key must never serve as a secret. */
const asymmetric: readonly string[] = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
];

/**
 * @param secrets The install's own: the first signs and verifies, the others only verify.
 * @throws Error if an issuer is named twice, or asks for an algorithm that its kind of key must not have.
 */
export function createIssuers(
  secrets: readonly string[],
  configured: readonly IssuerOptions[],
  clock: Clock,
): ReadonlyMap<string | undefined, Issuer> {
  const local: Issuer = {
    issuer: localIssuer,
    isLocal: true,
    audience: undefined,
    userPrefix: "",
    algorithms: ["HS256"],
    keys: secrets.map(secretKey),
  };
  const issuers = new Map<string | undefined, Issuer>([
    [localIssuer, local],
    [undefined, local],
  ]);
  for (const options of configured) {
    if (issuers.has(options.issuer)) throw new Error(`issuer ${options.issuer} is named twice`);
    issuers.set(options.issuer, foreignIssuer(options, clock));
  }
  return issuers;
}

function foreignIssuer(options: IssuerOptions, clock: Clock): Issuer {
  const possible = "secret" in options.keys ? ["HS256", "HS384", "HS512"] : asymmetric;
  const algorithms = options.algorithms ?? ("secret" in options.keys ? ["HS256"] : asymmetric);
  for (const algorithm of algorithms) {
    if (!possible.includes(algorithm)) {
      throw new Error(`issuer ${options.issuer} must not use ${algorithm} with that kind of key`);
    }
  }
  return {
    issuer: options.issuer,
    isLocal: false,
    audience: options.audience,
    userPrefix: options.userPrefix ?? "",
    algorithms: [...algorithms],
    keys: [issuerKey(options, clock)],
  };
}

function issuerKey(options: IssuerOptions, clock: Clock): KeyObject | JWTVerifyGetKey {
  const { keys } = options;
  if ("secret" in keys) return secretKey(keys.secret);
  if ("jwksUrl" in keys) return fetchedKeys(keys.jwksUrl, clock);
  return fileKeys(keys.jwksFile, clock);
}

function secretKey(secret: string): KeyObject {
  return createSecretKey(Buffer.from(secret, "utf8"));
}
