/** Something that listens where the server should be, and behaves badly. */
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";

export class Rogue {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** What each connection sent. */
  readonly requests: string[] = [];

  private constructor(server: Server) {
    this.#server = server;
  }

  /** @param behave Called once for each connection, when a whole request has come. */
  static async start(behave: (socket: Socket) => void): Promise<Rogue> {
    const server = createServer();
    const rogue = new Rogue(server);
    server.on("connection", (socket) => rogue.#take(socket, behave));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return rogue;
  }

  /** Answers every request with these bytes and closes. */
  static answering(bytes: string): Promise<Rogue> {
    return Rogue.start((socket) => socket.end(bytes));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  #take(socket: Socket, behave: (socket: Socket) => void): void {
    const at = this.requests.push("") - 1;
    let isWhole = false;
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    socket.on("data", (chunk: Buffer) => {
      this.requests[at] += chunk.toString();
      const [head = "", body] = (this.requests[at] ?? "").split("\r\n\r\n");
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
      if (isWhole || body === undefined || Buffer.byteLength(body) < length) return;
      isWhole = true;
      behave(socket);
    });
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }
}

/** An answer in HTTP. */
export function http(status: string, body: string, headers: readonly string[] = []): string {
  const head = [`HTTP/1.1 ${status}`, `Content-Length: ${Buffer.byteLength(body)}`, ...headers];
  return `${head.join("\r\n")}\r\n\r\n${body}`;
}
