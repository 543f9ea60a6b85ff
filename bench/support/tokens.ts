import { createHmac } from "node:crypto";

/** Signs with HS256 what a chat server of this bench accepts. */
export function signToken(claims: Readonly<Record<string, unknown>>, secret: string): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${part({ alg: "HS256", typ: "JWT" })}.${part(claims)}`;
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}

/** Tokens of users `u0`, `u1` … of a Parlance server, good for a day. */
export function userTokens(count: number, secret: string): string[] {
  const exp = Math.floor(Date.now() / 1_000) + 86_400;
  return Array.from({ length: count }, (_, index) => signToken({ sub: `u${index}`, exp }, secret));
}
