import type { AddressInfo } from "node:net";
import { connect, createServer, type Server, type Socket } from "node:net";

interface Pair {
  readonly near: Socket;
  readonly far: Socket;
  isDead: boolean;
}

/** A TCP line between a client and a server that can be cut, as a lost network or a pulled cable does. */
export class BreakableLine {
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  #isDown = false;
  /** Connections that were refused while the line was down. */
  refused = 0;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Listens on a free port of the loopback address and leads to `target`. */
  static async open(target: number): Promise<BreakableLine> {
    const server = createServer({ noDelay: true });
    const line = new BreakableLine(server);
    server.on("connection", (near) => line.#join(near, target));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return line;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  #join(near: Socket, target: number): void {
    if (this.#isDown) {
      this.refused += 1;
      near.resetAndDestroy();
      return;
    }
    const far = connect({ port: target, host: "127.0.0.1", noDelay: true });
    const pair: Pair = { near, far, isDead: false };
    this.#pairs.add(pair);
    near.on("data", (bytes) => {
      if (!pair.isDead) far.write(bytes);
    });
    far.on("data", (bytes) => {
      if (!pair.isDead) near.write(bytes);
    });
    near.on("error", () => {});
    far.on("error", () => {});
    near.on("close", () => this.#part(pair, far));
    far.on("close", () => this.#part(pair, near));
  }

  #part(pair: Pair, other: Socket): void {
    if (pair.isDead) return;
    this.#pairs.delete(pair);
    other.destroy();
  }

  /**
   * Breaks what is open and refuses what comes.
   *
   * @param isNoticed False: the server's side stays open and silent until `close`, and what it sends is swallowed.
   */
  cut(isNoticed: boolean): void {
    this.#isDown = true;
    for (const pair of this.#pairs) {
      pair.isDead = true;
      pair.near.resetAndDestroy();
      if (isNoticed) pair.far.destroy();
    }
  }

  /** The line is back; what was cut stays cut. */
  mend(): void {
    this.#isDown = false;
  }

  close(): void {
    this.cut(true);
    this.#server.close();
  }
}
