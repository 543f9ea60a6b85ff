/**
 * From the library's sockets of the default namespace to connections of the node. Who comes is found out in the
 * namespace's middleware, and everything is subscribed there too; so a client that is connected misses nothing, and
 * what it is told about having been recovered is true.
 */
import type { IncomingMessage } from "node:http";
import type {
  Clock,
  Dialect,
  HandshakeFacts,
  Inlet,
  Node,
  Report,
  Translator,
  Wire,
} from "@parlance/core";
import {
  type CommandId,
  fields,
  type Position,
  ProtocolError,
  type RoomId,
  type UserId,
} from "@parlance/protocol";
import type { Server, Socket } from "socket.io";
import { actionOf } from "./actions.ts";
import { encodeEvent } from "./encode.ts";
import type { EngineConnection } from "./engine.ts";
import { type Brought, broughtBy, deviceOf, factsWith, refusalOf } from "./handshake.ts";
import { KeptSessions, placesOf } from "./kept-sessions.ts";
import type { Line } from "./line.ts";
import { SocketLink } from "./link.ts";
import { type Acknowledge, SocketSession } from "./session.ts";
import { Statuses } from "./statuses.ts";

const noId: CommandId = 0;
/** How a peer that left on purpose and one whose line was cut are told to the node. */
const closeCodes = { left: 1000, lost: 1006 } as const;
/** Why a client does not come back to go on: it said goodbye, or was told to stay away. */
const finalReasons: ReadonlySet<string> = new Set([
  "client namespace disconnect",
  "server namespace disconnect",
]);

/** What the bridge works with. */
export interface BridgePorts {
  readonly node: Pick<Node, "connect">;
  readonly clock: Clock;
  readonly report: Report;
  /** The plain WebSocket wire of a dialect. */
  readonly wireOf: (dialect: Dialect) => Wire;
  readonly factsOf: (request: IncomingMessage) => HandshakeFacts;
  readonly lineOf: (conn: EngineConnection) => Line;
  /** 16-40 characters of `A-Za-z0-9_-` that nobody can guess: a client that names them goes on where it was. */
  readonly newSessionName: () => string;
}

/** A socket of the library with its connection of the node. */
interface Bridged {
  readonly link: SocketLink;
  readonly inlet: Inlet;
  readonly session: SocketSession;
  /** Under which it is remembered. */
  name: string;
  isConnected: boolean;
}

export class Bridge {
  readonly #ports: BridgePorts;
  readonly #wire: Wire;
  readonly #statuses = new Statuses();
  readonly #kept: KeptSessions;
  readonly #bridged = new WeakMap<Socket, Bridged>();
  /** By the name under which each is remembered. */
  readonly #live = new Map<string, Socket>();
  /** Engine connections whose default namespace is taken, or about to be. */
  readonly #taken = new WeakSet<object>();
  /** Of the connection that `connect` makes; it is synchronous. */
  #beginning: Translator | undefined;

  constructor(ports: BridgePorts) {
    this.#ports = ports;
    this.#kept = new KeptSessions(ports.clock);
    const dialect: Dialect = {
      name: "socketio",
      readsHandshake: true,
      begin: () => {
        if (this.#beginning === undefined) throw new Error("a connection from elsewhere");
        return this.#beginning;
      },
      encodeEvent,
    };
    this.#wire = ports.wireOf(dialect);
  }

  /** Takes over the default namespace. */
  attach(io: Server): void {
    io.use((socket, next) => {
      this.#admit(socket).then(
        () => next(),
        (error: unknown) => refuse(socket, error, next),
      );
    });
    io.on("connection", (socket) => this.#connected(socket));
  }

  /* Security: a client may ask for the namespace a thousand times before the first answer; each would be a connection
   * beyond every limit. */
  async #admit(socket: Socket): Promise<void> {
    const conn = socket.conn as object;
    if (this.#taken.has(conn)) throw new ProtocolError("conflict", { field: "nsp" });
    this.#taken.add(conn);
    const bridged = this.#begin(socket);
    try {
      await this.#enter(socket, bridged, broughtBy(socket));
    } catch (error) {
      this.#end(socket, closeCodes.lost);
      throw this.#expected(error);
    }
    if (bridged.link.isClosed) throw new ProtocolError("unavailable", { retry_after_ms: 1_000 });
  }

  #expected(error: unknown): unknown {
    if (error instanceof ProtocolError) return error;
    this.#ports.report("error", "socketio_handshake_failed", { error });
    return new ProtocolError("internal");
  }

