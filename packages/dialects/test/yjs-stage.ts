/** A real server, and people with documents and editors. */
import { signToken } from "@parlance/identity";
import { Editor, type Version } from "@parlance/testkit/editor";
import type { ServerEnvironment } from "@parlance/testkit/server-process";
import { type StageServer, secret, startStage } from "./stage.ts";

export interface Person {
  readonly id: string;
  readonly token: string;
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

  /** @param url Where documents are. Absent: the dialect's own path. */
  open(
    room: string,
    params: Record<string, string>,
    version: Version = "3",
    url: string = `${this.server.url.replace("http", "ws")}/yjs`,
  ): Editor {
    const editor = new Editor(version, url, room, params);
    this.#editors.push(editor);
    return editor;
  }
  /** One without a ticket, with what its page's browser would send along. */
  openWith(room: string, headers: Record<string, string>): Editor {
    const url = `${this.server.url.replace("http", "ws")}/yjs`;
    const editor = new Editor("3", url, room, {}, headers);
    this.#editors.push(editor);
    return editor;
  }
}
