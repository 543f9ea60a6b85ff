/** Answers to requests for streams that are not a stream, and the header fields of all. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { errorRow, type ProtocolError } from "@parlance/protocol";

/** Nothing in an answer may be kept, guessed at, or read by a page of another origin. */
const always: Readonly<Record<string, string>> = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
};
/** Beside what needs no leave: what polyfills of `EventSource` send. */
const allowedHeaders = "authorization, cache-control, last-event-id";

/**
 * Sets what all answers have; CORS for listed origins only.
 *
 * @param origins Exactly as browsers send them.
 */
export function setHeaders(
  request: IncomingMessage,
  response: ServerResponse,
  origins: ReadonlySet<string>,
): void {
  for (const [name, value] of Object.entries(always)) response.setHeader(name, value);
  response.setHeader("vary", "Origin");
  const { origin } = request.headers;
  if (origin === undefined || !origins.has(origin)) return;
  response.setHeader("access-control-allow-origin", origin);
  response.setHeader("access-control-expose-headers", "retry-after");
  response.setHeader("cross-origin-resource-policy", "cross-origin");
}

/** Answers a listed origin's question what it may send. @returns false if it is no such question. */
export function answerPreflight(request: IncomingMessage, response: ServerResponse): boolean {
  const isAsked = request.headers["access-control-request-method"] !== undefined;
  const isListed = response.hasHeader("access-control-allow-origin");
  if (request.method !== "OPTIONS" || !isAsked || !isListed) return false;
  response.setHeader("access-control-allow-methods", "GET");
  response.setHeader("access-control-allow-headers", allowedHeaders);
  response.setHeader("access-control-max-age", "600");
  response.writeHead(204).end();
  return true;
}

/** Answers with an error of the table, in the shape of the REST API. */
export function answerError(response: ServerResponse, error: ProtocolError): void {
  const row = errorRow(error.code);
  const retryAfterMs = error.details?.["retry_after_ms"];
  if (typeof retryAfterMs === "number") {
    response.setHeader("retry-after", Math.max(1, Math.ceil(retryAfterMs / 1_000)));
  } else if (row.http === 503) response.setHeader("retry-after", 1);
  if (row.http === 401) response.setHeader("www-authenticate", "Bearer");
  const body = JSON.stringify({ error: error.toWire() });
  response.writeHead(row.http, {
    "content-type": "application/json; charset=utf-8",
    "content-length": Buffer.byteLength(body),
  });
  response.end(body);
}
