/** What nginx and Apache do in their authors' configurations: the path as it came, the peer in a header, both ways. */
import { createServer, type IncomingMessage, request, type Server } from "node:http";
import { freePort } from "@parlance/testkit/server-process";

/** Where a path leads. Paths are passed on unchanged. */
export type Routes = Readonly<Record<string, number>>;

export class Proxy {
  readonly port: number;
  readonly #server: Server;

  private constructor(port: number, routes: Routes, peer: string) {
    this.port = port;
    this.#server = createServer((_, response) => response.writeHead(404).end());
    this.#server.on("upgrade", (incoming: IncomingMessage, socket, head) => {
      socket.on("error", () => {});
      const target = routes[incoming.url ?? ""];
      if (target === undefined) return socket.end("HTTP/1.1 404 Not Found\r\n\r\n");
      const outgoing = request({
        port: target,
        host: "127.0.0.1",
        path: incoming.url,
        headers: { ...incoming.headers, "x-real-ip": peer, "x-forwarded-for": peer },
      });
      outgoing.on("error", () => socket.destroy());
      outgoing.on("response", ({ statusCode }) => {
        socket.end(`HTTP/1.1 ${statusCode} Refused\r\nContent-Length: 0\r\n\r\n`);
      });
      outgoing.on("upgrade", (answer, upstream, rest) => {
        upstream.on("error", () => socket.destroy());
        const lines = Object.entries(answer.headers).map(
          ([name, value]) => `${name}: ${String(value)}`,
        );
        socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join("\r\n")}\r\n\r\n`);
        socket.write(rest);
        upstream.write(head);
        upstream.pipe(socket).pipe(upstream);
      });
      outgoing.end();
      return undefined;
    });
  }

  /** @param peer The address that it says its clients have. */
  static async start(routes: Routes, peer: string): Promise<Proxy> {
    const proxy = new Proxy(await freePort(), routes, peer);
    await new Promise<void>((resolve) =>
      proxy.#server.listen(proxy.port, "127.0.0.1", () => resolve()),
    );
    return proxy;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
