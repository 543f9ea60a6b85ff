/**
 * One HTTP answer as a node's `Link`. The body has no framing of its own and ends with the connection (RFC 9112 §6.3),
 * so that one chunk of finished blocks is one write of the very bytes that all streams of a kind share, and HTTP/1.0
 * proxies are served the same.
 */
import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Answer, Clock, Inlet, Link, Stream, StreamDoing, Task } from "@parlance/core";
import { type ErrorCode, errors, type NoticeEvent, ProtocolError } from "@parlance/protocol";
import { unsentBytesOf } from "../unsent-bytes.ts";
import type { Beating } from "../wheel.ts";
import { answerError } from "./answer.ts";

/** How long the peer has to take what is left when its stream ends. Milliseconds. */
const closeTimeoutMs = 10_000;

/** Who is told what becomes of a stream. */
export interface StreamOwner {
  readonly clock: Clock;
  /** Its request was answered with success. */
  streamOpened(link: StreamLink): void;
  /** Its request was answered with an error. */
  streamRefused(link: StreamLink, error: ProtocolError): void;
  /** Its connection is gone, or free for another request. Called once. */
  streamClosed(link: StreamLink): void;
}

/** What a stream is made of. */
export interface StreamParts {
  readonly response: ServerResponse;
  readonly stream: Stream;
  readonly contentType: string;
  readonly heartbeat: Uint8Array;
  /** The peer's IP address. */
  readonly address: string;
}

const nothing: Buffer = Buffer.alloc(0);

/** One stream: waiting until it is known that there will be one, then open, then over. */
export class StreamLink implements Link, Beating, StreamDoing {
  readonly address: string;
  readonly stream: Stream;
  readonly #parts: StreamParts;
  readonly #owner: StreamOwner;
  #state: "waiting" | "open" | "over" = "waiting";
  #socket: Socket | undefined;
  #inlet: Inlet | undefined;
  #awaitsFlush = false;
  /** Where the wheel keeps it; undefined before it is open. */
  slot: number | undefined;

  constructor(parts: StreamParts, owner: StreamOwner) {
    this.#parts = parts;
    this.#owner = owner;
    this.address = parts.address;
    this.stream = parts.stream;
    parts.response.on("close", () => this.#closed());
    // A failing connection also closes, and the close is acted on.
    parts.response.on("error", () => {});
  }

  /** Begins. */
  start(inlet: Inlet): void {
    this.#inlet = inlet;
    this.stream.opened(this);
  }

  // --- What the dialect does ------------------------------------------------------------------------

  perform(task: Task, answer: Answer): void {
    this.#inlet?.perform(task, answer);
  }

  send(text: string): void {
    this.#inlet?.send(text);
  }

  end(code: ErrorCode): void {
    this.#inlet?.end(code);
  }

  after(delayMs: number, run: () => void): void {
    this.#owner.clock.after(delayMs, () => {
      if (this.#state !== "over") run();
    });
  }

  accept(): void {
    const { response, contentType } = this.#parts;
    const { socket } = response;
    if (this.#state !== "waiting") return;
    if (socket === null) {
      // Pipelined behind a request that is not answered yet: there is nothing to write to.
      this.refuse(new ProtocolError("bad_request"));
      return;
    }
    this.#state = "open";
    this.#socket = socket;
    response.useChunkedEncodingByDefault = false;
    response.writeHead(200, {
      "content-type": contentType,
      // nginx would gather the events otherwise.
      "x-accel-buffering": "no",
      connection: "close",
    });
    response.flushHeaders();
    this.#owner.streamOpened(this);
  }

  refuse(error: ProtocolError): void {
    if (this.#state !== "waiting") return;
    this.#state = "over";
    answerError(this.#parts.response, error);
    this.#owner.streamRefused(this, error);
    this.#inlet?.closed(1000);
  }

  // --- What the node does ---------------------------------------------------------------------------

  get unsentBytes(): number {
    return this.#socket === undefined ? 0 : unsentBytesOf(this.#socket);
  }

  write(chunk: Uint8Array): void {
    if (this.#state !== "open" || this.#socket === undefined) return;
    this.#socket.write(this.stream.personal?.(chunk) ?? chunk);
    if (this.#socket.writableLength > 0) this.#awaitFlush(this.#socket);
  }

  close(_code: number, reason: string): void {
    const code = Object.hasOwn(errors, reason) ? (reason as ErrorCode) : "internal";
    if (this.#state === "waiting") this.refuse(new ProtocolError(code));
    if (this.#state !== "open") return;
    const words = this.stream.lastWords(code);
    if (words !== undefined) this.#socket?.write(words);
    this.#state = "over";
    const { response } = this.#parts;
    response.end();
    const timer = this.#owner.clock.after(closeTimeoutMs, () => response.destroy());
    response.once("close", () => timer.cancel());
  }

  terminate(): void {
    this.#state = "over";
    this.#parts.response.destroy();
  }

  /* The node may be in the middle of telling many; what follows from it comes when that is done. */
  told(notice: NoticeEvent): void {
    queueMicrotask(() => {
      if (this.#state !== "over") this.stream.told(notice);
    });
  }

  // --- The connection -------------------------------------------------------------------------------

  /* Behind unsent bytes a heartbeat keeps nobody awake. */
  ping(): void {
    if (this.#state !== "open" || this.#socket === undefined) return;
    if (this.#socket.writableLength === 0) this.#socket.write(this.#parts.heartbeat);
  }

  /** A stream's peer never says anything. One that is gone is found by TCP, or by the node when it takes nothing. */
  endIfSilent(): void {}

  /* Not the socket's `drain`: that comes only after more than its high-water mark was waiting. */
  #awaitFlush(socket: Socket): void {
    if (this.#awaitsFlush) return;
    this.#awaitsFlush = true;
    socket.write(nothing, () => {
      this.#awaitsFlush = false;
      if (this.#state !== "open") return;
      if (socket.writableLength > 0) this.#awaitFlush(socket);
      this.#inlet?.drained();
    });
  }

  #closed(): void {
    this.#state = "over";
    this.#inlet?.closed(1006);
    this.#owner.streamClosed(this);
  }
}
