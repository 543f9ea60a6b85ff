/**
 * The only file that knows `ws`. It does the handshake and reads the input; what we send are finished frames
 * of ours, written straight to the socket that the upgrade handed us. That is sound because `ws` writes each
 * of its own frames (here only Close) in one synchronous step, and because
 * - every write of ours is whole, unfragmented frames from a buffer that nobody touches again,
 * - the state is asked at the write: a frame behind our Close would break RFC 6455 §5.5.1,
 * - `ws` never compresses, so nothing of its own can wait while ours pass.
 */
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Inlet, Link } from "@parlance/core";
import { limits } from "@parlance/protocol";
import type { PerMessageDeflateOptions, RawData, ServerOptions } from "ws";
import { WebSocket, WebSocketServer } from "ws";
import { pingFrame, pongFrame, probeFrame } from "./frames.ts";
import type { TurnInput } from "./input-turns.ts";
import { InputTurns } from "./input-turns.ts";
import { unsentBytesOf } from "./unsent-bytes.ts";
import type { Beating } from "./wheel.ts";

/** Pieces of one message, and chunks of one frame, that are kept while the rest is awaited. A full frame in
 * TCP segments of 500 bytes has 263. */
const maxPieces = 1_024;
/** A longer frame may come in so many more chunks; as above. */
const chunkBytes = 500;
/** How long the peer has for its half of the closing handshake. Milliseconds. */
const closeTimeoutMs = 10_000;
/** Unsent bytes above which the peer's input waits: who does not read the answers may not go on asking. */
const pauseAboveBytes = 262_144;

/** A socket whose handshake was found good. */
export interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Socket;
  /** What came behind the handshake already. */
  readonly head: Buffer;
  /** The peer's IP address. */
  readonly address: string;
  /** To be named in the answer. */
  readonly subprotocol?: string;
  /** Its frames are binary; frames of the other kind end it. */
  readonly isBinary?: boolean;
  /** The longest frame that it may send. Absent: `limits.frameBytes`. */
  readonly frameBytes?: number;
}

/** Who is told that a connection is gone. */
export interface ConnectionOwner {
  /** Called once, after the inlet. */
  connectionClosed(connection: Connection): void;
}

/**
 * Answers the handshake and takes over the socket. No input is read before the caller returns to the event
 * loop, so the inlet can be set. Undefined if the peer is gone already.
 */
export type Accept = (upgrade: Upgrade, owner: ConnectionOwner) => Connection | undefined;

/** @param compression Whether permessage-deflate is agreed on with clients that offer it. */
export function createAccept(compression: boolean): Accept {
  /* Of the handshake under way; `handleUpgrade` is synchronous. */
  let subprotocol: string | undefined;
  const serversFor = (frameBytes: number): Servers => {
    const options: ServerOptions & { readonly closeTimeout: number } = {
      noServer: true,
      clientTracking: false,
      maxPayload: frameBytes,
      maxFragments: maxPieces,
      maxBufferedChunks: Math.max(maxPieces, Math.ceil(frameBytes / chunkBytes)),
      autoPong: false,
      closeTimeout: closeTimeoutMs,
      handleProtocols: () => subprotocol ?? false,
    };
    const deflating = { ...options, perMessageDeflate: deflateOptions };
    return { plain: new WebSocketServer(options), deflating: new WebSocketServer(deflating) };
  };
  const usual = serversFor(limits.frameBytes);
  /** By the frame limit of their endpoints: a few. */
  const others = new Map<number, Servers>();
  return function accept(upgrade, owner) {
    const { request, socket, head, frameBytes } = upgrade;
    let servers = usual;
    if (frameBytes !== undefined) {
      servers = others.get(frameBytes) ?? serversFor(frameBytes);
      others.set(frameBytes, servers);
    }
    const server = compression && offersOurDeflate(request) ? servers.deflating : servers.plain;
    let connection: Connection | undefined;
    subprotocol = upgrade.subprotocol;
    server.handleUpgrade(request, socket, head, (ws) => {
      connection = new Connection(ws, upgrade, owner);
    });
    return connection;
  };
}

