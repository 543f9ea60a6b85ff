/** Reads `text/event-stream` as a plain HTTP client does, strictly, so that a test sees what is on the wire. */
import { request as httpRequest, type IncomingMessage } from "node:http";

/** One event, or a block that is none. */
export interface StreamEvent {
  /** As the block has it; the last id so far is `EventStreamReader.lastId`. */
  readonly id?: string;
  readonly event?: string;
  readonly retry?: number;
  // oxlint-disable-next-line typescript/no-explicit-any -- answers are looked at as they come
  readonly data?: any;
}

/** The answer to a request for a stream that is none. */
export class NoStreamError extends Error {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;

  constructor(status: number, headers: IncomingMessage["headers"], body: string) {
    super(`answered ${status}: ${body}`);
    this.status = status;
    this.headers = headers;
    this.body = body;
  }
}

const waitMs = 60_000;

/** One stream, read until it ends or is closed. */
export class EventStreamReader {
  readonly headers: IncomingMessage["headers"];
  /** All blocks with data, in order. */
  readonly events: StreamEvent[] = [];
  /** Comments seen. */
  heartbeats = 0;
  /** What an `EventSource` would come back with. */
  lastId = "";
  retry: number | undefined;
  isEnded = false;
  readonly #response: IncomingMessage;
  #unread = "";

  private constructor(response: IncomingMessage) {
    this.#response = response;
    this.headers = response.headers;
    response.setEncoding("utf8");
    response.on("data", (text: string) => this.#read(text));
    response.on("close", () => {
      this.isEnded = true;
    });
    response.on("error", () => {});
  }

  /** @throws NoStreamError for any answer but a stream. */
  static open(
    url: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<EventStreamReader> {
    return new Promise((resolve, reject) => {
      const request = httpRequest(url, { headers, agent: false }, (response) => {
        if (response.statusCode === 200) {
          resolve(new EventStreamReader(response));
          return;
        }
        let body = "";
        response.setEncoding("utf8");
        response.on("data", (text: string) => {
          body += text;
        });
        response.on("end", () => {
          reject(new NoStreamError(response.statusCode ?? 0, response.headers, body));
        });
      });
      request.on("error", reject);
      request.end();
    });
  }

  /** Sequences of the durable events of a room. */
  sequences(room?: string): number[] {
    return this.events.flatMap(({ data }) =>
      data.sequence !== undefined && (room === undefined || data.room === room)
        ? [data.sequence as number]
        : [],
    );
  }

  /** Types of all events, in order. */
  types(): (string | undefined)[] {
    return this.events.map(({ event }) => event);
  }

  find(type: string): StreamEvent | undefined {
    return this.events.find(({ event }) => event === type);
  }

  async until(what: string, holds: () => boolean): Promise<void> {
    const end = Date.now() + waitMs;
    while (!holds()) {
      if (Date.now() > end) {
        throw new Error(`waited in vain for ${what}; seen: ${this.types().slice(-20).join(" ")}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** Stops reading, so that what is sent piles up. */
  pause(): void {
    this.#response.pause();
  }

  resume(): void {
    this.#response.resume();
  }

  close(): void {
    this.#response.destroy();
  }

  #read(text: string): void {
    const blocks = `${this.#unread}${text}`.split("\n\n");
    this.#unread = blocks.pop() ?? "";
    for (const block of blocks) this.#take(block);
  }

  #take(block: string): void {
    const fields: { id?: string; event?: string; retry?: number } = {};
    const lines: string[] = [];
    for (const line of block.split("\n")) {
      const [, name = "", value = ""] = /^([a-z]*): ?(.*)$/su.exec(line) ?? [];
      if (line.startsWith(":")) this.heartbeats += 1;
      else if (name === "data") lines.push(value);
      else if (name === "id") fields.id = value;
      else if (name === "event") fields.event = value;
      else if (name === "retry" && /^\d+$/.test(value)) fields.retry = Number(value);
      else throw new Error(`not a line of an event stream: ${JSON.stringify(line)}`);
    }
    if (fields.id !== undefined) this.lastId = fields.id;
    if (fields.retry !== undefined) this.retry = fields.retry;
    if (lines.length > 0) this.events.push({ ...fields, data: JSON.parse(lines.join("\n")) });
  }
}
