/** A request or a WebSocket to the public address, as browsers make them. */
import { randomBytes } from "node:crypto";
import { type ClientRequest, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Duplex } from "node:stream";

export const timeoutMs = 5_000;

export type Upgraded =
  | { readonly socket: Duplex; readonly head: Buffer }
  | { readonly status: number | undefined };

function outcomeOf(request: ClientRequest): Promise<Upgraded> {
  return new Promise((resolve, reject) => {
    request.once("upgrade", (_, socket, head) => {
      socket.on("error", () => {});
      resolve({ socket, head });
    });
    request.once("response", (response) => {
      response.destroy();
      resolve({ status: response.statusCode });
    });
    request.once("error", reject);
  });
}

/** A handshake. @throws what the line says. */
export async function upgrade(url: URL): Promise<Upgraded> {
  const request = requestOf(url, {
    connection: "Upgrade",
    upgrade: "websocket",
    origin: url.origin,
    "sec-websocket-version": "13",
    "sec-websocket-key": randomBytes(16).toString("base64"),
  });
  const outcome = outcomeOf(request);
  request.end();
  return await outcome;
}

/** A text frame (RFC 6455 §5.2; the mask is zero) of at most 65,535 bytes. */
export function maskedText(text: string): Buffer {
  const payload = Buffer.from(text);
  const { length } = payload;
  const size = length < 126 ? [0x80 | length] : [0x80 | 126, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([0x81, ...size, 0, 0, 0, 0]), payload]);
}

/* What the certificate is worth is said by itself; here it is about the way. */
export function requestOf(url: URL, headers: Readonly<Record<string, string>>): ClientRequest {
  const options = { headers, timeout: timeoutMs, agent: false as const };
  const request =
    url.protocol === "https:"
      ? httpsRequest(url, { ...options, rejectUnauthorized: false })
      : httpRequest(url, options);
  request.on("timeout", () => request.destroy(new Error("no answer in time")));
  request.on("error", () => {});
  return request;
}
