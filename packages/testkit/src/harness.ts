/** A node over in-memory ports, and clients that speak the native dialect to it without a network. */
import { hash } from "node:crypto";
import { createDocuments } from "@parlance/collab";
import {
  type Authenticator,
  type Broker,
  type Credential,
  createNode,
  type Directory,
  defaultSettings,
  type FilePorts,
  type Hooks,
  type Identity,
  type Ids,
  type Inlet,
  type Link,
  type Node,
  type NodeSettings,
  type RateStore,
  type RoomLog,
  type Signatures,
  type Wire,
} from "@parlance/core";
import { nativeDialect } from "@parlance/dialects/native";
import type {
  Command,
  CommandType,
  ConnectionId,
  ErrorFrame,
  EventId,
  Principal,
  Reply,
  RoomId,
  ServerFrame,
  UserId,
} from "@parlance/protocol";
import { ProtocolError } from "@parlance/protocol";
import { ManualClock, settle } from "./manual-clock.ts";
import { createLineWire } from "./simulation/wire.ts";

export { createLineWire };

/** A wire whose finished bytes are one line of text per frame. */
export const lineWire: Wire = createLineWire(nativeDialect);

/** Ids in the order in which they were asked for. */
export function countingIds(prefix = ""): Ids {
  let count = 0;
  const next = (kind: string): string => {
    count += 1;
    return `${prefix}${kind}${String(count).padStart(6, "0")}`;
  };
  return {
    event: () => next("e") as EventId,
    connection: () => next("c") as ConnectionId,
    user: () => next("u_") as UserId,
    room: () => next("r_") as RoomId,
    secret: () => next("s").padEnd(32, "0"),
    digest: (text) => hash("sha256", text),
    random: () => 0.5,
  };
}

/**
 * Takes a token for a user id, so that tests choose who comes: `ann`, or `ann!60000` to expire at that time, or
 * `ann#12` to have that number, or `service:shop?publish` for a back end with that scope.
 */
export const namesAsTokens: Authenticator = {
  checkName(name: string): void {
    if (name === "admin") throw new ProtocolError("bad_request", { field: "name" });
  },
  authenticate(credential: Credential): Promise<Identity> {
    if (!("token" in credential)) return Promise.reject(new ProtocolError("forbidden"));
    const [who = "", expires] = credential.token.split("!");
    const [named = "", scope] = who.split("?");
    const [user = "", number] = named.split("#");
    if (user === "nobody") return Promise.reject(new ProtocolError("unauthenticated"));
    return Promise.resolve({
      user: user as UserId,
      name: user,
      kind: scope === undefined ? "external" : "service",
      ...(number === undefined ? {} : { number: Number(number) }),
      principal: user as Principal,
      ...(expires === undefined ? {} : { expiresAt: Number(expires) }),
      ...(scope === undefined ? {} : { scopes: [scope] }),
    });
  },
};

/** What `startNode` is made of; whatever is absent gets a plain in-memory one. */
export interface HarnessOptions {
  readonly log: RoomLog;
  readonly directory: Directory;
  readonly broker: Broker;
  readonly clock?: ManualClock;
  readonly settings?: Partial<NodeSettings>;
  readonly nodeId?: string;
  readonly rateStore?: RateStore;
  /** Without it the node takes no files. */
  readonly filePorts?: FilePorts;
  /** Ids of the nodes that live, as the database would tell. */
  readonly nodes?: readonly string[];
  /** The application. Without it nobody is asked. */
  readonly hooks?: Hooks;
  /** Absent: `namesAsTokens`. */
  readonly authenticator?: Authenticator;
  readonly signatures?: Signatures;
}

