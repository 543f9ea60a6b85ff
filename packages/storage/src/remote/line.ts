import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { StorageError } from "@parlance/core";
import { FrameReader, writeFrames } from "./frames.ts";
import { type Answer, methods, type OwnerFrame, type Request } from "./messages.ts";

/** Calls that may be without an answer before new ones are refused. */
const maxUnanswered = 50_000;
/** What may wait for the socket before new calls are refused. */
const maxUnsentBytes = 67_108_864;
const requestsAtOnce = 1_000;
/** Between two attempts to reach the owner again; doubled until the second. Milliseconds. */
const retryMs = { first: 20, most: 1_000 };

export type Hello = OwnerFrame & { readonly type: "hello" };

/** What a line tells whoever made it. */
export interface LineEvents {
  /** At the first connection and at each later one. */
  hello(hello: Hello): void;
  checked(frame: OwnerFrame & { readonly type: "checked" }): void;
}

interface Call {
  readonly isWrite: boolean;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * The way to the owner. What one turn of the event loop asks for is one write, as the writer's group commit wants it. A
 * connection that is lost answers all that it had: a write that left may have happened, everything else did not. Then
 * it is made anew, and until it is there calls are refused at once.
 */
export class Line {
  readonly #path: string;
  readonly #events: LineEvents;
  #socket: Socket | undefined;
  /** Whether the owner has said its first words on the socket. */
  #isOpen = false;
  #waiting: Request[] = [];
  /** By id, those that wait too. */
  readonly #calls = new Map<number, Call>();
  #lastId = 0;
  #retry: NodeJS.Timeout | undefined;
  #retryMs = retryMs.first;
  /** Why nothing is taken any more. */
  #closed: string | undefined;
  #onIdle: (() => void) | undefined;

  constructor(path: string, events: LineEvents) {
    this.#path = path;
    this.#events = events;
  }

  /** Connects for the first time. @throws StorageError if nobody answers there. */
  async open(): Promise<void> {
    const socket = this.#dial();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    socket.once("parlance-hello", resolve);
    socket.once("close", () => reject(new StorageError("nobody serves the store", "none")));
    await promise;
  }

  /** @param method Its number. @throws StorageError as the owner says, or as the connection's end means. */
  ask(method: number, args: readonly unknown[]): Promise<unknown> {
    if (this.#closed !== undefined) return refused(this.#closed);
    if (!this.#isOpen || this.#socket === undefined) return refused("the store does not answer");
    const isFull =
      this.#calls.size >= maxUnanswered || this.#socket.writableLength > maxUnsentBytes;
    if (isFull) return refused("too many calls are waiting for the store");
    this.#lastId += 1;
    const id = this.#lastId;
    if (this.#waiting.length === 0) setImmediate(() => this.#send());
    this.#waiting.push([id, method, args]);
    const isWrite = methods[method]?.effect === "write";
    return new Promise((resolve, reject) => {
      this.#calls.set(id, { isWrite, resolve, reject });
    });
  }

  /** Takes nothing more, waits for the answers to what was asked, and hangs up. */
  async close(): Promise<void> {
    this.#closed ??= "the store is closed";
    clearTimeout(this.#retry);
    if (this.#calls.size > 0) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
    }
    const socket = this.#socket;
    if (socket === undefined) return;
    const closed = once(socket, "close");
    socket.end();
    await closed;
  }

  /** Nothing is taken any more, and nothing tried again. */
  giveUp(reason: string): void {
    this.#closed ??= reason;
    this.#socket?.destroy();
  }

  #dial(): Socket {
    const socket = connect(this.#path);
    const reader = new FrameReader();
    this.#socket = socket;
    socket.on("error", () => {});
    socket.on("data", (chunk) => {
      try {
        for (const frame of reader.read(chunk)) this.#heard(socket, frame as OwnerFrame);
      } catch {
        socket.destroy();
      }
    });
    socket.once("close", () => this.#lost());
    return socket;
  }

  #heard(socket: Socket, frame: OwnerFrame): void {
    switch (frame.type) {
      case "hello":
        this.#isOpen = true;
        this.#retryMs = retryMs.first;
        this.#events.hello(frame);
        socket.emit("parlance-hello");
        return;
      case "checked":
        this.#events.checked(frame);
        return;
      case "answers":
        for (const answer of frame.answers) this.#settle(answer);
        if (this.#calls.size === 0) this.#onIdle?.();
        return;
      default:
        frame satisfies never;
    }
  }

  #settle([id, value, message, effect]: Answer): void {
    const call = this.#calls.get(id);
    if (call === undefined) return;
    this.#calls.delete(id);
    if (message === undefined) call.resolve(value);
    else call.reject(new StorageError(message, effect ?? "unknown"));
  }

  #send(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    const socket = this.#socket;
    // Its end has answered them.
    if (!this.#isOpen || socket === undefined) return;
    const frames: Buffer[] = [];
    try {
      frames.push(...writeFrames(waiting, requestsAtOnce, (some) => some));
    } catch {
      // One of them cannot be sent, which is no reason to refuse the others.
      for (const request of waiting) this.#writeAlone(request, frames);
    }
    socket.cork();
    for (const frame of frames) socket.write(frame);
    socket.uncork();
  }

  #writeAlone(request: Request, frames: Buffer[]): void {
    try {
      frames.push(...writeFrames([request], 1, (some) => some));
    } catch (error) {
      const [id] = request;
      this.#calls.get(id)?.reject(new StorageError("cannot be sent", "none", { cause: error }));
      this.#calls.delete(id);
    }
  }

  #lost(): void {
    this.#socket = undefined;
    this.#isOpen = false;
    const unsent = new Set(this.#waiting.map(([id]) => id));
    this.#waiting = [];
    const calls = [...this.#calls];
    this.#calls.clear();
    for (const [id, { isWrite, reject }] of calls) {
      const effect = isWrite && !unsent.has(id) ? "unknown" : "none";
      reject(new StorageError("the connection to the store was lost", effect));
    }
    this.#onIdle?.();
    if (this.#closed !== undefined) return;
    this.#retry = setTimeout(() => this.#dial(), this.#retryMs);
    this.#retryMs = Math.min(retryMs.most, this.#retryMs * 2);
  }
}

function refused(reason: string): Promise<never> {
  return Promise.reject(new StorageError(reason, "none"));
}