  #begin(socket: Socket): Bridged {
    const { clock, factsOf, lineOf, node } = this.#ports;
    const conn = socket.conn as unknown as EngineConnection;
    const link = new SocketLink({
      conn,
      line: lineOf(conn),
      clock,
      frame: (text) => this.#wire.frame(text),
      dismiss: () => dismiss(socket, conn),
    });
    const follower = {
      entered: (room: RoomId) => void socket.join(`chat:${room}`),
      left: (room: RoomId) => void socket.leave(`chat:${room}`),
    };
    const session = new SocketSession(this.#statuses, follower, link.unconfirmed);
    const facts = factsWith(factsOf(socket.request), broughtBy(socket));
    this.#beginning = session;
    const inlet = node.connect(link, this.#wire, {
      address: facts.address,
      transport: "socketio",
      handshake: facts,
    });
    this.#beginning = undefined;
    link.inlet = inlet;
    session.begin(inlet);
    const bridged = {
      link,
      inlet,
      session,
      name: this.#ports.newSessionName(),
      isConnected: false,
    };
    this.#bridged.set(socket, bridged);
    conn.once("close", () => this.#end(socket, closeCodes.lost));
    return bridged;
  }

  async #enter(socket: Socket, bridged: Bridged, brought: Brought): Promise<void> {
    const { inlet, session } = bridged;
    await new Promise<void>((done, failed) => {
      const entry = { type: "enter", mustBeKnown: true } as const;
      inlet.perform(entry, { done: () => done(), failed });
    });
    const user = inlet.identity;
    // A back end has doors of its own; a chat's members are people.
    if (user === undefined || user.kind === "service") throw new ProtocolError("unauthenticated");
    const heads = await this.#roomsOf(session);
    const online = await this.#goOn(bridged, brought, heads, user.user);
    if (online === undefined) await this.#beginAnew(bridged, heads);
    const inbox = fields.roomId.safeParse(`user:${user.user}`);
    if (inbox.success) await session.enterInbox(inbox.data);
    await session.learnStatuses(online ?? new Set());
    const marks = { pid: bridged.name, recovered: online !== undefined };
    Object.assign(socket, marks);
    void socket.join(`user:${user.user}`);
  }

  /** The user's rooms, each at its newest event. */
  async #roomsOf(session: SocketSession): Promise<Map<RoomId, Position>> {
    const { joined } = await session.ask<"list_rooms">({ type: "list_rooms", id: noId });
    return new Map(joined.map(({ room, epoch, head }) => [room, { epoch, offset: head }]));
  }

  /**
   * Goes on where the client was.
   *
   * @returns whom the client believes to be online; undefined if it has to begin anew.
   */
  async #goOn(
    bridged: Bridged,
    { session: name, last }: Brought,
    heads: ReadonlyMap<RoomId, Position>,
    user: UserId,
  ): Promise<ReadonlySet<UserId> | undefined> {
    if (name === undefined || last === "unknown") return undefined;
    this.#endLost(name, user);
    const kept = this.#kept.take(name, user);
    const stored = await this.#storedPlaces(bridged, name);
    const places = placesOf(kept, stored, last);
    if (places === undefined) return undefined;
    // A room that it came into meanwhile it has never seen; it loads anew.
    const left = kept?.left ?? new Set();
    if ([...heads.keys()].some((room) => !places.has(room) && !left.has(room))) return undefined;
    if (!(await bridged.session.enterRooms(places))) return undefined;
    bridged.name = name;
    return kept?.online ?? new Set();
  }

  /* A client notices a broken line before the server does: its old connection is still here, and must end for what it
   * was sent to be known. */
  #endLost(name: string, user: UserId): void {
    const socket = this.#live.get(name);
    if (socket === undefined || this.#bridged.get(socket)?.inlet.identity?.user !== user) return;
    const conn = socket.conn as unknown as EngineConnection;
    this.#end(socket, closeCodes.lost);
    conn.close(true);
  }

  async #beginAnew(bridged: Bridged, heads: ReadonlyMap<RoomId, Position>): Promise<void> {
    const { link, name, session } = bridged;
    await session.leaveRooms();
    link.dropHeld();
    await this.#storedPlaces(bridged, name);
    if (!(await session.enterRooms(heads))) {
      throw new ProtocolError("unavailable", { retry_after_ms: 1_000 });
    }
  }

  /** Without them a client only begins anew, so a store that is away keeps nobody out. */
  async #storedPlaces({ inlet }: Bridged, name: string): Promise<ReadonlyMap<RoomId, Position>> {
    try {
      return await inlet.keepPlaces(deviceOf(name));
    } catch (error) {
      this.#ports.report("warn", "places_not_read", { error });
      return new Map();
    }
  }

  #connected(socket: Socket): void {
    const bridged = this.#bridged.get(socket);
    if (bridged === undefined || bridged.link.isClosed) {
      socket.disconnect(true);
      return;
    }
    bridged.isConnected = true;
    this.#live.set(bridged.name, socket);
    socket.on("disconnect", (reason) => {
      this.#end(socket, finalReasons.has(reason) ? closeCodes.left : closeCodes.lost);
    });
    const line = this.#ports.lineOf(socket.conn as unknown as EngineConnection);
    socket.onAny((...event: unknown[]) => line.take(() => this.#hear(socket, bridged, event)));
    bridged.link.release();
  }

  /* Called from ticks of the library's or ours, where an exception would end the process. */
  #hear(socket: Socket, { link, session }: Bridged, event: readonly unknown[]): void {
    if (link.isClosed) return;
    try {
      hear(socket, session, event);
    } catch (error) {
      this.#ports.report("error", "socketio_event_failed", { error });
    }
  }

  #end(socket: Socket, code: number): void {
    const bridged = this.#bridged.get(socket);
    if (bridged === undefined) return;
    this.#bridged.delete(socket);
    this.#taken.delete(socket.conn as object);
    const { inlet, link, name, session } = bridged;
    if (this.#live.get(name) === socket) this.#live.delete(name);
    if (code === closeCodes.lost) {
      const kept = bridged.isConnected ? session.remember() : undefined;
      if (kept !== undefined) this.#kept.keep(name, kept);
    }
    session.close();
    link.ended();
    inlet.closed(code);
  }
}

function hear(socket: Socket, session: SocketSession, event: readonly unknown[]): void {
  const [name, ...args] = event;
  // An application that shares the namespace may know it.
  const isTheirs = actionOf(name) === undefined && typeof name === "string";
  if (isTheirs && socket.listenerCount(name) > 0) return;
  const last = args.at(-1);
  if (typeof last !== "function") session.asked(name, args[0], undefined);
  else session.asked(name, args.length === 1 ? undefined : args[0], last as Acknowledge);
}

/* The library's client does not try again after a refusal, but does after a lost line. */
function refuse(socket: Socket, error: unknown, next: (error: Error) => void): void {
  const isPassing = error instanceof ProtocolError && error.code === "unavailable";
  if (isPassing) (socket.conn as unknown as EngineConnection).close();
  else next(refusalOf(error));
}

function dismiss(socket: Socket, conn: EngineConnection): void {
  if (socket.connected) socket.disconnect(true);
  else conn.close();
}
