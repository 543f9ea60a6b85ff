import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";

/** How a handshake or a broken request is answered. */
export interface Refusal {
  /** HTTP status. */
  readonly status: number;
  /** One plain sentence, sent as the body. */
  readonly text: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** How long a refused peer may go on sending before the socket is destroyed. Milliseconds. */
const lingerMs = 2_000;

/**
 * Answers on the raw socket and closes it. What the peer still sends is read and thrown away for a moment:
 * closing over unread input resets the connection, and the answer would be lost with it (RFC 9112 §9.6).
 */
export function refuse(socket: Duplex, refusal: Refusal): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const body = `${refusal.text}\n`;
  const headers = {
    Connection: "close",
    "Content-Type": "text/plain; charset=utf-8",
    "Content-Length": String(Buffer.byteLength(body)),
    ...refusal.headers,
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const linger = setTimeout(() => socket.destroy(), lingerMs);
  linger.unref();
  socket.once("close", () => clearTimeout(linger));
  socket.once("end", () => socket.destroy());
  socket.end(
    `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status]}\r\n${lines.join("")}\r\n${body}`,
  );
  socket.resume();
}
