/** For tests of the sse dialect: a whole server with short times, people, rooms, and readers of streams. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Config,
  createLog,
  loadConfig,
  type ParlanceServer,
  signLocalToken,
  startServer,
} from "@parlance/server";
import { EventStreamReader, NoStreamError } from "@parlance/testkit/event-stream";

/** Somebody who came in as a guest. */
export interface Person {
  readonly id: string;
  readonly token: string;
}

/** What the API answered. */
export interface Answer {
  readonly status: number;
  // oxlint-disable-next-line typescript/no-explicit-any -- answers are looked at as they come
  readonly body: any;
}

/** How a request for a stream was refused. */
export interface Refused {
  readonly status: number;
  readonly code: string;
  readonly headers: NoStreamError["headers"];
}

type Headers = Readonly<Record<string, string>>;

/** One server, and everybody's streams from it. */
export class SseScene {
  readonly server: ParlanceServer;
  /** Everything in the server's log. */
  readonly logged: readonly string[];
  readonly #directory: string;
  readonly #streams: EventStreamReader[] = [];
  #rooms = 0;

  readonly #config: Config;

  private constructor(
    server: ParlanceServer,
    config: Config,
    directory: string,
    logged: readonly string[],
  ) {
    this.server = server;
    this.#config = config;
    this.#directory = directory;
    this.logged = logged;
  }

  static async open(): Promise<SseScene> {
    const directory = await mkdtemp(join(tmpdir(), "sse-"));
    const { config } = loadConfig({
      flags: {
        port: "0",
        log_level: "debug",
        sign_ins_per_minute: "0",
        commands_per_second: "0",
        heartbeat_ms: "1000",
        stall_timeout_ms: "3000",
        outbox_bytes: "16384",
        origins: "https://app.example",
      },
      environment: {},
      directory,
    });
    const logged: string[] = [];
    const log = createLog(config, { write: (line) => void logged.push(line) });
    return new SseScene(await startServer(config, { log }), config, directory, logged);
  }

  async close(): Promise<void> {
    for (const stream of this.#streams) stream.close();
    await this.server.close(0);
    await rm(this.#directory, { recursive: true, force: true });
  }

  /** Calls the API. */
  async call(method: string, path: string, token?: string, body?: unknown): Promise<Answer> {
    const response = await fetch(`${this.server.url}/api/v1${path}`, {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === "" ? {} : JSON.parse(text) };
  }

  async guest(name: string): Promise<Person> {
    const { body } = await this.call("POST", "/guests", undefined, { name });
    return { id: body.user.id, token: body.token };
  }

  /** Somebody with a JWT that is good for so long. */
  async external(user: string, ttlSeconds: number): Promise<Person> {
    return { id: user, token: await signLocalToken(this.#config, { user, ttlSeconds }) };
  }

  /** A room that nobody used before. */
  freshRoom(): string {
    this.#rooms += 1;
    return `sse-${this.#rooms}`;
  }

  /** Writes, one after the other. @throws Error if a message was refused. */
  async say(who: Person, room: string, ...texts: readonly string[]): Promise<void> {
    for (const text of texts) {
      const { status } = await this.call("POST", `/rooms/${room}/messages`, who.token, { text });
      if (status !== 201) throw new Error(`not written: ${status}`);
    }
  }

  async sayMany(who: Person, room: string, count: number, text: string): Promise<void> {
    for (let sent = 0; sent < count; sent += 50) {
      const size = Math.min(50, count - sent);
      await Promise.all(Array.from({ length: size }, () => this.say(who, room, text)));
    }
  }

  /** Opens a stream and waits for its first event. @param who Whose token is sent along, if anybody's. */
  async stream(
    who: Person | undefined,
    target: string,
    headers: Headers = {},
  ): Promise<EventStreamReader> {
    const stream = await EventStreamReader.open(`${this.server.url}${target}`, {
      ...(who === undefined ? {} : { authorization: `Bearer ${who.token}` }),
      ...headers,
    });
    this.#streams.push(stream);
    await stream.until("the first event", () => stream.events.length > 0 || stream.isEnded);
    return stream;
  }

  /** Asks for a stream that must be refused. */
  async refusal(who: Person | undefined, target: string, headers: Headers = {}): Promise<Refused> {
    try {
      (await this.stream(who, target, headers)).close();
    } catch (error) {
      if (!(error instanceof NoStreamError)) throw error;
      const body = JSON.parse(error.body) as { error: { code: string } };
      return { status: error.status, code: body.error.code, headers: error.headers };
    }
    throw new Error(`not refused: ${target}`);
  }
}

/** `from` to `to`, both included. */
export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}
