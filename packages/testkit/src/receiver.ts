/** A receiver of webhooks, as an application would write one, and as none should. */
import {
  createServer,
  type IncomingHttpHeaders,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** One event of a request. */
export interface ReceivedEvent {
  readonly id: string;
  readonly type: string;
  readonly room?: string;
  readonly sequence?: number;
  readonly [field: string]: unknown;
}

export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly events: readonly ReceivedEvent[];
}

/** Ends a request in its own way. */
export type Behave = (request: Received, response: ServerResponse) => void;

export const behave: {
  readonly take: Behave;
  readonly answer: (status: number, headers?: Readonly<Record<string, string>>) => Behave;
  readonly hang: Behave;
  readonly flood: Behave;
  readonly cut: Behave;
} = {
  take: (_, response) => void response.writeHead(204).end(),
  answer:
    (status, headers = {}) =>
    (_, response) =>
      void response.writeHead(status, headers).end(),
  hang: () => undefined,
  /** An answer that has no end. */
  flood: (_, response) => {
    const chunk = Buffer.alloc(65_536, "x");
    const more = (): void => {
      while (response.write(chunk)) if (response.destroyed) return;
      response.once("drain", more);
    };
    response.writeHead(200);
    more();
  },
  /** Says yes, promises more, and breaks off. */
  cut: (_, response) => {
    response.writeHead(200, { "content-length": "100" });
    response.write("half of");
    setTimeout(() => response.destroy(), 10);
  },
};

/** Listens on a port of its own. */
export class Receiver {
  /** Requests as they came; of those only that were taken, in `taken`. */
  readonly requests: Received[] = [];
  /** Events of requests that were answered with 204, in their order. */
  readonly taken: ReceivedEvent[] = [];
  behaviour: Behave = behave.take;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async listen(): Promise<Receiver> {
    const server = createServer();
    const receiver = new Receiver(server);
    server.on("request", (request, response: ServerResponse) => {
      void text(request)
        .then((body) => {
          const { events } = JSON.parse(body) as { events: ReceivedEvent[] };
          const received = { headers: request.headers, body, events };
          receiver.requests.push(received);
          receiver.behaviour(received, response);
          if (response.statusCode === 204) receiver.taken.push(...events);
        })
        .catch(() => response.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hook`;
  }

  /** Texts of the messages of a room that were taken, in their order. */
  texts(room: string): readonly unknown[] {
    return this.taken.flatMap((event) =>
      event.room === room && event.type === "message.created"
        ? [(event["data"] as { readonly text: string } | undefined)?.text]
        : [],
    );
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
