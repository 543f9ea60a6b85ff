/** A gateway on a real HTTP server, before a node that answers every text with `echo …`, and bytes with themselves. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Clock, Dialect, Inlet, Link, Payload, Peer, Wire } from "@parlance/core";
import type { Gateway, GatewayOptions, HttpTimes } from "../src/index.ts";
import { createGateway, hardenHttpServer, maxHeaderBytes } from "../src/index.ts";
import { RawPeer } from "./raw-peer.ts";

/** What the node saw of one connection. */
export interface SeenConnection extends Inlet {
  readonly link: Link;
  readonly wire: Wire;
  readonly peer: Peer;
  readonly received: Payload[];
  /** How often `drained` was called. */
  drains: number;
  /** Answered probes, newest last. */
  readonly confirmedMarks: number[];
  closedWith: number | undefined;
}

export interface EchoServer {
  readonly port: number;
  readonly gateway: Gateway;
  /** Newest last. */
  readonly connections: SeenConnection[];
  readonly reports: { event: string; fields: Readonly<Record<string, unknown>> }[];
  newest(): SeenConnection;
  /** The bystander, open since the start, and a fresh connection are both served. */
  expectUnharmed(): Promise<void>;
  close(): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
  afterTurn: (run) => void setImmediate(run),
};

/** Says what it is asked to; the gateway never looks into texts. */
export function textDialect(name: string): Dialect {
  return {
    name,
    begin: () => {
      throw new Error("not asked here");
    },
    encodeEvent: (event) => JSON.stringify(event),
  };
}

export async function startEchoServer(
  options: Partial<GatewayOptions> & { readonly times?: HttpTimes } = {},
): Promise<EchoServer> {
  const connections: SeenConnection[] = [];
  const reports: EchoServer["reports"] = [];
  const report = (_level: string, event: string, fields: Readonly<Record<string, unknown>>) => {
    reports.push({ event, fields });
  };
  const server = createServer({ maxHeaderSize: maxHeaderBytes }, (_request, response) => {
    response.writeHead(404).end("no page");
  });
  hardenHttpServer(server, report, options.times);
  const gateway = createGateway({
    node: { connect: (link, wire, peer) => see(connections, link, wire, peer) },
    clock: systemClock,
    report,
    endpoints: [{ path: "/ws", dialect: textDialect("plain") }],
    origins: { allowed: ["https://chat.example"], allowLoopback: false },
    ...options,
  });
  gateway.attach(server, 0);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const bystander = await RawPeer.open(port);
  let texts = 0;
  return {
    port,
    gateway,
    connections,
    reports,
    newest() {
      const newest = connections.at(-1);
      if (newest === undefined) throw new Error("no connection");
      return newest;
    },
    async expectUnharmed() {
      await bystander.echo(`bystander ${++texts}`);
      if (bystander.isClosed || bystander.texts().length !== texts) {
        throw new Error("the bystander noticed something");
      }
      const fresh = await RawPeer.open(port);
      await fresh.echo("fresh");
      fresh.socket.destroy();
    },
    async close() {
      gateway.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function see(seen: SeenConnection[], link: Link, wire: Wire, peer: Peer): Inlet {
  const connection: SeenConnection = {
    send: () => {},
    end: () => {},
    heard: () => {},
    connectionId: String(seen.length),
    identity: undefined,
    perform: (_task, answer) => answer.done({}),
    keepPlaces: () => Promise.resolve(new Map()),
    confirmed(mark) {
      connection.confirmedMarks.push(mark);
    },
    confirmedMarks: [],
    link,
    wire,
    peer,
    received: [],
    drains: 0,
    closedWith: undefined,
    receive(payload) {
      connection.received.push(payload);
      link.write(wire.frame(typeof payload === "string" ? `echo ${payload}` : payload));
    },
    drained() {
      connection.drains++;
    },
    closed(code) {
      connection.closedWith = code;
    },
  };
  seen.push(connection);
  return connection;
}
