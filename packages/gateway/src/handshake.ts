/**
 * The WebSocket handshake, read strictly before `ws` sees it (RFC 6455 §4.2.1). `ws` on Node lets through a
 * version of `0xD`, HTTP/1.0, no `Host` and two `Host`s; whatever two readers of one request may read
 * differently is refused here.
 */
import type { IncomingMessage } from "node:http";
import type { Endpoint, EndpointTable, Route } from "./endpoints.ts";
import { chooseRoute } from "./endpoints.ts";
import type { OriginCheck } from "./origin.ts";
import type { Refusal } from "./refuse.ts";

/** Header fields of one request; browsers send about 20. */
export const maxHeaders = 100;

/** Either how to refuse, or where the handshake leads. */
export type Handshake =
  | { readonly ok: false; readonly refusal: Refusal }
  | { readonly ok: true; readonly route: Route };

/** What a handshake is checked against. */
export interface HandshakeRules {
  readonly endpoints: EndpointTable;
  readonly origins: OriginCheck;
}

/** Fields of which more than one would mean two different handshakes in one. */
const singular: ReadonlySet<string> = new Set([
  "host",
  "origin",
  "upgrade",
  "sec-websocket-key",
  "sec-websocket-version",
]);
/** 16 bytes in base64 (RFC 6455 §4.1, 7). */
const keyPattern = /^[+/0-9A-Za-z]{22}==$/;
/** RFC 9110 §5.6.2. */
const tokenPattern = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Reads the handshake of one upgrade request that came in on the listener of `port`. */
export function readHandshake(
  request: IncomingMessage,
  port: number,
  rules: HandshakeRules,
): Handshake {
  const malformed = checkRequest(request);
  if (malformed !== undefined) return { ok: false, refusal: malformed };
  const rows = rules.endpoints(port, pathOf(request));
  if (rows.length === 0) return no(404, "There is nothing here.");
  const refusal = checkWebSocket(request);
  if (refusal !== undefined) return { ok: false, refusal };
  const handshake = routeTo(request, rows);
  if (handshake.ok && !mayConnect(request, handshake.route.endpoint, rules.origins)) {
    return no(403, "Pages of that origin may not connect.");
  }
  return handshake;
}

function mayConnect(request: IncomingMessage, endpoint: Endpoint, origins: OriginCheck): boolean {
  const { origin } = request.headers;
  const { localAddress } = request.socket;
  if (origin === "null")
    return endpoint.takesNullOrigin === true && origins.allowsNull(localAddress);
  return origins.allows(origin, localAddress);
}

function checkRequest(request: IncomingMessage): Refusal | undefined {
  const { headers, rawHeaders, url = "" } = request;
  if (rawHeaders.length > 2 * maxHeaders) return refusal(431, "Too many header fields.");
  if (request.httpVersion !== "1.1") return refusal(400, "HTTP/1.1 is needed.");
  if (request.method !== "GET") return refusal(405, "Only GET is known here.", { Allow: "GET" });
  if (repeatsSingular(rawHeaders)) return refusal(400, "A header field is repeated.");
  if (!headers.host) return refusal(400, "There is no Host.");
  /* A body would be read as frames by one reader and as a body by another. */
  const length = headers["content-length"];
  if (headers["transfer-encoding"] !== undefined || (length !== undefined && length !== "0")) {
    return refusal(400, "A handshake has no body.");
  }
  if (!url.startsWith("/")) return refusal(400, "The target is not a path.");
  return undefined;
}

function checkWebSocket({ headers }: IncomingMessage): Refusal | undefined {
  if (headers.upgrade?.toLowerCase() !== "websocket") {
    return refusal(400, "Only WebSocket is known here.");
  }
  if (headers["sec-websocket-version"] !== "13") {
    return refusal(426, "Version 13 is needed.", {
      Upgrade: "websocket",
      "Sec-WebSocket-Version": "13",
    });
  }
  const key = headers["sec-websocket-key"];
  if (key === undefined || !keyPattern.test(key)) return refusal(400, "The key is not 16 bytes.");
  return undefined;
}

function repeatsSingular(rawHeaders: readonly string[]): boolean {
  const seen = new Set<string>();
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]?.toLowerCase() ?? "";
    if (!singular.has(name)) continue;
    if (seen.has(name)) return true;
    seen.add(name);
  }
  return false;
}

function pathOf({ url = "" }: IncomingMessage): string {
  const query = url.indexOf("?");
  return query === -1 ? url : url.slice(0, query);
}

function routeTo(request: IncomingMessage, rows: readonly Endpoint[]): Handshake {
  const offered = offeredProtocols(request.headers["sec-websocket-protocol"]);
  if (offered === undefined) return no(400, "The sub-protocols are not a list of names.");
  const route = chooseRoute(rows, offered);
  return route === undefined ? no(400, "No such sub-protocol here.") : { ok: true, route };
}

/** Undefined if the field is not a list of different tokens. */
function offeredProtocols(field: string | undefined): readonly string[] | undefined {
  if (field === undefined) return [];
  const names = field.split(",").map((name) => name.trim());
  const isList =
    names.every((name) => tokenPattern.test(name)) && new Set(names).size === names.length;
  return isList ? names : undefined;
}

function refusal(
  status: number,
  text: string,
  headers?: Readonly<Record<string, string>>,
): Refusal {
  return headers === undefined ? { status, text } : { status, text, headers };
}

function no(status: number, text: string): Handshake {
  return { ok: false, refusal: refusal(status, text) };
}
