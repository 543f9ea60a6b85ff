/**
 * A WebSocket server that says what a test tells it to. For the behaviour of scripts in a browser only: what the
 * product says is tested with the product.
 */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import fastify, { type FastifyInstance } from "fastify";
import { type WebSocket, WebSocketServer } from "ws";

/** A frame that is an object; its members are whatever was sent. */
export type Frame = Record<string, unknown>;

/** One connection of a page, as the server sees it. */
export class FakePeer {
  readonly origin: string | undefined;
  readonly frames: Frame[] = [];
  readonly #socket: WebSocket;

  constructor(socket: WebSocket, origin: string | undefined) {
    this.#socket = socket;
    this.origin = origin;
  }

  get types(): unknown[] {
    return this.frames.map(({ type }) => type);
  }

  get isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  send(frame: Frame | string): void {
    this.#socket.send(typeof frame === "string" ? frame : JSON.stringify(frame));
  }

  close(code: number, reason = ""): void {
    this.#socket.close(code, reason);
  }

  /** The line is cut: no closing handshake. */
  cut(): void {
    this.#socket.terminate();
  }
}

/** Keeps every connection and frame; answers with what `onFrame` sends. */
export class FakeServer {
  readonly peers: FakePeer[] = [];
  onOpen: (peer: FakePeer) => void = () => undefined;
  onFrame: (frame: Frame, peer: FakePeer) => void = () => undefined;
  #server: WebSocketServer | undefined;
  #port = 0;

  get url(): string {
    return `ws://127.0.0.1:${this.#port}`;
  }

  get port(): number {
    return this.#port;
  }

  get last(): FakePeer {
    const peer = this.peers.at(-1);
    if (peer === undefined) throw new Error("nobody connected");
    return peer;
  }

  /** Listens, after a `stop` on the same port again. */
  async start(): Promise<this> {
    const server = new WebSocketServer({ host: "127.0.0.1", port: this.#port });
    this.#server = server;
    await once(server, "listening");
    this.#port = (server.address() as AddressInfo).port;
    server.on("connection", (socket, request) => {
      const peer = new FakePeer(socket, request.headers.origin);
      this.peers.push(peer);
      socket.on("message", (data) => {
        // `ws` gives text as one buffer.
        const frame = JSON.parse((data as Buffer).toString("utf8")) as Frame;
        peer.frames.push(frame);
        this.onFrame(frame, peer);
      });
      this.onOpen(peer);
    });
    return this;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    for (const socket of server.clients) socket.terminate();
    await new Promise((resolve) => server.close(resolve));
  }
}

/** A site of somebody else: pages by path, with their policies. */
export class OtherSite {
  readonly #http: FastifyInstance = fastify();
  readonly #pages = new Map<string, string>();
  url = "";

  async start(headers: Record<string, string> = {}): Promise<this> {
    this.#http.get("/*", async (request, reply) => {
      const text = this.#pages.get(request.url);
      if (text === undefined) return reply.code(404).send();
      const type = request.url.endsWith(".js") ? "text/javascript" : "text/html";
      return reply.headers(headers).type(`${type}; charset=utf-8`).send(text);
    });
    this.url = await this.#http.listen({ host: "127.0.0.1", port: 0 });
    return this;
  }

  get server(): FastifyInstance["server"] {
    return this.#http.server;
  }

  /** Puts a text at that path. Returns its address. */
  put(path: string, text: string): string {
    this.#pages.set(path, text);
    return `${this.url}${path}`;
  }

  async stop(): Promise<void> {
    await this.#http.close();
  }
}

/** Waits until something is so. What cannot be asked yet, of somebody who has not connected, is not so yet. */
export async function until(isSo: () => boolean, what: string, withinMs = 10_000): Promise<void> {
  const end = Date.now() + withinMs;
  let trouble: unknown;
  const holds = (): boolean => {
    try {
      return isSo();
    } catch (error) {
      trouble = error;
      return false;
    }
  };
  while (!holds()) {
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`, { cause: trouble });
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
