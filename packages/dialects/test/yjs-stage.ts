/** A real server, people with documents, and stock `y-websocket` providers of both versions. */
import { signToken } from "@parlance/identity";
import type { ServerEnvironment } from "@parlance/testkit/server-process";
import { expect } from "vitest";
import { WebSocket } from "ws";
import { WebsocketProvider } from "y-websocket";
import { WebsocketProvider as WebsocketProvider2 } from "y-websocket-2";
import * as Y from "yjs";
import { type StageServer, secret, startStage } from "./stage.ts";

/** The stock providers by version. */
export const versions = ["3", "2"] as const;
export type Version = (typeof versions)[number];

const makers: Readonly<Record<Version, typeof WebsocketProvider>> = {
  "3": WebsocketProvider,
  // As far as they are used here they are the same.
  "2": WebsocketProvider2 as unknown as typeof WebsocketProvider,
};

/** How long anything is waited for. Milliseconds. */
export const waitMs = 15_000;

export interface Person {
  readonly id: string;
  readonly token: string;
}

export interface Closed {
  readonly code: number;
  readonly reason: string;
}

/** One editor: a document of Yjs with its provider. */
export class Editor {
  readonly doc: Y.Doc = new Y.Doc();
  readonly provider: WebsocketProvider;
  /** How its connections ended. */
  readonly closes: Closed[] = [];

  constructor(version: Version, url: string, room: string, params: Record<string, string>) {
    this.provider = new makers[version](url, room, this.doc, {
      params,
      disableBc: true,
      WebSocketPolyfill: WebSocket as unknown as typeof globalThis.WebSocket,
      maxBackoffTime: 500,
    });
    this.provider.on("connection-close", (event) => {
      if (event !== null) this.closes.push({ code: event.code, reason: event.reason });
    });
  }

  get text(): string {
    return this.doc.getText("t").toJSON();
  }

  type(what: string, at: number = this.text.length): void {
    this.doc.getText("t").insert(at, what);
  }

  async synced(): Promise<this> {
    await expect.poll(() => this.provider.synced, { timeout: waitMs }).toBe(true);
    return this;
  }

  async reads(text: string): Promise<void> {
    await expect.poll(() => this.text, { timeout: waitMs }).toBe(text);
  }

  /** What others show, by the name beside their cursors. */
  others(): Record<string, Record<string, unknown>> {
    const found: Record<string, Record<string, unknown>> = {};
    for (const [client, state] of this.provider.awareness.getStates()) {
      if (client === this.doc.clientID) continue;
      const { name } = (state["user"] ?? {}) as { name?: string };
      found[name ?? String(client)] = state;
    }
    return found;
  }

  /** The line breaks off without a word. */
  cut(): void {
    (this.provider.ws as unknown as WebSocket | null)?.terminate();
  }

  destroy(): void {
    this.provider.destroy();
    this.doc.destroy();
  }
}

export class YjsStage {
  readonly server: StageServer["server"];
  readonly #stage: StageServer;
  readonly #editors: Editor[] = [];
  #rooms = 0;

  private constructor(stage: StageServer) {
    this.#stage = stage;
    this.server = stage.server;
  }

  static async start(environment: ServerEnvironment = {}): Promise<YjsStage> {
    return new YjsStage(await startStage(environment));
  }

  async close(): Promise<void> {
    for (const editor of this.#editors) editor.destroy();
    await this.#stage.close();
  }

  async person(id: string): Promise<Person> {
    const token = await signToken(secret, {
      user: id,
      name: id,
      ttlSeconds: 3_600,
      now: Date.now(),
    });
    return { id, token };
  }

  /** Calls the API. @returns what it answered. @throws Error where it refused. */
  async call(who: Person, method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${this.server.url}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${who.token}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === "" ? {} : JSON.parse(text);
  }

  /** A document of somebody's, with others in it. */
  async document(
    owner: Person,
    ...others: readonly (readonly [Person, string])[]
  ): Promise<string> {
    this.#rooms += 1;
    const { room } = (await this.call(owner, "POST", "/rooms", {
      kind: "document",
      title: `Plan ${this.#rooms}`,
    })) as { room: string };
    for (const [person, role] of others) {
      // A user is known from the first call on.
      await this.call(person, "GET", "/rooms");
      await this.call(owner, "PUT", `/rooms/${room}/members/${person.id}`, { role });
    }
    return room;
  }

  async ticket(who: Person, room: string): Promise<string> {
    const { ticket } = (await this.call(who, "POST", "/tickets", { rooms: [room] })) as {
      ticket: string;
    };
    return ticket;
  }

  /** An editor of somebody, with a ticket of theirs. */
  async editor(who: Person, room: string, version: Version = "3"): Promise<Editor> {
    return this.open(room, { ticket: await this.ticket(who, room) }, version);
  }

  open(room: string, params: Record<string, string>, version: Version = "3"): Editor {
    const editor = new Editor(
      version,
      `${this.server.url.replace("http", "ws")}/yjs`,
      room,
      params,
    );
    this.#editors.push(editor);
    return editor;
  }
}
