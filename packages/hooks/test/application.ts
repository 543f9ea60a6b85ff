/** An application on a port of its own, whose answers a test gives. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Report } from "@parlance/core";
import type { HttpHookOptions } from "../src/index.ts";

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export class TestApplication {
  readonly asked: { readonly headers: IncomingMessage["headers"]; readonly body: string }[] = [];
  readonly reports: Parameters<Report>[] = [];
  /** Sockets that came. */
  connections = 0;
  now = 1_764_201_600_500;
  answer: Answer = (_, response) => response.writeHead(204).end();
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<TestApplication> {
    const server = createServer();
    const application = new TestApplication(server);
    server.on("connection", () => {
      application.connections += 1;
    });
    server.on("request", (request: IncomingMessage, response: ServerResponse) => {
      let body = "";
      request.setEncoding("utf8");
      request.on("data", (chunk: string) => {
        body += chunk;
      });
      request.on("end", () => {
        application.asked.push({ headers: request.headers, body });
        application.answer(request, response);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return application;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** What a hook needs that asks this application. */
  options(): HttpHookOptions {
    return {
      url: `http://127.0.0.1:${this.port}/hook`,
      secret: "what-the-application-and-the-server-know",
      timeoutMs: 5_000,
      atOnce: 10,
      clock: { now: () => this.now, monotonic: () => this.now },
      report: (...line) => void this.reports.push(line),
    };
  }

  says(status: number, text = ""): void {
    this.answer = (_, response) => response.writeHead(status).end(text);
  }

  /** Bodies of what was asked. */
  questions(): unknown[] {
    return this.asked.map(({ body }) => JSON.parse(body) as unknown);
  }

  /** Reasons that the operator was told. */
  reasons(): unknown[] {
    return this.reports.map(([, , fields]) => fields["reason"]);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
