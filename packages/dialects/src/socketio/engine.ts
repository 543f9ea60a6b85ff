/**
 * The library's lower half, made to bear what peers send. Engine.IO reads input in listeners of sockets and requests,
 * so an exception there would end the process; here it ends the session that sent it.
 */
import type { EventEmitter } from "node:events";
import type { IncomingMessage } from "node:http";
import type { Socket as NetSocket } from "node:net";
import { limits } from "@parlance/protocol";
import { Server as EngineServer } from "engine.io";

/** Packets of one polling request. The stock client sends what it has gathered; 128 KiB of tiny ones would be 20,000. */
const maxPacketsOfRequest = 2_000;
/** How long the library waits for a last poll before it forgets a session that was closed. Milliseconds. */
const lastPollMs = 2_000;

/** The part of a WebSocket of the library's that is used here. */
export interface EngineWebSocket extends EventEmitter {
  readonly readyState: number;
  readonly isPaused: boolean;
  readonly _socket: NetSocket | null;
  ping(payload: Buffer): void;
  pause(): void;
  resume(): void;
  terminate(): void;
}

/** A session's way to its client now. */
export interface EngineTransport extends EventEmitter {
  readonly name: string;
  readonly writable: boolean;
  /** Of WebSockets only. */
  readonly socket?: EngineWebSocket;
}

/** One session of the library, polling or WebSocket or on its way from one to the other. */
export interface EngineConnection extends EventEmitter {
  readonly readyState: "opening" | "open" | "closing" | "closed";
  readonly upgrading: boolean;
  readonly writeBuffer: readonly unknown[];
  readonly transport: EngineTransport;
  readonly request: IncomingMessage;
  write(text: string, options: { readonly compress: boolean }): unknown;
  /** @param discard Without waiting for a client that takes nothing. */
  close(discard?: boolean): unknown;
}

/** Numbers that the library's heartbeat works with. */
export interface EngineTimes {
  readonly pingIntervalMs: number;
  readonly pingTimeoutMs: number;
  /** What ids of sessions begin with, for whoever brings their requests to the right process. */
  readonly sidPrefix?: string;
}

interface Parser {
  readonly decodePacket: (...args: unknown[]) => unknown;
  readonly decodePayload: (...args: unknown[]) => unknown;
}

interface GuardedTransport extends EventEmitter {
  parser: Parser;
  onPacket: (packet: unknown) => void;
  onError(message: string, description?: unknown): void;
  closeTimeout?: number;
}

const brokenPacket = { type: "error", data: "parser error" } as const;

/** The library's engine over our one HTTP server: nothing is attached, requests and upgrades are handed to it. */
export class Engine extends EngineServer {
  readonly #sidPrefix: string;

  constructor({ pingIntervalMs, pingTimeoutMs, sidPrefix = "" }: EngineTimes) {
    super({
      pingInterval: pingIntervalMs,
      pingTimeout: pingTimeoutMs,
      maxHttpBufferSize: limits.frameBytes,
      perMessageDeflate: false,
      // What one person says and what another hears would be compressed together (BREACH).
      httpCompression: false,
      transports: ["polling", "websocket"],
    });
    this.#sidPrefix = sidPrefix;
  }

  override async generateId(request: IncomingMessage): Promise<string> {
    return `${this.#sidPrefix}${await super.generateId(request)}`;
  }

  protected override createTransport(
    ...given: Parameters<EngineServer["createTransport"]>
  ): ReturnType<EngineServer["createTransport"]> {
    const transport = super.createTransport(...given);
    guard(transport as unknown as GuardedTransport);
    return transport;
  }
}

function guard(transport: GuardedTransport): void {
  const { parser } = transport;
  transport.parser = {
    ...parser,
    decodePacket: (...args) => orBroken(() => parser.decodePacket(...args)),
    decodePayload: (...args) => decodePayload(parser, args),
  };
  const onPacket = transport.onPacket.bind(transport);
  transport.onPacket = (packet) => {
    try {
      onPacket(packet);
    } catch (error) {
      transport.onError("packet not understood", error);
    }
  };
  if (transport.closeTimeout !== undefined) transport.closeTimeout = lastPollMs;
}

function decodePayload(parser: Parser, args: unknown[]): unknown {
  const read = orBroken(() => parser.decodePayload(...args));
  return Array.isArray(read) && read.length <= maxPacketsOfRequest ? read : [brokenPacket];
}

function orBroken(read: () => unknown): unknown {
  try {
    return read();
  } catch {
    return brokenPacket;
  }
}
