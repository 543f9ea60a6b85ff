/**
 * The sending half of one Socket.IO connection. Finished frames pass by the library where they may: its transport is
 * a WebSocket, it has nothing of its own to write, no upgrade runs. Else the library sends, so the order is one.
 */
import type { Socket as NetSocket } from "node:net";
import type { Bytes, Clock, Inlet, Link, Timer } from "@parlance/core";
import { type ErrorCode, errors, ProtocolError } from "@parlance/protocol";
import { encodeError } from "./encode.ts";
import type { EngineConnection, EngineTransport } from "./engine.ts";
import { textsOf } from "./frames.ts";
import { withoutEngineType } from "./packet.ts";
import { type Moment, Unconfirmed } from "./unconfirmed.ts";

/** Between two questions whether everything arrived. They cost a ping and a row for each room that moved. */
const probeMs = 10_000;
/** Unsent bytes above which the peer's input waits: who does not read the answers may not go on asking. */
const pauseAboveBytes = 1_048_576;
/** Unsent bytes at which a peer that asks by requests and never polls is ended. */
const maxUnsentBytes = 4_194_304;
const open = 1;
const nothing: Buffer = Buffer.alloc(0);
/** From here on a close code says: do not come back. */
const stayAway = 4_500;

/** What ends the connection in Socket.IO's own words: all its namespaces, and the client stays away. */
export type Dismiss = () => void;

export class SocketLink implements Link {
  readonly #conn: EngineConnection;
  readonly #wireFrame: (text: string) => Bytes;
  readonly #clock: Clock;
  readonly #dismiss: Dismiss;
  #inlet: Inlet | undefined;
  #isClosed = false;
  /** Written before the client knows that it is connected. */
  #held: Bytes[] | undefined = [];
  #heldBytes = 0;
  /** Characters that wait in the library. */
  #queued = 0;
  #awaitsFlush = false;
  readonly unconfirmed: Unconfirmed = new Unconfirmed();
  /** The question under way, and what it is about. */
  #mark: { readonly mark: number; readonly moment: Moment; isAsked: boolean } | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;
  #heard: EngineTransport | undefined;

