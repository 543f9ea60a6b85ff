/** The one port: opening and closing it, and the addresses that lead to it. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Report } from "@parlance/core";
import { hardenHttpServer, maxHeaderBytes } from "@parlance/gateway";
import type { Config } from "./config/schema.ts";

/** For requests under way when the listener closes. */
const requestGraceMs = 2_000;

/**
 * Listens, and answers 503 until somebody else listens for requests and `answerNotYet` is taken off.
 *
 * @throws the system's error from listening.
 */
export async function openListener(
  { host, port }: Pick<Config, "host" | "port">,
  report: Report,
): Promise<Server> {
  const server = createServer({ maxHeaderSize: maxHeaderBytes });
  // A `listen` that fails is thrown from here, in words; the log need not tell it too.
  hardenHttpServer(server, (level, event, fields) => {
    if (server.listening) report(level, event, fields);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port }, () => {
      server.off("error", reject);
      resolve();
    });
  });
  server.on("request", answerNotYet);
  return server;
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
export function localUrlOf({ host }: Config, server: Server): string {
  const isEvery = host === "0.0.0.0" || host === "::";
  const reachable = isEvery ? "127.0.0.1" : host;
  return `http://${reachable.includes(":") ? `[${reachable}]` : reachable}:${portOf(server)}`;
}

/** Where people reach it. */
export function publicUrlOf(config: Config, server: Server): string {
  return config.public_url?.replace(/\/+$/, "") ?? localUrlOf(config, server);
}