interface Servers {
  readonly plain: WebSocketServer;
  readonly deflating: WebSocketServer;
}

/** `false` declines offers that limit our window; the types know numbers only. */
const deflateOptions: PerMessageDeflateOptions = {
  serverNoContextTakeover: true,
  serverMaxWindowBits: false as unknown as number,
};

/** Frames shared by all need the full window, so an offer that forbids it is as good as none. */
function offersOurDeflate(request: IncomingMessage): boolean {
  const offers = request.headers["sec-websocket-extensions"]?.split(",") ?? [];
  return offers.some((offer) => {
    return (
      offer.trim().startsWith("permessage-deflate") && !offer.includes("server_max_window_bits")
    );
  });
}

/** Leads from the library's objects to ours, so that no connection needs listeners of its own. */
const ours: unique symbol = Symbol("connection");
interface Marked {
  [ours]: Connection;
}

const nothing: Buffer = Buffer.alloc(0);
const inputTurns: InputTurns = new InputTurns();

/** One live WebSocket: the node's `Link`, and an entry of the heartbeat wheel. */
export class Connection implements Link, Beating, TurnInput {
  readonly #ws: WebSocket;
  readonly #socket: Socket;
  readonly #owner: ConnectionOwner;
  readonly #isBinary: boolean;
  readonly address: string;
  #inlet: Inlet | undefined;
  #awaitsFlush = false;
  /** The newest ping that is not answered yet. */
  #ping: Buffer | undefined;
  /** Bytes that had come in when the last ping was written; -1: not pinged. */
  #heardAtPing = -1;
  #sentCode: number | undefined;
  /** Where the wheel keeps this connection. */
  slot = 0;
  #isHeld = false;
  inputTurn = 0;
  inputFrames = 0;

  constructor(ws: WebSocket, { socket, address, isBinary }: Upgrade, owner: ConnectionOwner) {
    this.#ws = ws;
    this.#socket = socket;
    this.#owner = owner;
    this.address = address;
    this.#isBinary = isBinary === true;
    (ws as WebSocket & Marked)[ours] = this;
    ws.on("message", onMessage);
    ws.on("ping", onPing);
    ws.on("pong", onPong);
    ws.on("error", onError);
    ws.on("close", onClose);
  }

  /** Whether outgoing frames may be compressed. */
  get deflates(): boolean {
    return this.#ws.extensions !== "";
  }

  /** Set once, before any input. */
  set inlet(inlet: Inlet) {
    this.#inlet = inlet;
  }

