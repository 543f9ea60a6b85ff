/** What a handshake tells about whose connection it is, for dialects whose clients carry no credential of ours. */
import type { IncomingMessage } from "node:http";
import type { HandshakeFacts } from "@parlance/core";
import type { OriginCheck } from "./origin.ts";

/** A cookie of this name carries a session's or another token, where an application's own page set it. */
const sessionCookie = "parlance_session";
/** Of the transport, not of the person. */
const left: ReadonlySet<string> = new Set(["connection", "upgrade", "sec-websocket-key"]);

/**
 * Reads them from an upgrade request.
 *
 * Security: browsers send cookies along whatever page asks. Without the look at the Origin any page that somebody
 * visits could speak with that person's login (CSWSH); so cookies count for listed Origins only, and for none where the
 * page was opened from disk.
 *
 * @param address The peer's, after trusted proxies.
 */
export function handshakeFacts(
  request: IncomingMessage,
  address: string,
  dialect: string,
  origins: OriginCheck,
): HandshakeFacts {
  const takesCookies = origins.lists(request.headers.origin);
  const headers: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [name, value] of Object.entries(request.headers)) {
    if (value === undefined || left.has(name)) continue;
    if (name === "cookie" && !takesCookies) continue;
    headers[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  const bearer = /^Bearer +([\x21-\x7e]+) *$/i.exec(request.headers.authorization ?? "")?.[1];
  const token = bearer ?? cookieOf(headers["cookie"], sessionCookie);
  return {
    headers,
    url: request.url ?? "/",
    address,
    dialect,
    ...(token === undefined ? {} : { token }),
  };
}

function cookieOf(header: string | undefined, name: string): string | undefined {
  for (const pair of header?.split(";") ?? []) {
    const at = pair.indexOf("=");
    if (at > 0 && pair.slice(0, at).trim() === name) {
      const value = pair.slice(at + 1).trim();
      return value === "" ? undefined : value;
    }
  }
  return undefined;
}
