/** A line to a service that tests can cut, close, slow down, look into, or let fall silent. */
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { Flow, type FlowFaults, type Transform } from "./tcp-flow.ts";

export type { Transform } from "./tcp-flow.ts";

/** Where a proxy leads, or listens: a port of this machine, or a Unix domain socket. */
export type ProxyPlace =
  | { readonly host: string; readonly port: number }
  | { readonly path: string };

/** Which way bytes go: the *client* is who connected to the proxy, the *server* is what it leads to. */
export type Direction = "both" | "toServer" | "toClient";

/** How a connection ends: at once with a reset, or in good order. */
export type Ending = "rst" | "fin";

/** One connection that passes through. */
export interface ProxiedConnection {
  cut(ending?: Ending): void;
  /** Everything waits, in one direction or both, until `resume`. The rest of the line goes on. */
  hold(direction?: Direction): void;
  resume(): void;
}

/** What looks into a connection; each is asked once, when the connection comes. */
export type Inspector = (connection: ProxiedConnection) => {
  readonly toServer?: Transform;
  readonly toClient?: Transform;
};

type Way = Exclude<Direction, "both">;

const ways = ["toServer", "toClient"] as const;

function waysOf(direction: Direction): readonly Way[] {
  return direction === "both" ? ways : [direction];
}

/**
 * Stands between clients and a service. At first it passes everything. Faults hold for what is open and what comes,
 * until `pass`; only `cut` and `halfClose` happen once, to what is open.
 */
export class TcpProxy {
  #to: ProxyPlace;
  readonly #at: ProxyPlace | undefined;
  readonly #pairs = new Set<Pair>();
  readonly #faults: Record<Way, FlowFaults> = {
    toServer: { isHeld: false, delayMs: 0, bytesPerSecond: 0 },
    toClient: { isHeld: false, delayMs: 0, bytesPerSecond: 0 },
  };
  #server: Server | undefined;
  #port = 0;
  /** Looks into connections that come from now on. */
  inspector: Inspector | undefined;
  /** Connections taken so far. */
  accepted = 0;

  private constructor(to: ProxyPlace, at: ProxyPlace | undefined) {
    this.#to = to;
    this.#at = at;
  }

  /** @param at Absent: a free port of the loopback address. */
  static async open(to: ProxyPlace, at?: ProxyPlace): Promise<TcpProxy> {
    const proxy = new TcpProxy(to, at);
    await proxy.#listen();
    return proxy;
  }

  /** Stays the same over `refuse`. 0 for a proxy on a path. */
  get port(): number {
    return this.#port;
  }

  /** Connections that are open through it. */
  get connections(): number {
    return this.#pairs.size;
  }

  /** Where newcomers are led from now on: to another server, while clients keep their address. */
  leadTo(place: ProxyPlace): void {
    this.#to = place;
  }

  /** Takes connections again, and lets everything through, at once, that was held back. */
  async pass(): Promise<void> {
    for (const way of ways) {
      Object.assign(this.#faults[way], { isHeld: false, delayMs: 0, bytesPerSecond: 0 });
    }
    if (this.#server === undefined) await this.#listen();
    for (const pair of this.#pairs) pair.resume();
  }

  /** Cuts what is open, with a reset; newcomers find nobody listening. */
  async refuse(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    const closed =
      server === undefined
        ? undefined
        : new Promise<void>((resolve) => server.close(() => resolve()));
    this.cut();
    await closed;
  }

  /** Ends what is open. Newcomers are treated as before. */
  cut(ending: Ending = "rst"): void {
    for (const pair of this.#pairs) pair.cut(ending);
    this.#pairs.clear();
  }

  /** Connections stay open, and newcomers get one, but not a byte comes through, as behind a frozen entry of a NAT. */
  blackHole(direction: Direction = "both"): void {
    this.#change(direction, (faults) => {
      faults.isHeld = true;
    });
  }

  /** Holds each byte back by so long. */
  delay(delayMs: number, direction: Direction = "both"): void {
    this.#change(direction, (faults) => {
      faults.delayMs = delayMs;
    });
  }

  throttle(bytesPerSecond: number, direction: Direction = "both"): void {
    this.#change(direction, (faults) => {
      faults.bytesPerSecond = bytesPerSecond;
    });
  }

  /** One side hears FIN and may go on speaking. */
  halfClose(way: Exclude<Direction, "both">): void {
    for (const pair of this.#pairs) pair.halfClose(way);
  }

  /** Ends everything. */
  async close(): Promise<void> {
    await this.refuse();
  }

  #change(direction: Direction, change: (faults: FlowFaults) => void): void {
    for (const way of waysOf(direction)) change(this.#faults[way]);
    for (const pair of this.#pairs) pair.pump();
  }

  #listen(): Promise<void> {
    const server = createServer({ noDelay: true, allowHalfOpen: true }, (near) => this.#join(near));
    this.#server = server;
    const at = this.#at ?? { host: "127.0.0.1", port: this.#port };
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(at, () => {
        server.off("error", reject);
        const address = server.address() as AddressInfo | string;
        this.#port = typeof address === "string" ? 0 : address.port;
        resolve();
      });
    });
  }

  #join(near: Socket): void {
    this.accepted += 1;
    const far = connect({ ...this.#to, noDelay: true, allowHalfOpen: true });
    const pair = new Pair(near, far, this.#faults, this.inspector);
    this.#pairs.add(pair);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      // Who is gone with a reset is gone with a reset on the other side, too.
      socket.on("error", () => reset(other));
      socket.on("close", () => {
        this.#pairs.delete(pair);
        // Whoever ended in good order may have said something that is still on its way.
        if (socket.readableEnded) pair.drain(other);
        else other.destroy();
      });
    }
  }
}

