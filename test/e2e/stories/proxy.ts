/**
 * Somebody's web server in front of ours, as Apache stands before PorticoEstate: pages of its own, `/wss` and our scripts
 * passed through. Its lines can be cut, and kept down.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";

export class Proxy {
  readonly #server: Server;
  readonly #port: number;
  readonly #pages = new Map<string, string>();
  readonly #lines = new Set<Duplex>();
  /** Further fields of the answer to the page at that path. */
  readonly headers = new Map<string, Readonly<Record<string, string>>>();
  /** Upgrades are refused while this is so. */
  isDown = false;

  private constructor(port: number) {
    this.#port = port;
    this.#server = createServer((request, response) => {
      const path = request.url ?? "/";
      const page = this.#pages.get(path);
      if (page !== undefined) {
        const more = this.headers.get(path) ?? {};
        response.writeHead(200, { "content-type": "text/html; charset=utf-8", ...more }).end(page);
        return;
      }
      fetch(`http://127.0.0.1:${port}${path}`)
        .then(async (answer) => {
          const type = answer.headers.get("content-type") ?? "text/plain";
          response.writeHead(answer.status, { "content-type": type });
          response.end(Buffer.from(await answer.arrayBuffer()));
        })
        .catch(() => response.writeHead(502).end());
    });
    this.#server.on("upgrade", (request, socket, head) => this.#pass(request, socket, head));
  }

  /** @param port Of our server. */
  static async start(port: number): Promise<Proxy> {
    const proxy = new Proxy(port);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** @returns the address of the page. */
  put(path: string, text: string): string {
    this.#pages.set(path, text);
    return `${this.url}${path}`;
  }

  /** Every WebSocket that passes through here is gone, without a word. */
  cut(): void {
    for (const line of this.#lines) line.destroy();
  }

  async stop(): Promise<void> {
    this.cut();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #pass(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const there: Socket = connect(this.#port, "127.0.0.1");
    for (const line of [socket, there]) {
      this.#lines.add(line);
      line.on("error", () => {});
      line.on("close", () => {
        this.#lines.delete(line);
        socket.destroy();
        there.destroy();
      });
    }
    if (this.isDown) {
      socket.destroy();
      return;
    }
    const fields: string[] = [];
    for (let index = 0; index < request.rawHeaders.length; index += 2) {
      fields.push(`${request.rawHeaders[index]}: ${request.rawHeaders[index + 1]}`);
    }
    there.write(`GET ${request.url} HTTP/1.1\r\n${fields.join("\r\n")}\r\n\r\n`);
    there.write(head);
    socket.pipe(there).pipe(socket);
  }
}
