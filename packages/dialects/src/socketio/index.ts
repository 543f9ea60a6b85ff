/**
 * Socket.IO for chats: the stock clients of versions 3 and 4 walk in. The library does its protocol; who comes, what may
 * be done and who hears of it is the node's, as for every other wire.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { Server } from "socket.io";
import { Bridge, type BridgePorts } from "./bridge.ts";
import { Door, type DoorPorts, type DoorRefusal } from "./door.ts";
import { Engine, type EngineConnection, type EngineTimes } from "./engine.ts";
import { Line } from "./line.ts";
import { Rounds } from "./rounds.ts";
import { Strays } from "./strays.ts";

export type { Server as SocketIoServer } from "socket.io";
export { type DoorRefusal, socketIoPath } from "./door.ts";

/** What the dialect works with. */
export interface SocketIoOptions
  extends Omit<BridgePorts, "factsOf" | "lineOf">,
    DoorPorts,
    EngineTimes {
  /** For a client to say which namespace it wants. */
  readonly signInTimeoutMs: number;
}

/** The dialect over its library. */
export interface SocketIo {
  /** The library's own server, for namespaces of an application. The default one is taken. */
  readonly io: Server;
  /** One request of `socketIoPath`, its body unread. */
  request(request: IncomingMessage, response: ServerResponse): void;
  /** One upgrade of `socketIoPath` that was found good. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): DoorRefusal | undefined;
  /** Ends what is left, namespaces of applications included. */
  close(): Promise<void>;
}

/** Makes it. Nothing listens: requests and upgrades are handed in. */
export function createSocketIo(options: SocketIoOptions): SocketIo {
  const engine = new Engine(options);
  const strays = new Strays();
  const io = new Server({
    parser: strays.parser,
    serveClient: false,
    connectTimeout: options.signInTimeoutMs,
    cleanupEmptyChildNamespaces: true,
  });
  const lines = new WeakMap<EngineConnection, Line>();
  const rounds = new Rounds(options.clock);
  const lineOf = (conn: EngineConnection): Line => {
    const line = lines.get(conn) ?? new Line(conn, options.clock, rounds);
    lines.set(conn, line);
    return line;
  };
  // Before the library hears of the connection, so that nothing of it is missed.
  engine.on("connection", lineOf);
  strays.watch(engine);
  io.bind(engine);
  strays.follow(io);
  const door = new Door(engine, options);
  const bridge = new Bridge({
    ...options,
    factsOf: (request) => options.examine(request).facts,
    lineOf,
  });
  bridge.attach(io);
  return {
    io,
    request: (request, response) => door.request(request, response),
    upgrade: (request, socket, head) => door.upgrade(request, socket, head),
    async close() {
      io.disconnectSockets(true);
      await io.close();
      door.close();
    },
  };
}
