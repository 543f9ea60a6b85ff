/**
 * What is kept in check of one engine connection, whatever namespaces it carries: how much its peer may make us do in
 * one turn, how much may wait for a peer that does not read, how long an announced attachment may stay away.
 */
import type { Socket as NetSocket } from "node:net";
import type { Bytes, Clock, Timer } from "@parlance/core";
import type { EngineConnection, EngineWebSocket } from "./engine.ts";
import type { Rounds } from "./rounds.ts";

/** Packets of one turn of the event loop before the peer's input waits for the next. One more read may follow. */
const packetsPerTurn = 64;
/** Of those, what is worked on in one turn; the library has read a whole chunk of them by then. */
const tasksPerTurn = 32;
/** Tasks that may wait. A WebSocket is not read meanwhile; who sends so many requests is ended. */
const maxTasks = 8_192;
/** Unsent bytes above which the peer's input waits: who does not read the answers may not go on asking. */
const pauseAboveBytes = 1_048_576;
/** Unsent bytes at which a peer that asks by requests and never polls is ended. */
const maxUnsentBytes = 4_194_304;
/** Between an event that announces attachments and the last of them. Milliseconds. */
const attachmentsMs = 5_000;

const open = 1;
const announcement = /^[56](\d{1,2})-/;
const nothing: Buffer = Buffer.alloc(0);

export class Line {
  readonly #conn: EngineConnection;
  readonly #clock: Clock;
  readonly #rounds: Rounds;
  /** Called when the peer has taken something. */
  onDrained: (() => void) | undefined;
  /** Characters that wait in the library. */
  #queued = 0;
  #awaitsFlush = false;
  #packets = 0;
  #isTurnOver = true;
  /** Has had its share of a turn, and goes on in a later one. */
  #isWaiting = false;
  #tasks: (() => void)[] = [];
  #tasksDone = 0;
  #missingAttachments = 0;
  #attachmentTimer: Timer | undefined;

  /** @param rounds Shared by all lines of a server. */
  constructor(conn: EngineConnection, clock: Clock, rounds: Rounds) {
    this.#conn = conn;
    this.#clock = clock;
    this.#rounds = rounds;
    conn.on("packetCreate", ({ data }: { readonly data?: unknown }) => {
      if (typeof data === "string" || data instanceof Uint8Array) this.#queued += data.length;
    });
    conn.on("flush", () => this.#flushedByLibrary());
    conn.on("packet", () => this.#count());
    conn.on("data", (data: unknown) => this.#followAttachments(data));
    conn.on("upgrade", () => this.#hearPings());
    conn.once("close", () => this.#attachmentTimer?.cancel());
    this.#hearPings();
  }

  /** Bytes that were written and not sent yet, in the library and in the socket. */
  get unsentBytes(): number {
    const socket = this.#netSocket;
    return this.#queued + (socket === undefined ? 0 : unsentBytesOf(socket));
  }

  /** Whether something waits in the library. */
  get isQueued(): boolean {
    return this.#queued > 0;
  }

  /** Writes finished frames past the library, if they may go there now. @returns false if they may not. */
  writeDirectly(chunk: Bytes): boolean {
    const { readyState, transport, upgrading, writeBuffer } = this.#conn;
    if (readyState !== "open" || upgrading || writeBuffer.length > 0) return false;
    if (transport.name !== "websocket" || !transport.writable) return false;
    const socket = this.#netSocket;
    if (socket === undefined || transport.socket?.readyState !== open) return false;
    socket.write(chunk);
    if (socket.writableLength > 0) this.#awaitFlush(socket);
    return true;
  }

  get #webSocket(): EngineWebSocket | undefined {
    return this.#conn.transport.socket;
  }

  get #netSocket(): NetSocket | undefined {
    return this.#webSocket?._socket ?? undefined;
  }

  #flushedByLibrary(): void {
    this.#queued = 0;
    // The library writes behind this event.
    process.nextTick(() => {
      const socket = this.#netSocket;
      if (socket !== undefined && socket.writableLength > 0) this.#awaitFlush(socket);
      else this.#drained();
    });
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
    this.#readOn(pauseAboveBytes / 2);
    this.onDrained?.();
  }

  // --- Input ----------------------------------------------------------------------------------------

  #hearPings(): void {
    this.#webSocket?.on("ping", () => this.#count());
  }

  /* The system reads a busy socket up to 32 times in a row; without this a flood of tiny packets makes everybody else
   * wait for megabytes of it. */
  #count(): void {
    this.#beginTurn();
    this.#packets += 1;
    const isBehind = this.unsentBytes > pauseAboveBytes;
    if (this.#webSocket !== undefined) {
      if (isBehind || this.#packets === packetsPerTurn) this.#webSocket.pause();
    } else if (isBehind && this.unsentBytes > maxUnsentBytes) this.#conn.close(true);
  }

  #beginTurn(): void {
    if (!this.#isTurnOver) return;
    this.#isTurnOver = false;
    this.#packets = 0;
    this.#tasksDone = 0;
    this.#clock.afterTurn(() => {
      this.#isTurnOver = true;
      if (this.#isWaiting) return;
      if (this.#packets < packetsPerTurn && this.#tasks.length === 0) {
        this.#readOn(pauseAboveBytes);
        return;
      }
      this.#isWaiting = true;
      this.#rounds.wait(() => {
        this.#isWaiting = false;
        this.#workOn();
        this.#readOn(pauseAboveBytes);
      });
    });
  }

  /** Does what a packet asks for, in order: now, or in a later turn where the peer has asked for much in this one. */
  take(task: () => void): void {
    this.#beginTurn();
    if (this.#tasks.length === 0 && this.#tasksDone < tasksPerTurn) {
      this.#tasksDone += 1;
      task();
    } else if (this.#tasks.length < maxTasks) this.#tasks.push(task);
    else this.#conn.close(true);
  }

  #workOn(): void {
    if (this.#tasks.length === 0) return;
    this.#beginTurn();
    const tasks = this.#tasks.splice(0, tasksPerTurn);
    this.#tasksDone += tasks.length;
    for (const task of tasks) task();
  }

  #readOn(belowBytes: number): void {
    const socket = this.#webSocket;
    if (socket?.isPaused !== true || this.unsentBytes > belowBytes) return;
    if (this.#tasks.length > 0 || this.#isWaiting) return;
    if (this.#isTurnOver || this.#packets < packetsPerTurn) socket.resume();
  }

  #followAttachments(data: unknown): void {
    if (typeof data !== "string") this.#missingAttachments -= 1;
    else {
      const count = announcement.exec(data)?.[1];
      if (count === undefined) return;
      this.#missingAttachments = Number(count);
      this.#attachmentTimer ??= this.#clock.after(attachmentsMs, () => this.#conn.close(true));
    }
    if (this.#missingAttachments > 0) return;
    this.#attachmentTimer?.cancel();
    this.#attachmentTimer = undefined;
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
