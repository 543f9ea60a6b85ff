/** A real server, people over REST, and stock Socket.IO clients of both versions, for tests of the Socket.IO dialect. */
import { connect, createServer, type Socket as NetSocket, type Server } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { io as io4, type Socket as Socket4 } from "socket.io-client";
// @ts-expect-error its exports do not lead to its types
import { io as io3 } from "socket.io-client-3";
import { type StageServer, startStage } from "./stage.ts";

/** What the two versions of the client have in common. */
export type ChatSocket = Pick<
  Socket4,
  "id" | "connected" | "on" | "once" | "onAny" | "emit" | "connect" | "disconnect"
> & {
  readonly recovered?: boolean;
  readonly io: Socket4["io"];
};

/** The stock clients by version. */
export const versions = ["4", "3"] as const;
export type Version = (typeof versions)[number];

const makers: Readonly<Record<Version, (url: string, options: object) => ChatSocket>> = {
  "4": (url, options) => io4(url, options),
  "3": (url, options) =>
    (io3 as unknown as (url: string, options: object) => ChatSocket)(url, options),
};

export interface Person {
  readonly id: string;
  readonly name: string;
  readonly token: string;
}

export interface ChatOptions {
  readonly version?: Version;
  readonly transports?: readonly string[];
  readonly url?: string;
  readonly options?: object;
}

const waitMs = 10_000;

/** A client with everything that it heard. */
export class ChatClient {
  readonly socket: ChatSocket;
  /** Names and arguments, in order. */
  readonly heard: (readonly [string, ...unknown[]])[] = [];
  readonly disconnects: string[] = [];

  constructor(socket: ChatSocket) {
    this.socket = socket;
    socket.onAny((name: string, ...args: unknown[]) => void this.heard.push([name, ...args]));
    socket.on("disconnect", (reason: string) => void this.disconnects.push(reason));
  }

  /** Emits with an acknowledgement. @throws Error if none comes. */
  ask(name: string, payload: unknown): Promise<Record<string, unknown>> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${name} was not acknowledged`)), waitMs);
      this.socket.emit(name, payload, (answer: Record<string, unknown>) => {
        clearTimeout(timer);
        resolve(answer);
      });
    });
  }

  /** First arguments of all events of a name. */
  all(name: string): Record<string, unknown>[] {
    return this.heard.flatMap(([heard, first]) =>
      heard === name ? [first as Record<string, unknown>] : [],
    );
  }

  contents(): unknown[] {
    return this.all("message:new").map(({ content }) => content);
  }

  /** The first event that is as wanted, also if it came before. */
  async until(
    name: string,
    isWanted: (payload: Record<string, unknown>) => boolean = () => true,
  ): Promise<Record<string, unknown>> {
    const found = await eventually(() => this.all(name).find(isWanted));
    if (found === undefined) throw new Error(`no ${name} among ${JSON.stringify(this.heard)}`);
    return found;
  }
}

/** What a look finds, as soon as it finds something; undefined if it does not in time. */
export async function eventually<T>(look: () => T | undefined | false): Promise<T | undefined> {
  const end = Date.now() + waitMs;
  for (;;) {
    const found = look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > end) return undefined;
    await sleep(5);
  }
}

export class ChatStage {
  readonly #stage: StageServer;
  readonly #sockets: ChatSocket[] = [];

  private constructor(stage: StageServer) {
    this.#stage = stage;
  }

  static async start(environment: Record<string, string> = {}): Promise<ChatStage> {
    return new ChatStage(await startStage(environment));
  }

  get url(): string {
    return this.#stage.server.url;
  }

  get server(): StageServer["server"] {
    return this.#stage.server;
  }

  async rest<T>(method: string, path: string, token?: string, body?: unknown): Promise<T> {
    const response = await fetch(`${this.url}/api/v1${path}`, {
      method,
      headers: {
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text === "" ? undefined : JSON.parse(text)) as T;
  }

  async person(name: string): Promise<Person> {
    type Guest = { readonly user: { readonly id: string }; readonly token: string };
    const { user, token } = await this.rest<Guest>("POST", "/guests", undefined, { name });
    return { id: user.id, name, token };
  }

  /** A private room of some people; the first makes it. */
  async chat([owner, ...others]: readonly Person[], title = "Chat"): Promise<string> {
    if (owner === undefined) throw new Error("nobody");
    const body = { kind: "private", title };
    const { room } = await this.rest<{ room: string }>("POST", "/rooms", owner.token, body);
    for (const { id } of others) {
      const path = `/rooms/${room}/members/${id}`;
      await this.rest("PUT", path, owner.token, { role: "member" });
    }
    return room;
  }

  /** A client that has not connected. */
  client(
    auth: object | ((give: (auth: object) => void) => void),
    given: ChatOptions = {},
  ): ChatClient {
    const { version = "4", transports = ["websocket"], url = this.url, options = {} } = given;
    const socket = makers[version](url, {
      auth,
      transports,
      forceNew: true,
      autoConnect: false,
      reconnectionDelay: 20,
      reconnectionDelayMax: 50,
      ...options,
    });
    this.#sockets.push(socket);
    return new ChatClient(socket);
  }

  /** A client that is connected. */
  async connect(person: Person, given: ChatOptions = {}): Promise<ChatClient> {
    const client = this.client({ token: person.token }, given);
    await connected(client);
    return client;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.disconnect();
    await this.#stage.close();
  }
}

/** Connects it. @throws the connect error. */
export function connected({ socket }: ChatClient): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once("connect", () => resolve());
    socket.once("connect_error", reject);
    socket.connect();
  });
}

/** What a client was refused with. */
export function refusal({ socket }: ChatClient): Promise<Error & { readonly data?: unknown }> {
  return new Promise((resolve, reject) => {
    socket.once("connect", () => reject(new Error("let in")));
    socket.once("connect_error", resolve);
    socket.connect();
  });
}

/** A line to a server that can be cut, and that can swallow what the server says before it is cut. */
export class CutLine {
  readonly #server: Server;
  readonly #pairs = new Set<readonly [NetSocket, NetSocket]>();
  #isOpen = true;
  #swallows = false;
  #isTorn = false;

  private constructor(port: number) {
    this.#server = createServer((near) => {
      if (!this.#isOpen) {
        near.destroy();
        return;
      }
      const far = connect(port, "127.0.0.1");
      const pair = [near, far] as const;
      this.#pairs.add(pair);
      for (const socket of pair) {
        socket.on("error", () => {});
        socket.on("close", () => {
          if (this.#isTorn) return;
          near.destroy();
          far.destroy();
          this.#pairs.delete(pair);
        });
      }
      near.on("data", (chunk) => far.write(chunk));
      far.on("data", (chunk) => {
        if (!this.#swallows) near.write(chunk);
      });
    });
  }

  static async to(port: number): Promise<CutLine> {
    const line = new CutLine(port);
    await new Promise<void>((resolve) => line.#server.listen(0, "127.0.0.1", resolve));
    return line;
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    return `http://127.0.0.1:${address.port}`;
  }

  /** The server goes on sending, and nothing arrives. */
  swallow(): void {
    this.#swallows = true;
  }

  /** The client loses its line at once; the server sees nothing of it. */
  tear(): void {
    this.#isTorn = true;
    for (const [near] of this.#pairs) near.destroy();
  }

  cut(): void {
    this.#isOpen = false;
    this.#isTorn = false;
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
  }

  mend(): void {
    this.#isOpen = true;
    this.#isTorn = false;
    this.#swallows = false;
  }

  close(): void {
    this.cut();
    this.#server.close();
  }
}
