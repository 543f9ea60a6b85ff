import type { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";
import type { Clock, Dialect, HandshakeFacts, Node, Peer, Report, Wire } from "@parlance/core";
import { errorRow } from "@parlance/protocol";
import { Admission, type AdmissionLimits, type NotAdmitted } from "./admission.ts";
import type { DialectEndpoint, Endpoint } from "./endpoints.ts";
import { endpointTable } from "./endpoints.ts";
import { deflateWire, plainWire } from "./frames.ts";
import type { HandshakeRules } from "./handshake.ts";
import { readHandshake } from "./handshake.ts";
import { handshakeFacts } from "./handshake-facts.ts";
import type { Origins } from "./origin.ts";
import { isLoopback, originCheck } from "./origin.ts";
import type { PeerAddress } from "./peer-address.ts";
import { isForwarded, peerAddress } from "./peer-address.ts";
import type { Refusal } from "./refuse.ts";
import { refuse } from "./refuse.ts";
import type { Accept, Connection, ConnectionOwner, Upgrade } from "./websocket.ts";
import { createAccept } from "./websocket.ts";
import { Wheel } from "./wheel.ts";

/** Numbers that an operator may set. */
export interface GatewayLimits extends AdmissionLimits {
  /** Between two pings of one connection. Milliseconds. */
  readonly heartbeatMs: number;
  /** Between a ping and the end of a silent peer. Milliseconds, below `heartbeatMs`. */
  readonly heartbeatGraceMs: number;
}

/** An office of a thousand people behind one address, with five tabs each, still gets in. */
export const defaultGatewayLimits: GatewayLimits = {
  maxConnections: 50_000,
  maxConnectionsPerAddress: 5_000,
  heartbeatMs: 25_000,
  heartbeatGraceMs: 10_000,
};

export interface GatewayOptions {
  readonly node: Pick<Node, "connect">;
  readonly clock: Clock;
  readonly report: Report;
  readonly endpoints: readonly Endpoint[];
  readonly origins: Origins;
  /** Agrees on permessage-deflate with clients that offer it. Costs CPU and memory; default false. */
  readonly compression?: boolean;
  /** Addresses or networks whose `X-Forwarded-For` is believed. Default: none. */
  readonly trustedProxies?: readonly string[];
  readonly limits?: Partial<GatewayLimits>;
  /** Counts for other transports too. Absent: one of its own, with `limits`. */
  readonly admission?: Admission;
}

/** Brings WebSockets to a node. */
export interface Gateway {
  /**
   * Takes the upgrades of one HTTP server.
   *
   * @param port The configured port that endpoints name, also where the system chose another.
   * @throws Error if somebody listens to its upgrades already: two would both answer one socket.
   */
  attach(server: Server, port: number): void;
  /** From now on handshakes are answered with 503. Open connections are not touched. */
  refuseNew(): void;
  /** Refuses new connections and ends those that are left at once. */
  close(): void;
  /** Open connections. */
  connectionCount(): number;
  /** Counts a connection that the gateway does not carry itself, by the limits of those that it does. */
  admit(request: IncomingMessage): Admitted;
  /** What a request that is no upgrade tells of who comes, and whether its page may. For doors beside WebSocket. */
  examine(request: IncomingMessage, dialect: string): Examined;
}

/** Whether one connection more is let in. */
export type Admitted =
  | { readonly ok: false; readonly refusal: Refusal }
  /** `release` is to be called when it is gone. */
  | { readonly ok: true; readonly release: () => void };

/** Who comes with a request. */
export interface Examined {
  readonly facts: HandshakeFacts;
  /** False for pages of an Origin that may not connect. */
  readonly isAllowed: boolean;
  /** Its Origin is one that the operator has listed. */
  readonly isListed: boolean;
}

/** @throws TypeError for endpoints, origins or proxies that make no sense. */
export function createGateway(options: GatewayOptions): Gateway {
  return new WebSocketGateway(options);
}

class WebSocketGateway implements Gateway, ConnectionOwner {
  readonly #options: GatewayOptions;
  readonly #limits: GatewayLimits;
  readonly #rules: HandshakeRules;
  readonly #accept: Accept;
  readonly #wheel: Wheel<Connection>;
  readonly #admission: Admission;
  readonly #addressOf: PeerAddress;
  readonly #wires: Map<Dialect, { readonly plain: Wire; readonly deflate: Wire }> = new Map();

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#limits = { ...defaultGatewayLimits, ...options.limits };
    this.#rules = {
      endpoints: endpointTable(options.endpoints),
      origins: originCheck(options.origins),
    };
    for (const endpoint of options.endpoints) {
      if ("handler" in endpoint) continue;
      const { dialect } = endpoint;
      this.#wires.set(dialect, { plain: plainWire(dialect), deflate: deflateWire(dialect) });
    }
    this.#accept = createAccept(options.compression ?? false);
    this.#admission = options.admission ?? new Admission(this.#limits);
    this.#addressOf = peerAddress(options.trustedProxies ?? []);
    this.#wheel = new Wheel(options.clock, {
      heartbeatMs: this.#limits.heartbeatMs,
      graceMs: this.#limits.heartbeatGraceMs,
    });
  }

  attach(server: Server, port: number): void {
    if (server.listenerCount("upgrade") > 0) throw new Error("upgrades are listened to already");
    Object.assign(server, { shouldUpgradeCallback: asksForWebSocket });
    server.on("upgrade", (request, socket, head) => {
      this.#upgrade(request, socket as Socket, head, port);
    });
  }

  refuseNew(): void {
    this.#admission.refuseNew();
  }

  close(): void {
    this.#admission.refuseNew();
    this.#wheel.stop();
    for (const connection of this.#wheel.entries()) connection.terminate();
  }

  connectionCount(): number {
    return this.#wheel.size;
  }

  admit(request: IncomingMessage): Admitted {
    const address = this.#addressOf(request);
    const refused = this.#admission.admit(address);
    if (refused !== undefined) return { ok: false, refusal: refusalOf(refused) };
    let isHeld = true;
    const release = (): void => {
      if (isHeld) this.#admission.release(address);
      isHeld = false;
    };
    return { ok: true, release };
  }

  examine(request: IncomingMessage, dialect: string): Examined {
    const { origins } = this.#rules;
    const { origin } = request.headers;
    return {
      facts: handshakeFacts(request, this.#addressOf(request), dialect, origins),
      isAllowed: origins.allows(origin, request.socket.localAddress),
      isListed: origins.lists(origin),
    };
  }

  connectionClosed(connection: Connection): void {
    this.#wheel.remove(connection, connection.slot);
    this.#admission.release(connection.address);
  }

  #upgrade(request: IncomingMessage, socket: Socket, head: Buffer, port: number): void {
    /* Node took its own listener away; a reset from here on would end the process without one. */
    socket.on("error", ignoreError);
    const handshake = readHandshake(request, port, this.#rules);
    const address = this.#addressOf(request);
    if (!handshake.ok) {
      this.#refuse(socket, address, handshake.refusal);
      return;
    }
    const { endpoint, subprotocol } = handshake.route;
    if ("handler" in endpoint) {
      const refusal = endpoint.handler({ request, socket, head });
      if (refusal !== undefined) this.#refuse(socket, address, refusal);
      return;
    }
    const refused = this.#admission.admit(address);
    if (refused !== undefined) {
      this.#refuse(socket, address, refusalOf(refused));
      return;
    }
    const upgrade = { request, socket, head, address };
    const { dialect, frameBytes } = endpoint;
    this.#open(
      {
        ...upgrade,
        ...(subprotocol === undefined ? {} : { subprotocol }),
        ...(dialect.isBinary === true ? { isBinary: true } : {}),
        ...(frameBytes === undefined ? {} : { frameBytes }),
      },
      endpoint,
    );
  }

  #open(upgrade: Upgrade, endpoint: DialectEndpoint): void {
    const connection = this.#accept(upgrade, this);
    if (connection === undefined) {
      this.#admission.release(upgrade.address);
      return;
    }
    connection.slot = this.#wheel.add(connection);
    const wire = this.#wireOf(endpoint.dialect, connection);
    connection.inlet = this.#options.node.connect(
      connection,
      wire,
      this.#peerOf(upgrade, endpoint),
    );
  }

  #peerOf({ address, request }: Upgrade, { dialect, trust }: DialectEndpoint): Peer {
    const url = dialect.readsUrl === true ? { url: request.url ?? "/" } : {};
    const peer = { address, transport: "websocket", ...url } as const;
    if (dialect.readsHandshake !== true) return peer;
    return {
      ...peer,
      handshake: handshakeFacts(request, address, dialect.name, this.#rules.origins),
      isTrustedNetwork:
        trust === "everybody" ||
        (trust === "loopback" && isLoopback(address) && !isForwarded(request)),
    };
  }

  #wireOf(dialect: Dialect, connection: Connection): Wire {
    const wires = this.#wires.get(dialect);
    if (wires === undefined) throw new Error("a route outside the table of endpoints");
    return connection.deflates ? wires.deflate : wires.plain;
  }

  #refuse(socket: Socket, address: string, refusal: Refusal): void {
    this.#options.report("debug", "handshake_refused", {
      address,
      status: refusal.status,
      reason: refusal.text,
    });
    refuse(socket, refusal);
  }
}

/**
 * Some HTTP clients offer another protocol with every request (Java's: `h2c`). They are served as if they had
 * not (RFC 9110 §7.8). Node asks since 24.9; before, such a request is refused with 400.
 */
function asksForWebSocket({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === "websocket";
}

function refusalOf({ code, text, retryAfterSeconds }: NotAdmitted): Refusal {
  const headers = { "Retry-After": String(retryAfterSeconds) };
  return { status: errorRow(code).http, text, headers };
}

/* A failing socket also closes, and the close is acted on. */
function ignoreError(): void {}
