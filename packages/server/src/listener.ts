/** The one port: opening and closing it, and the addresses that lead to it. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, ListenOptions } from "node:net";
import type { Report } from "@parlance/core";
import { hardenHttpServer, maxHeaderBytes } from "@parlance/gateway";
import type { Config } from "./config/schema.ts";

/** For requests under way when the listener closes. */
const requestGraceMs = 2_000;
/** Between two looks at what is still open. */
const lookMs = 50;

/**
 * How several processes have one port. `system`: each listens, and the kernel spreads connections over them
 * (`SO_REUSEPORT`). `cluster`: the primary accepts, and hands connections on in turn (`node:cluster`).
 */
export type PortSharing = "system" | "cluster";

/** Ports that other processes have too. They are not opened before this one can serve: the others can already. */
export class SharedPorts {
  readonly sharing: PortSharing;
  readonly #waiting: (() => Promise<void>)[] = [];

  constructor(sharing: PortSharing) {
    this.sharing = sharing;
  }

  add(listen: () => Promise<void>): void {
    this.#waiting.push(listen);
  }

  /** @throws the system's error from listening. */
  async open(): Promise<void> {
    await Promise.all(this.#waiting.splice(0).map((listen) => listen()));
  }
}

/** How ports are best shared here. */
export async function portSharing(host: string): Promise<PortSharing> {
  const server = createServer();
  try {
    await listen(server, { host, port: 0, reusePort: true });
    await closeListener(server);
    return "system";
  } catch {
    return "cluster";
  }
}

/**
 * Listens, and answers 503 until somebody else listens for requests and `answerNotYet` is taken off.
 *
 * @param shared Listens later, when that is opened.
 * @throws the system's error from listening.
 */
export async function openListener(
  { host, port }: Pick<Config, "host" | "port">,
  report: Report,
  shared?: SharedPorts,
): Promise<Server> {
  const server = createServer({ maxHeaderSize: maxHeaderBytes });
  // A `listen` that fails is thrown from here, in words; the log need not tell it too.
  hardenHttpServer(server, (level, event, fields) => {
    if (server.listening) report(level, event, fields);
  });
  server.on("request", answerNotYet);
  if (shared === undefined) await listen(server, { host, port });
  else shared.add(() => listen(server, { host, port, reusePort: shared.sharing === "system" }));
  return server;
}

function listen(server: Server, place: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(place, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

/**
 * For requests that come before the routes are there. `EventSource` takes any status for final and comes back only
 * where the connection breaks; of those that return after a restart none may be lost for good.
 */
export function answerNotYet({ headers }: IncomingMessage, response: ServerResponse): void {
  if (headers.accept === "text/event-stream") {
    response.destroy();
    return;
  }
  response.writeHead(503, { "retry-after": "1", connection: "close" }).end();
}

/**
 * From now on each answer is the last of its connection. A proxy keeps connections for later: one that is closed while a
 * request is on its way there fails that request.
 */
export function lastAnswers(server: Server): void {
  server.prependListener("request", (_request, response) => {
    response.setHeader("connection", "close");
  });
}

/**
 * Resolves when nobody keeps a connection any more, at the latest when one that was kept as `lastAnswers` began has been idle for
 * so long that its owner has to count with its end. A proxy sends a request over such a connection at any moment, and
 * tells its client 502 if it finds it closed.
 *
 * @param since When `lastAnswers` began, as `performance.now()` has it.
 */
export async function keptConnectionsOver(server: Server, since: number): Promise<void> {
  const end = since + server.keepAliveTimeout + lookMs;
  while (performance.now() < end && (await openConnections(server)) > 0) {
    await new Promise((resolve) => setTimeout(resolve, lookMs));
  }
}

function openConnections(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.getConnections((error, count) => resolve(error === null ? count : 0));
  });
}

/** Requests under way are answered; connections that wait for a next one are closed. */
export function closeListener(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), requestGraceMs).unref();
  });
}

export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

/** An address of this machine; every network's address stands for this one too. */
export function localUrlOf({ host, port }: Config, server: Server): string {
  const isEvery = host === "0.0.0.0" || host === "::";
  const reachable = isEvery ? "127.0.0.1" : host;
  return `http://${reachable.includes(":") ? `[${reachable}]` : reachable}:${server.listening ? portOf(server) : port}`;
}

/** Where people reach it. */
export function publicUrlOf(config: Config, server: Server): string {
  return config.public_url?.replace(/\/+$/, "") ?? localUrlOf(config, server);
}
