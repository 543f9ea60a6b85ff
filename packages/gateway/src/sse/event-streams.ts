/** Streams of events as answers to plain HTTP requests: the counterpart of `gateway.ts` for `EventSource` and `curl`. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type {
  Bytes,
  Clock,
  Dialect,
  Node,
  Report,
  Stream,
  StreamDialect,
  Wire,
} from "@parlance/core";
import { errorRow, ProtocolError } from "@parlance/protocol";
import type { Admission, NotAdmitted } from "../admission.ts";
import { type PeerAddress, peerAddress } from "../peer-address.ts";
import { Wheel } from "../wheel.ts";
import { answerError, answerPreflight, setHeaders } from "./answer.ts";
import { StreamLink, type StreamOwner } from "./stream-link.ts";

/** Clients whose stream broke off come back after a random time from `min` to `min + spread`. Milliseconds. */
const retry = { min: 1_000, spread: 2_000 } as const;

export interface EventStreamsOptions {
  readonly node: Pick<Node, "connect">;
  readonly dialect: StreamDialect;
  readonly clock: Clock;
  readonly report: Report;
  /** Shared with the other transports. */
  readonly admission: Admission;
  /** Origins (scheme, host and port, exactly) whose pages may read streams. Others get no CORS header. */
  readonly origins: readonly string[];
  /** Addresses or networks whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[];
  /** Between two signs of life in one stream. Milliseconds. */
  readonly heartbeatMs: number;
  /** Over how long clients are sent away when the server stops. Milliseconds. */
  readonly drainMs: number;
  /** A number in [0, 1), for jitter. */
  readonly random: () => number;
}

/** Brings streams to a node. */
export interface EventStreams {
  /** Answers a request for a stream. @returns false for any other; nothing was done with it. */
  handle(request: IncomingMessage, response: ServerResponse): boolean;
  /** Ends those that are left at once. New ones are up to `Admission`. */
  close(): void;
  /** Open streams. */
  streamCount(): number;
}

/** @throws TypeError for proxies that make no sense. */
export function createEventStreams(options: EventStreamsOptions): EventStreams {
  return new HttpEventStreams(options);
}

class HttpEventStreams implements EventStreams, StreamOwner {
  readonly clock: Clock;
  readonly #options: EventStreamsOptions;
  readonly #origins: ReadonlySet<string>;
  readonly #addressOf: PeerAddress;
  readonly #wires: ReadonlyMap<Dialect, Wire>;
  readonly #heartbeat: Buffer;
  readonly #wheel: Wheel<StreamLink>;

  constructor(options: EventStreamsOptions) {
    this.#options = options;
    this.clock = options.clock;
    this.#origins = new Set(options.origins);
    this.#addressOf = peerAddress(options.trustedProxies);
    this.#wires = new Map(options.dialect.dialects.map((dialect) => [dialect, wireOf(dialect)]));
    this.#heartbeat = Buffer.from(options.dialect.heartbeat);
    // Nobody is ended for silence here, so any time will do for the verdict.
    this.#wheel = new Wheel(options.clock, { heartbeatMs: options.heartbeatMs, graceMs: 0 });
  }

  handle(request: IncomingMessage, response: ServerResponse): boolean {
    const { url = "" } = request;
    const at = url.indexOf("?");
    const path = at === -1 ? url : url.slice(0, at);
    if (!this.#options.dialect.takes(path)) return false;
    setHeaders(request, response, this.#origins);
    if (answerPreflight(request, response)) return true;
    const address = this.#addressOf(request);
    try {
      checkRequest(request, response);
      const stream = this.#begin(request, path, at === -1 ? "" : url.slice(at + 1));
      const refused = this.#options.admission.admit(address);
      if (refused !== undefined) throw asError(refused);
      this.#open(stream, response, address);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      answerError(response, error);
      this.#reportRefused(address, error);
    }
    return true;
  }

  #begin(request: IncomingMessage, path: string, query: string): Stream {
    const { dialect, drainMs, random } = this.#options;
    const retryMs = retry.min + random() * retry.spread;
    const headers: Record<string, string | undefined> = Object.create(null) as typeof headers;
    for (const [name, value] of Object.entries(request.headers)) {
      headers[name] = Array.isArray(value) ? value.join(", ") : value;
    }
    /* A status ends an `EventSource` for good, so it must not come back while it would still get one. */
    return dialect.begin({ path, query, headers, retryMs, retryAfterDrainMs: drainMs + retryMs });
  }

  #open(stream: Stream, response: ServerResponse, address: string): void {
    const wire = this.#wires.get(stream.dialect);
    if (wire === undefined) throw new Error("a stream of a dialect that was not named");
    const { contentType } = this.#options.dialect;
    const heartbeat = this.#heartbeat;
    const link = new StreamLink({ response, stream, contentType, heartbeat, address }, this);
    link.start(this.#options.node.connect(link, wire, { address, transport: "sse" }));
  }

  streamOpened(link: StreamLink): void {
    link.slot = this.#wheel.add(link);
  }

  streamRefused({ address }: StreamLink, error: ProtocolError): void {
    this.#reportRefused(address, error);
  }

  streamClosed(link: StreamLink): void {
    if (link.slot !== undefined) this.#wheel.remove(link, link.slot);
    this.#options.admission.release(link.address);
  }

  close(): void {
    this.#wheel.stop();
    for (const link of this.#wheel.entries()) link.terminate();
  }

  streamCount(): number {
    return this.#wheel.size;
  }

  /* Never the address that was asked for: it may hold a ticket. */
  #reportRefused(address: string, { code }: ProtocolError): void {
    const { report } = this.#options;
    report("debug", "handshake_refused", { address, status: errorRow(code).http, reason: code });
  }
}

/** All streams with this wire share each encoding. */
function wireOf(dialect: Dialect): Wire {
  return {
    dialect,
    frame: (text): Bytes => Buffer.from(text),
    join(frames): Bytes {
      const [first] = frames;
      return frames.length === 1 && first !== undefined ? first : Buffer.concat(frames);
    },
  };
}

/** @throws ProtocolError for a request that is no plain GET. */
function checkRequest({ method, headers }: IncomingMessage, response: ServerResponse): void {
  if (method !== "GET") {
    response.setHeader("allow", "GET");
    throw new ProtocolError("method_not_allowed");
  }
  const length = headers["content-length"];
  if (headers["transfer-encoding"] !== undefined || (length !== undefined && length !== "0")) {
    /* Its end would be waited for, and the stream ended when it does not come. */
    response.setHeader("connection", "close");
    throw new ProtocolError("bad_request", { field: "body" });
  }
}

function asError({ code, retryAfterSeconds }: NotAdmitted): ProtocolError {
  return new ProtocolError(code, { retry_after_ms: retryAfterSeconds * 1_000 });
}
