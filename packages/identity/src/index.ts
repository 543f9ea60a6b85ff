/** Who somebody is: tokens, sessions, keys, passwords. One door: `createIdentity`. */

export type { IdentityOptions, IdentityParts } from "./identity.ts";
export { createIdentity } from "./identity.ts";
export type { IssuerOptions } from "./issuers.ts";
export { localIssuer } from "./issuers.ts";
export type { TokenRequest } from "./sign-token.ts";
export { signToken } from "./sign-token.ts";
export { createSignatures, type SigningKey } from "./signatures.ts";
export {
  type SignedApp,
  type SignedRequest,
  signedWithinSeconds,
  verifySignedRequest,
} from "./signed-request.ts";