  constructor(
    conn: EngineConnection,
    wireFrame: (text: string) => Bytes,
    clock: Clock,
    dismiss: Dismiss,
  ) {
    this.#conn = conn;
    this.#wireFrame = wireFrame;
    this.#clock = clock;
    this.#dismiss = dismiss;
    conn.on("packetCreate", this.#created);
    conn.on("flush", this.#flushedLibrary);
    conn.on("packet", this.#checkInput);
    conn.on("upgrade", this.#upgraded);
    this.#hear(conn.transport);
  }

  /** Who is told of what happens here. To be set in the turn in which the link was made. */
  set inlet(inlet: Inlet) {
    this.#inlet = inlet;
  }

  /** The client knows that it is connected: what was held goes out. */
  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    this.#heldBytes = 0;
    for (const chunk of held) this.write(chunk);
    if (this.#mark !== undefined) this.probe(this.#mark.mark);
  }

  /** Forgets what was held: the connection begins anew. */
  dropHeld(): void {
    if (this.#held !== undefined) this.#held = [];
    this.#heldBytes = 0;
    this.#mark = undefined;
    this.#inlet?.drained();
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  get unsentBytes(): number {
    const { socket } = this.#conn.transport;
    const netSocket = socket?._socket ?? undefined;
    const inSocket = netSocket === undefined ? 0 : unsentBytesOf(netSocket);
    return this.#heldBytes + this.#queued + inSocket;
  }

  write(chunk: Bytes): void {
    if (this.#isClosed) return;
    if (this.#held !== undefined) {
      this.#held.push(chunk);
      this.#heldBytes += chunk.length;
      return;
    }
    this.unconfirmed.add(chunk);
    this.#send(chunk);
  }

  #send(chunk: Bytes): void {
    const socket = this.#directSocket();
    if (socket !== undefined) {
      socket.write(chunk);
      if (socket.writableLength > 0) this.#awaitFlush(socket);
      return;
    }
    for (const text of textsOf(chunk)) {
      this.#conn.write(withoutEngineType(text), { compress: false });
    }
  }

  /** Where finished frames may go past the library. Asked at each write: any of this may have changed. */
  #directSocket(): NetSocket | undefined {
    const { readyState, transport, upgrading, writeBuffer } = this.#conn;
    if (readyState !== "open" || upgrading || writeBuffer.length > 0) return undefined;
    if (transport.name !== "websocket" || !transport.writable) return undefined;
    const { socket } = transport;
    return socket?.readyState === open ? (socket._socket ?? undefined) : undefined;
  }

  #awaitFlush(socket: NetSocket): void {
    if (this.#awaitsFlush) return;
    this.#awaitsFlush = true;
    socket.write(nothing, () => {
      this.#awaitsFlush = false;
      if (socket.writableLength > 0 && !socket.destroyed) this.#awaitFlush(socket);
      this.#drained();
    });
  }

  #drained(): void {
    const { socket } = this.#conn.transport;
    if (socket?.isPaused === true && this.unsentBytes <= pauseAboveBytes / 2) socket.resume();
    if (!this.#isClosed) this.#inlet?.drained();
  }

  readonly #created = ({ data }: { readonly data?: unknown }): void => {
    if (typeof data === "string" || data instanceof Uint8Array) this.#queued += data.length;
  };

  readonly #flushedLibrary = (): void => {
    this.#queued = 0;
    // The library writes behind this event.
    process.nextTick(() => {
      const socket = this.#conn.transport.socket?._socket ?? undefined;
      if (socket !== undefined && socket.writableLength > 0) this.#awaitFlush(socket);
      else this.#drained();
    });
  };

  readonly #checkInput = (): void => {
    const unsent = this.unsentBytes;
    if (unsent <= pauseAboveBytes) return;
    const { socket } = this.#conn.transport;
    if (socket !== undefined) socket.pause();
    else if (unsent > maxUnsentBytes) this.#conn.close(true);
  };

  // --- What arrived ---------------------------------------------------------------------------------

  probe(mark: number): void {
    this.#mark = { mark, moment: this.unconfirmed.now(), isAsked: false };
    if (this.#held !== undefined) return;
    const waitMs = this.#askedAt + probeMs - this.#clock.monotonic();
    if (waitMs <= 0) this.#ask();
    else this.#timer ??= this.#clock.after(waitMs, this.#ask);
  }

  readonly #ask = (): void => {
    this.#timer = undefined;
    if (this.#mark === undefined || this.#isClosed) return;
    this.#askedAt = this.#clock.monotonic();
    const { transport, upgrading, writeBuffer } = this.#conn;
    // A poll that comes says that the answer to the one before arrived.
    if (transport.name !== "websocket") this.#mark.isAsked = writeBuffer.length === 0;
    else if (!upgrading && transport.socket?.readyState === open) {
      const payload = Buffer.alloc(4);
      payload.writeUInt32BE(this.#mark.mark >>> 0);
      transport.socket.ping(payload);
    }
  };

  readonly #ponged = (payload: Buffer): void => {
    if (payload.length === 4) this.#arrived(payload.readUInt32BE(0));
  };

  readonly #polled = (): void => {
    if (this.#mark === undefined) return;
    if (this.#mark.isAsked) this.#arrived(this.#mark.mark);
    else if (this.#timer === undefined) this.#mark.isAsked = true;
  };

  #arrived(mark: number): void {
    if (this.#mark?.mark !== mark) return;
    this.unconfirmed.confirmed(this.#mark.moment);
    this.#mark = undefined;
    this.#inlet?.confirmed(mark);
  }

  readonly #upgraded = (transport: EngineTransport): void => {
    this.#hear(transport);
    // The polls are over, so their last answers will not be confirmed by another.
    if (this.#mark !== undefined && this.#timer === undefined) this.#ask();
  };

  #hear(transport: EngineTransport): void {
    this.#unhear();
    this.#heard = transport;
    // Before the library writes the next answer.
    transport.prependListener("ready", this.#polledIfPolling);
    transport.socket?.on("pong", this.#ponged);
    transport.socket?.on("ping", this.#checkInput);
  }

  readonly #polledIfPolling = (): void => {
    if (this.#conn.transport.name === "polling") this.#polled();
  };

  #unhear(): void {
    this.#heard?.off("ready", this.#polledIfPolling);
    this.#heard?.socket?.off("pong", this.#ponged);
    this.#heard?.socket?.off("ping", this.#checkInput);
    this.#heard = undefined;
  }

  // --- End ------------------------------------------------------------------------------------------

  close(code: number, reason: string): void {
    if (this.#isClosed) return;
    const error = Object.hasOwn(errors, reason)
      ? new ProtocolError(reason as ErrorCode)
      : undefined;
    /* Security: what waits in the library was meant for somebody who may be nobody any more. */
    const isWaiting = this.#queued > 0;
    const isRevoked = error !== undefined && errors[error.code].retry === "after_auth";
    if (error !== undefined && this.#held === undefined && !(isRevoked && isWaiting)) {
      this.#send(this.#wireFrame(encodeError(error)));
    }
    this.#dispose();
    if (code >= stayAway) this.#dismiss();
    else this.#conn.close(isRevoked && isWaiting);
  }

  terminate(): void {
    this.#dispose();
    const { socket } = this.#conn.transport;
    if (socket !== undefined) socket.terminate();
    else this.#conn.close(true);
  }

  /** The client is gone. */
  ended(): void {
    this.#dispose();
  }

  #dispose(): void {
    this.#isClosed = true;
    this.#held = undefined;
    this.#heldBytes = 0;
    this.#timer?.cancel();
    this.#unhear();
    const { socket } = this.#conn.transport;
    if (socket?.isPaused === true) socket.resume();
    this.#conn.off("packetCreate", this.#created);
    this.#conn.off("flush", this.#flushedLibrary);
    this.#conn.off("packet", this.#checkInput);
    this.#conn.off("upgrade", this.#upgraded);
  }
}

/**
 * The stream counts a write as unsent until all of it is sent; the handle knows how much of it has gone. A slow peer's
 * progress shows only there. Both are Node's internals, so they are asked, not relied on.
 */
function unsentBytesOf(socket: NetSocket): number {
  const queued = socket.writableLength;
  if (queued === 0) return 0;
  const { _writableState, _handle } = socket as NetSocket & {
    readonly _writableState?: { readonly writelen?: number };
    readonly _handle?: { readonly writeQueueSize?: number } | null;
  };
  const inFlight = _writableState?.writelen ?? 0;
  const left = _handle?.writeQueueSize ?? inFlight;
  return queued - Math.max(0, inFlight - left);
}
