/** For back ends: tokens for their users, and the script element that their pages print. */
export type { ClientScriptOptions, Features } from "./client-script.ts";
export { getClientScript } from "./client-script.ts";
export type { TokenClaims, TokenOptions } from "./token.ts";
export { generateToken, validateToken } from "./token.ts";
