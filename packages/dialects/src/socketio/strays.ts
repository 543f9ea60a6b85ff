/**
 * Packets for a namespace that their client is not in. The library ends the whole connection for one of them; here it is
 * answered and the connection kept, so that an event too early costs a client that event and nothing else.
 *
 * The place is one that the library offers: a server takes a `parser`, and every packet of a client comes to it out of a
 * decoder that this made. What is not handed on it never sees, so nothing of the library is patched. Who is in which
 * namespace is told by its public events, in the turn in which it comes to believe it itself.
 */
import { EventEmitter } from "node:events";
import { limits, ProtocolError } from "@parlance/protocol";
import type { Namespace, Server, Socket } from "socket.io";
import * as parser from "socket.io-parser";
import type { Engine, EngineConnection } from "./engine.ts";
import { refusalOf } from "./handshake.ts";

const { PacketType } = parser;
/** Namespaces of one connection that are remembered as left; who leaves more is told 44 for the oldest. */
const maxLeft = 100;

/** What is known of one engine connection. */
interface Peer {
  readonly conn: EngineConnection;
  /** By namespace, the last socket that was let in. One that is not connected any more has left. */
  readonly sockets: Map<string, Socket>;
  /** In a row, as bad frames are counted in every dialect. */
  strays: number;
}

/** What becomes of a packet. */
type Verdict = "taken" | "refused" | "ignored";

export class Strays {
  readonly #peers = new WeakMap<object, Peer>();
  /** Of the connection that the library makes a client and a decoder for; that happens in the turn in which it comes. */
  #coming: EngineConnection | undefined;

  /** To be called before the library hears of the engine. */
  watch(engine: Engine): void {
    engine.on("connection", (conn: EngineConnection) => {
      this.#coming = conn;
    });
  }

  /** To be called before anybody else listens to its namespaces. */
  follow(io: Server): void {
    const watch = (namespace: Namespace): void => {
      namespace.on("connection", (socket) => this.#entered(namespace.name, socket));
    };
    watch(io.sockets);
    io.on("new_namespace", watch);
  }

  /** For the library's server: its own, with decoders that keep strays from it. */
  get parser(): object {
    const decoderOf = (): PacketDecoder => this.#newDecoder();
    // The library says `new parser.Decoder()`; what a constructor returns is what is made.
    return {
      ...parser,
      Decoder: class {
        constructor() {
          return decoderOf();
        }
      },
    };
  }

  #newDecoder(): PacketDecoder {
    const conn = this.#coming;
    if (conn === undefined) throw new Error("a client without a connection");
    this.#coming = undefined;
    const peer = { conn, sockets: new Map(), strays: 0 };
    this.#peers.set(conn, peer);
    return new PacketDecoder((packet) => take(peer, packet));
  }

  #entered(name: string, socket: Socket): void {
    const peer = this.#peers.get(socket.conn);
    if (peer === undefined) return;
    peer.strays = 0;
    peer.sockets.delete(name);
    peer.sockets.set(name, socket);
    if (peer.sockets.size <= maxLeft) return;
    for (const [left, { connected }] of peer.sockets) {
      if (connected) continue;
      peer.sockets.delete(left);
      break;
    }
  }
}

/** The library's decoder behind a question: whether a packet is for the library at all. */
class PacketDecoder extends EventEmitter {
  readonly #decoder = new parser.Decoder();

  constructor(isTaken: (packet: parser.Packet) => boolean) {
    super();
    this.#decoder.on("decoded", (packet) => {
      if (isTaken(packet)) this.emit("decoded", packet);
    });
  }

  /** One text or attachment. @throws Error for what is no packet; the library ends the connection for it. */
  add(chunk: unknown): void {
    this.#decoder.add(chunk);
  }

  destroy(): void {
    this.#decoder.destroy();
  }
}

function take(peer: Peer, packet: parser.Packet): boolean {
  const verdict = verdictOn(packet, peer.sockets.get(packet.nsp));
  if (verdict === "taken") {
    if (packet.type !== PacketType.CONNECT) peer.strays = 0;
    return true;
  }
  if (verdict === "refused") refuse(peer.conn, packet.nsp);
  peer.strays += 1;
  // What was answered goes out first.
  if (peer.strays >= limits.badFramesInARow) peer.conn.close();
  return false;
}

function verdictOn({ type }: parser.Packet, socket: Socket | undefined): Verdict {
  if (socket?.connected === true || type === PacketType.CONNECT) return "taken";
  // Only servers send these; the library ends whoever does.
  if (type === PacketType.CONNECT_ERROR) return "taken";
  /* It was sent before the client heard that the server has put it out, or behind its own goodbye. An error would come
   * into the client's next attempt, as the answer to that. */
  if (socket !== undefined) return "ignored";
  if (type === PacketType.EVENT || type === PacketType.BINARY_EVENT) return "refused";
  // Nobody asked for an acknowledgement.
  if (type === PacketType.ACK || type === PacketType.BINARY_ACK) return "ignored";
  return "taken";
}

function refuse(conn: EngineConnection, nsp: string): void {
  const { message, data } = refusalOf(new ProtocolError("unauthenticated"));
  const packet = { type: PacketType.CONNECT_ERROR, nsp, data: { message, data } };
  for (const text of new parser.Encoder().encode(packet)) conn.write(text, { compress: false });
}