  get unsentBytes(): number {
    return unsentBytesOf(this.#socket);
  }

  write(chunk: Uint8Array): void {
    if (this.#ws.readyState !== WebSocket.OPEN) return;
    this.#socket.write(chunk);
    if (this.#socket.writableLength > 0) this.#awaitFlush();
  }

  close(code: number, reason: string): void {
    this.#sentCode ??= code;
    this.#ws.close(code, reason);
  }

  terminate(): void {
    this.#ws.terminate();
  }

  ping(): void {
    /* Behind unsent bytes a ping says nothing about the peer; a peer that takes nothing is the node's. */
    if (this.#socket.writableLength > 0) {
      this.#heardAtPing = -1;
      return;
    }
    this.#heardAtPing = this.#socket.bytesRead;
    this.write(pingFrame);
  }

  endIfSilent(): void {
    /* Then its input may be paused, and what it says is not heard. */
    if (this.#socket.writableLength > 0) return;
    if (this.#socket.bytesRead === this.#heardAtPing) this.terminate();
  }

  probe(mark: number): void {
    this.write(probeFrame(mark));
  }

  /** For this file's listeners. The heartbeat's pings carry nothing: their pongs say that the peer is there. */
  ponged(payload: Buffer): void {
    this.#inlet?.heard();
    if (payload.length === 4) this.#inlet?.confirmed(payload.readUInt32BE(0));
  }

  /** For this file's listeners. */
  received(payload: Buffer, isBinary: boolean): void {
    if (this.#ws.readyState !== WebSocket.OPEN) return;
    inputTurns.count(this);
    if (isBinary !== this.#isBinary) {
      this.close(1003, this.#isBinary ? "binary frames only" : "text frames only");
    } else this.#inlet?.receive(isBinary ? payload : payload.toString("utf8"));
  }

  /**
   * Only the newest ping is answered (RFC 6455 §5.5.3 allows it), once per turn and never behind bytes that
   * the peer has not taken: a flood of pings costs one buffer. For this file's listeners.
   */
  pinged(payload: Buffer): void {
    this.#inlet?.heard();
    const isFirst = this.#ping === undefined;
    this.#ping = Buffer.from(payload);
    if (isFirst && !this.#awaitsFlush) process.nextTick(answerPing, this);
  }

  answerPing(): void {
    if (this.#ping === undefined || this.#awaitsFlush) return;
    const frame = pongFrame(this.#ping);
    this.#ping = undefined;
    this.write(frame);
  }

  /** For `InputTurns`. */
  holdInput(): void {
    this.#isHeld = true;
    this.#ws.pause();
  }

  /** For `InputTurns`. */
  releaseInput(): void {
    this.#isHeld = false;
    if (this.unsentBytes <= pauseAboveBytes) this.#ws.resume();
  }

  /** For this file's listeners. `ws` has sent the Close that belongs to the error. */
  failed(error: Error): void {
    this.#sentCode ??= closeCodeOf(error);
  }

  /** For this file's listeners. */
  ended(code: number): void {
    this.#inlet?.closed(code === 1006 ? (this.#sentCode ?? 1006) : code);
    this.#owner.connectionClosed(this);
  }

  /* Not the socket's `drain`: that comes only after more than its high-water mark was waiting. */
  #awaitFlush(): void {
    if (!this.#awaitsFlush) {
      this.#awaitsFlush = true;
      this.#socket.write(nothing, () => this.#flushed());
    }
    if (this.unsentBytes > pauseAboveBytes) this.#ws.pause();
  }

  #flushed(): void {
    this.#awaitsFlush = false;
    if (this.#ws.readyState !== WebSocket.OPEN) return;
    this.answerPing();
    const mayRead = this.#ws.isPaused && !this.#isHeld;
    if (mayRead && this.unsentBytes <= pauseAboveBytes / 2) this.#ws.resume();
    if (this.#socket.writableLength > 0) this.#awaitFlush();
    this.#inlet?.drained();
  }
}

function onMessage(this: WebSocket, payload: RawData, isBinary: boolean): void {
  /* One buffer: `ws` gives other kinds only to those who set `binaryType`. */
  connectionOf(this).received(payload as Buffer, isBinary);
}

function onPing(this: WebSocket, payload: Buffer): void {
  connectionOf(this).pinged(payload);
}

function onPong(this: WebSocket, payload: Buffer): void {
  connectionOf(this).ponged(payload);
}

function onError(this: WebSocket, error: Error): void {
  connectionOf(this).failed(error);
}

function onClose(this: WebSocket, code: number): void {
  connectionOf(this).ended(code);
}

function answerPing(connection: Connection): void {
  connection.answerPing();
}

function connectionOf(ws: WebSocket): Connection {
  return (ws as WebSocket & Marked)[ours];
}

/** The Close code that `ws` has answered a broken frame with. Undefined: the socket failed, no Close. */
function closeCodeOf(error: Error & { readonly code?: string }): number | undefined {
  switch (error.code) {
    case "WS_ERR_INVALID_UTF8":
      return 1007;
    case "WS_ERR_TOO_MANY_BUFFERED_PARTS":
      return 1008;
    case "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH":
    case "WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH":
      return 1009;
    default:
      return error.code?.startsWith("WS_ERR_") === true ? 1002 : undefined;
  }
}
