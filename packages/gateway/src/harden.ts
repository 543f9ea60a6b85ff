import type { Server } from "node:http";
import type { Duplex } from "node:stream";
import type { Report } from "@parlance/core";
import type { Refusal } from "./refuse.ts";
import { refuse } from "./refuse.ts";

/** Bounds of what a peer may do before it has asked for anything. Milliseconds. */
export interface HttpTimes {
  /** For all header fields of one request, so that a handshake byte by byte ends. */
  readonly headersMs: number;
  /** For a whole request with its body. */
  readonly requestMs: number;
}

export const defaultHttpTimes: HttpTimes = { headersMs: 10_000, requestMs: 30_000 };

/** Bytes of one request's header. To be given to `createServer` as `maxHeaderSize`: it is fixed there. */
export const maxHeaderBytes = 16_384;

/**
 * Makes an HTTP server bear what peers send: slow headers, broken requests, and running out of file
 * descriptors. Call it once, after a framework has taken the server and before the server listens: its way
 * of answering broken requests is replaced, since two answers on one socket would be one too many.
 *
 * Failures of the listening socket are reported here and do not end the process; who opens the server still
 * learns of its own failed `listen`.
 */
export function hardenHttpServer(
  server: Server,
  report: Report,
  times: HttpTimes = defaultHttpTimes,
): void {
  server.headersTimeout = times.headersMs;
  server.requestTimeout = times.requestMs;
  /* Node looks for late requests only so often, 30 s unless told. Read when the server begins to listen. */
  Object.assign(server, {
    connectionsCheckingInterval: Math.max(50, Math.min(2_000, times.headersMs / 4)),
  });
  /* All fields are kept: by default those above 2,000 are dropped in silence. 16 KiB bound their number. */
  server.maxHeadersCount = 0;
  server.removeAllListeners("clientError").on("clientError", answerBadRequest);
  server.on("error", (error: NodeJS.ErrnoException) => {
    report("error", "listener_failed", { error_code: error.code, error: error.message });
  });
}

function answerBadRequest(error: NodeJS.ErrnoException, socket: Duplex): void {
  /* The parser reports every further chunk of a broken request; it was answered at the first. */
  if (socket.writableEnded) return;
  if (error.code === "ECONNRESET" || hasBegunAnswer(socket)) {
    socket.destroy(error);
    return;
  }
  refuse(socket, refusalOf(error));
}

/** In the middle of an answer a second one would be read as a part of the first. */
function hasBegunAnswer(socket: Duplex): boolean {
  const { _httpMessage } = socket as Duplex & {
    readonly _httpMessage?: { readonly headersSent?: boolean } | null;
  };
  return _httpMessage?.headersSent === true;
}

function refusalOf(error: NodeJS.ErrnoException & { readonly rawPacket?: Buffer }): Refusal {
  switch (error.code) {
    case "HPE_HEADER_OVERFLOW":
      return isAllTarget(error.rawPacket)
        ? { status: 414, text: "The target is too long." }
        : { status: 431, text: "The header fields are too large." };
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return { status: 408, text: "The request took too long." };
    default:
      return { status: 400, text: "That is not HTTP/1.1." };
  }
}

/** Whether an overflowing header never got past its first line. */
function isAllTarget(packet: Buffer | undefined): boolean {
  if (packet === undefined || packet.includes("\r\n")) return false;
  return /^[A-Z]{3,10} \//.test(packet.toString("latin1", 0, 12));
}