/** A line that the node reported. */
export interface Reported {
  readonly level: string;
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A started node with its clock and what it reported. */
export interface Harness {
  readonly node: Node;
  readonly clock: ManualClock;
  readonly reports: readonly Reported[];
  /** A new connection, not signed in. */
  connect(): TestClient;
  /** A new connection of that user. */
  signIn(user: string, device?: string): Promise<TestClient>;
}

export async function startNode(options: HarnessOptions): Promise<Harness> {
  const clock = options.clock ?? new ManualClock();
  const reports: Reported[] = [];
  const node = createNode(
    {
      nodeId: options.nodeId ?? "n1",
      log: options.log,
      directory: options.directory,
      broker: options.broker,
      authenticator: options.authenticator ?? namesAsTokens,
      clock,
      documents: createDocuments(),
      ids: countingIds(options.nodeId ?? ""),
      report: (level, event, fields) => void reports.push({ level, event, fields }),
      nodes: async () => (options.nodes ?? []).map((id) => ({ id })),
      ...(options.hooks === undefined ? {} : { hooks: options.hooks }),
      ...(options.signatures === undefined ? {} : { signatures: options.signatures }),
      ...(options.rateStore === undefined ? {} : { rateStore: options.rateStore }),
    },
    { ...defaultSettings, commandsPerSecond: 0, rates: [], ...options.settings },
    options.filePorts,
  );
  await node.start();
  const connect = (): TestClient => new TestClient(node);
  return {
    node,
    clock,
    reports,
    connect,
    async signIn(user, device) {
      const client = connect();
      await client.ask({
        type: "sign_in",
        token: user,
        ...(device === undefined ? {} : { device_id: device }),
      });
      return client;
    },
  };
}

/** How long an answer is waited for. */
const answerMs = 10_000;

/** One simulated connection. Reads everything at once unless `stalls` is set. */
export class TestClient implements Link {
  readonly inlet: Inlet;
  /** Everything received, in order. */
  readonly frames: ServerFrame[] = [];
  /** How many chunks were written; one chunk is one write to a socket. */
  writes = 0;
  closedWith: { code: number; reason: string } | undefined;
  wasTerminated = false;
  /** While true nothing written is read: it counts as unsent. */
  stalls = false;
  #unread: Uint8Array[] = [];
  #nextId = 1;

  constructor(node: Node) {
    this.inlet = node.connect(this, lineWire, { address: "127.0.0.1", transport: "websocket" });
  }

  get unsentBytes(): number {
    return this.#unread.reduce((sum, chunk) => sum + chunk.length, 0);
  }

  write(chunk: Uint8Array): void {
    if (this.closedWith !== undefined) throw new Error("written after close");
    this.writes += 1;
    if (this.stalls) this.#unread.push(chunk);
    else this.#read(chunk);
  }

  close(code: number, reason: string): void {
    this.closedWith = { code, reason };
    this.inlet.closed(code);
  }

  terminate(): void {
    this.wasTerminated = true;
    this.close(1006, "");
  }

  /** Reads on: at most so many chunks, all if absent. */
  read(chunks: number = Number.POSITIVE_INFINITY): void {
    while (this.#unread.length > 0 && chunks > 0) {
      const chunk = this.#unread.shift();
      if (chunk !== undefined) this.#read(chunk);
      chunks -= 1;
    }
    this.inlet.drained();
  }

  #read(chunk: Uint8Array): void {
    for (const line of new TextDecoder().decode(chunk).split("\n")) {
      if (line !== "") this.frames.push(JSON.parse(line) as ServerFrame);
    }
  }

  /** Sends a command; `id` is added. @returns the answer, whether reply or error. */
  async answer(command: Record<string, unknown>): Promise<ServerFrame> {
    const id = this.#nextId;
    this.#nextId += 1;
    this.inlet.receive(JSON.stringify({ ...command, id }));
    // A store in memory answers in a few turns; a real one behind it takes what it takes.
    for (const until = performance.now() + answerMs; performance.now() < until; ) {
      const found = this.frames.find((frame) => "id" in frame && frame.id === id);
      if (found !== undefined) return found;
      await settle(1);
    }
    throw new Error(`no answer to ${JSON.stringify(command)}`);
  }

  /** The result of a command that must be done. */
  async ask<T extends CommandType>(
    command: { type: T } & Record<string, unknown>,
  ): Promise<Reply<T>> {
    const frame = await this.answer(command);
    if (frame.type !== "reply") throw new Error(`refused: ${JSON.stringify(frame)}`);
    return frame.result as Reply<T>;
  }

  /** The error of a command that must be refused. */
  async refusal(command: { type: CommandType } & Record<string, unknown>): Promise<ErrorFrame> {
    const frame = await this.answer(command);
    if (frame.type !== "error") throw new Error(`not refused: ${JSON.stringify(frame)}`);
    return frame;
  }

  /** Publishes a text. */
  publish(room: string, text: string, clientMessageId: string): Promise<Reply<"publish">> {
    const command = { type: "publish", room, text, client_message_id: clientMessageId } as const;
    return this.ask(
      command satisfies Omit<Command<"publish">, "id" | "room" | "client_message_id"> & {
        room: string;
        client_message_id: string;
      },
    );
  }

  /** Sequences of the durable events received of a room, in order. */
  sequences(room: string): number[] {
    return this.frames.flatMap((frame) =>
      "sequence" in frame && "room" in frame && frame.room === room && "author" in frame
        ? [frame.sequence]
        : [],
    );
  }

  /** Texts of the messages received of a room, in order. */
  texts(room: string): string[] {
    return this.frames.flatMap((frame) =>
      frame.type === "message.created" && frame.room === room && "data" in frame
        ? [(frame.data as { text: string }).text]
        : [],
    );
  }
}
