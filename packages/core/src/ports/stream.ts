/** Dialects of streams: one HTTP request, and then events for as long as it lasts. */
import type { ErrorCode, NoticeEvent, ProtocolError } from "@parlance/protocol";
import type { Answer } from "../gate.ts";
import type { Bytes, Dialect, Task } from "./wire.ts";

/** What a request for a stream says, and the transport's advice. */
export interface StreamRequest {
  /** Of its target, as sent: up to the `?`, and what is behind it. */
  readonly path: string;
  readonly query: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** When a client should come back after the stream broke off, and after the server said goodbye. Milliseconds. */
  readonly retryMs: number;
  readonly retryAfterDrainMs: number;
}

/** A dialect of streams. As `Dialect` it translates only, has no I/O, and is total over any request. */
export interface StreamDialect {
  readonly name: string;
  /** What is written now and then so that nobody in between takes the stream for dead. */
  readonly heartbeat: string;
  /** `Content-Type` of its answers. */
  readonly contentType: string;
  /** Its kinds of events' bytes; `Stream.dialect` is one of them. */
  readonly dialects: readonly Dialect[];
  /** Whether it answers at this path. */
  takes(path: string): boolean;
  /** @throws ProtocolError for a request that cannot be answered with a stream. */
  begin(request: StreamRequest): Stream;
}

/** One stream, from its request to its end. */
export interface Stream {
  /** Streams with the same one share all bytes, save for what `personal` makes of them. */
  readonly dialect: Dialect;
  /** The connection ticket that it came with. */
  readonly ticket?: string;
  /** The node has the connection. Called once. */
  opened(doing: StreamDoing): void;
  /** The node told the connection something; its bytes may still be queued. */
  told(notice: NoticeEvent): void;
  /** What goes out in place of a chunk of whole frames. Absent: the chunk itself. */
  personal?(chunk: Bytes): Bytes;
  /** What is written at the end. */
  lastWords(code: ErrorCode): string | undefined;
}

/** What a stream may do with its connection. */
export interface StreamDoing {
  /** As `Inlet.perform`. */
  perform(task: Task, answer: Answer): void;
  /** Answers the request with success; everything written follows. Once. */
  accept(): void;
  /** Answers the request with an error instead; the connection is over. */
  refuse(error: ProtocolError): void;
  /** As `Inlet.send`. */
  send(text: string): void;
  /** As `Inlet.end`. */
  end(code: ErrorCode): void;
  /** Later, unless the connection is over by then. */
  after(delayMs: number, run: () => void): void;
}