class Pair implements ProxiedConnection {
  readonly #near: Socket;
  readonly #far: Socket;
  readonly #own: Record<Way, FlowFaults>;
  readonly #flows: readonly Flow[];

  constructor(near: Socket, far: Socket, line: Record<Way, FlowFaults>, inspector?: Inspector) {
    this.#near = near;
    this.#far = far;
    this.#own = { toServer: withOwnHold(line.toServer), toClient: withOwnHold(line.toClient) };
    const look = inspector?.(this) ?? {};
    this.#flows = [
      new Flow(near, far, this.#own.toServer, look.toServer),
      new Flow(far, near, this.#own.toClient, look.toClient),
    ];
    this.pump();
  }

  pump(): void {
    for (const flow of this.#flows) flow.pump();
  }

  hold(direction: Direction = "both"): void {
    for (const way of waysOf(direction)) this.#own[way].isHeld = true;
    this.pump();
  }

  resume(): void {
    for (const way of ways) this.#own[way].isHeld = false;
    this.pump();
  }

  cut(ending: Ending = "rst"): void {
    for (const flow of this.#flows) flow.stop();
    for (const socket of [this.#near, this.#far]) {
      if (ending === "rst") reset(socket);
      else socket.destroySoon();
    }
  }

  /** One side is gone: the other is let go of when it has everything. */
  drain(last: Socket): void {
    const flow = this.#flows[last === this.#far ? 0 : 1];
    flow?.finish(() => last.destroySoon());
  }

  /** Ends one direction only; the other goes on. */
  halfClose(way: Way): void {
    (way === "toServer" ? this.#far : this.#near).end();
  }
}

/* Only TCP has resets. One that has sent FIN cannot be reset, and libuv would never let go of it. */
function reset(socket: Socket): void {
  if (socket.remoteAddress === undefined || socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}

/** The line's faults, and a hold of one connection on top. */
function withOwnHold(line: FlowFaults): FlowFaults {
  let isHeld = false;
  return {
    get isHeld() {
      return isHeld || line.isHeld;
    },
    set isHeld(value: boolean) {
      isHeld = value;
    },
    get delayMs() {
      return line.delayMs;
    },
    get bytesPerSecond() {
      return line.bytesPerSecond;
    },
  };
}
