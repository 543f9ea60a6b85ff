/**
 * The library's HTTP half, and its upgrades: what is checked before the library sees a request, and what is counted.
 * The path is matched by whoever hands requests in; nothing else of a request decides where it goes.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { HandshakeFacts } from "@parlance/core";
import { limits } from "@parlance/protocol";
import type { Engine, EngineConnection } from "./engine.ts";

/** Where clients of the library look for it, with nothing behind but a query. */
export const socketIoPath = "/socket.io/";

/** How a request is refused before it reaches the library. */
export interface DoorRefusal {
  readonly status: number;
  /** One plain sentence, or the JSON of an error of Engine.IO's. */
  readonly text: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Who comes, whether that page may, and whether there is room: the gateway's answers. */
export interface DoorPorts {
  readonly examine: (request: IncomingMessage) => {
    readonly facts: HandshakeFacts;
    readonly isAllowed: boolean;
    readonly isListed: boolean;
  };
  /** Counts one connection more. */
  readonly admit: (
    request: IncomingMessage,
  ) =>
    | { readonly ok: false; readonly refusal: DoorRefusal }
    | { readonly ok: true; readonly release: () => void };
}

/** Codes of the Engine.IO protocol, as its clients know them. */
const errors = {
  transport: { code: 0, message: "Transport unknown" },
  method: { code: 2, message: "Bad handshake method" },
  request: { code: 3, message: "Bad request" },
  forbidden: { code: 4, message: "Forbidden" },
  revision: { code: 5, message: "Unsupported protocol version" },
} as const;
type EngineError = (typeof errors)[keyof typeof errors];

/** For pages that send an `Authorization` header with their polls. */
const preflightSeconds = "600";

export class Door {
  readonly #engine: Engine;
  readonly #ports: DoorPorts;
  /** Counted, and not yet a session. */
  readonly #admitted = new WeakMap<IncomingMessage, () => void>();
  /** Of upgrades; a server does not close before the last of them. */
  readonly #sockets = new Set<Duplex>();

  constructor(engine: Engine, ports: DoorPorts) {
    this.#engine = engine;
    this.#ports = ports;
    engine.on("connection", (conn: EngineConnection) => {
      const release = this.#admitted.get(conn.request);
      this.#admitted.delete(conn.request);
      if (release !== undefined) conn.once("close", release);
    });
  }

  /** One request of the path that is no upgrade. Nobody else may read its body. */
  request(request: IncomingMessage, response: ServerResponse): void {
    const { isAllowed, isListed } = this.#ports.examine(request);
    response.setHeader("X-Content-Type-Options", "nosniff");
    response.setHeader("Cache-Control", "no-store");
    response.setHeader("Vary", "Origin");
    if (!isAllowed) {
      answer(response, 403, errors.forbidden);
      return;
    }
    allowOrigin(request, response, isListed);
    if (request.method === "OPTIONS") {
      answerPreflight(response);
      return;
    }
    const refused = refusedRequest(request);
    if (refused !== undefined) {
      answer(response, refused.status, refused.error);
      return;
    }
    if (queryOf(request).get("sid") === null) {
      const refusal = this.#admit(request, response);
      if (refusal !== undefined) {
        const { status, text: message, headers } = refusal;
        response.writeHead(status, { "Content-Type": "application/json", ...headers });
        response.end(JSON.stringify({ code: errors.forbidden.code, message }));
        return;
      }
    }
    response.once("finish", () => endIfTooLarge(request, response));
    this.#engine.handleRequest(request, response);
  }

  /** One upgrade of the path whose handshake and Origin were found good. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): DoorRefusal | undefined {
    const error = refusedQuery(request);
    if (error !== undefined) return refusalWith(error);
    if (queryOf(request).get("transport") !== "websocket") return refusalWith(errors.transport);
    if (queryOf(request).get("sid") === null) {
      const refusal = this.#admit(request, socket);
      if (refusal !== undefined) return refusal;
    }
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    this.#engine.handleUpgrade(request, socket, head);
    return undefined;
  }

  /** Ends what is left. A peer that reads nothing would not answer a closing handshake either. */
  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #admit(request: IncomingMessage, carrier: Duplex | ServerResponse): DoorRefusal | undefined {
    const admission = this.#ports.admit(request);
    if (!admission.ok) return admission.refusal;
    this.#admitted.set(request, admission.release);
    carrier.once("close", () => {
      // It became no session.
      this.#admitted.get(request)?.();
      this.#admitted.delete(request);
    });
    return undefined;
  }
}

function queryOf({ url = "" }: IncomingMessage): URLSearchParams {
  const start = url.indexOf("?");
  return new URLSearchParams(start === -1 ? "" : url.slice(start));
}

/* Revision 3 is that of Socket.IO 2: its clients have no `auth`, so a token would have to stand in the address. */
function refusedQuery(request: IncomingMessage): EngineError | undefined {
  const query = queryOf(request);
  if (query.get("EIO") !== "4") return errors.revision;
  for (const name of ["EIO", "transport", "sid"]) {
    if (query.getAll(name).length > 1) return errors.request;
  }
  /* Security: JSONP would answer any page's script element, whatever the page's Origin. */
  if (query.has("j")) return errors.transport;
  // An empty one would be a new session to the library, and none to us.
  return query.get("sid") === "" ? errors.request : undefined;
}

function refusalWith(error: EngineError): DoorRefusal {
  const headers = { "Content-Type": "application/json" };
  return { status: 400, text: JSON.stringify(error), headers };
}

function refusedRequest(
  request: IncomingMessage,
): { readonly status: number; readonly error: EngineError } | undefined {
  const { headers, method } = request;
  if (method !== "GET" && method !== "POST") return { status: 405, error: errors.method };
  const error = refusedQuery(request);
  if (error !== undefined) return { status: 400, error };
  if (Number(headers["content-length"] ?? 0) > limits.frameBytes) {
    return { status: 413, error: errors.request };
  }
  return undefined;
}

function allowOrigin(
  { headers: { origin } }: IncomingMessage,
  response: ServerResponse,
  isListed: boolean,
): void {
  if (origin === undefined) return;
  response.setHeader("Access-Control-Allow-Origin", origin);
  if (isListed) response.setHeader("Access-Control-Allow-Credentials", "true");
}

function answerPreflight(response: ServerResponse): void {
  response.writeHead(204, {
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "Authorization, Content-Type",
    "Access-Control-Max-Age": preflightSeconds,
  });
  response.end();
}

/** What is left of the body is not read. */
function answer(response: ServerResponse, status: number, error: EngineError): void {
  response.writeHead(status, { "Content-Type": "application/json", Connection: "close" });
  response.end(JSON.stringify(error));
}

/** How long the rest of a body that is too large is still taken, and thrown away. Milliseconds. */
const lingerMs = 1_000;

/**
 * The library has answered in the middle of a body. The rest is thrown away for a moment: a connection that is cut with
 * bytes unread takes the answer with it (RFC 9112 §9.6).
 */
function endIfTooLarge(request: IncomingMessage, response: ServerResponse): void {
  if (response.statusCode !== 413 || request.complete) return;
  const { socket } = request;
  request.resume();
  socket.end();
  const timer = setTimeout(() => socket.destroy(), lingerMs);
  timer.unref();
  socket.once("close", () => clearTimeout(timer));
}
