/**
 * One speaker for each dialect: writes into one public room and reads it, and comes back after a lost line as clients of
 * that dialect do. None of them uses a library of ours.
 */
import { generateToken } from "@parlance/publisher";
import type { ServerProcess } from "@parlance/testkit/server-process";
import { type Frame, Line, until } from "./line.ts";

/** The room of all. */
export const room = "town";

/** Signs the tokens of these tests. */
export const secret = "a-key-of-many-dialects-0f1e2d3c4b5a6978";

/** Settings with which every dialect speaks of that room. */
export const oneRoom: Readonly<Record<string, string>> = {
  PARLANCE_SECRET: secret,
  PARLANCE_DRAIN_MS: "0",
  PARLANCE_COMMANDS_PER_SECOND: "0",
  PARLANCE_CHATLOGGER_ROOM: room,
  PARLANCE_CHATLOGGER_HISTORY: "200",
  PARLANCE_PORTICO_CHAT_ROOM: room,
};

export interface Speaker {
  readonly dialect: string;
  /** Texts as they came, in order. */
  readonly heard: readonly string[];
  /** Whether a return may bring again what was heard before, as the dialect's page says. */
  readonly mayRepeat: boolean;
  /** Comes in, for the first time or again. */
  open(): Promise<void>;
  /** Loses the line, without a word. */
  cut(): void;
  /** Resolves when the message is known to be stored: by an answer, or by itself where there are none. */
  say(text: string): Promise<void>;
}

/** What all have that speak over a WebSocket and know their message by its return. */
abstract class SocketSpeaker implements Speaker {
  abstract readonly dialect: string;
  readonly mayRepeat: boolean = true;
  readonly heard: string[] = [];
  readonly url: string;
  #line: Line | undefined;

  constructor(url: string) {
    this.url = url;
  }

  get line(): Line {
    if (this.#line === undefined) throw new Error(`${this.dialect} is not connected`);
    return this.#line;
  }

  async open(): Promise<void> {
    this.#line = await Line.open(this.url, (frame) => this.hear(frame));
    await this.enter();
  }

  cut(): void {
    this.line.cut();
  }

  async say(text: string): Promise<void> {
    this.line.send(this.frameOf(text));
    await until(() => this.heard.includes(text), `${this.dialect} to hear "${text}"`);
  }

  protected abstract enter(): Promise<void>;
  protected abstract frameOf(text: string): Frame;
  protected abstract hear(frame: Frame): void;
}

class NativeSpeaker extends SocketSpeaker {
  readonly dialect = "native";
  override readonly mayRepeat = false;
  readonly #token: string;
  #position: { epoch: unknown; offset: number } | undefined;
  #said = 0;

  constructor(server: ServerProcess, user: string) {
    super(server.socketUrl);
    this.#token = generateToken(user, 3_600, { secret });
  }

  protected async enter(): Promise<void> {
    this.line.send({ type: "sign_in", id: "in", token: this.#token });
    const position = this.#position;
    this.line.send({
      type: "subscribe",
      id: "sub",
      room,
      ...(position === undefined ? {} : { position }),
    });
    const { result } = await this.line.until({ type: "reply", id: "sub" });
    const { epoch, offset } = result as { epoch: unknown; offset: number };
    this.#position ??= { epoch, offset };
  }

  protected hear(frame: Frame): void {
    const { sequence, type, data } = frame;
    if (typeof sequence !== "number" || this.#position === undefined) return;
    this.#position.offset = sequence;
    if (type === "message.created") this.heard.push((data as { text: string }).text);
  }

  protected frameOf(text: string): Frame {
    this.#said += 1;
    const id = `${this.#token.slice(-8)}-${this.#said}`;
    return { type: "publish", id, room, text, client_message_id: id };
  }
}

class ChatloggerSpeaker extends SocketSpeaker {
  readonly dialect = "chatlogger";
  readonly #name: string;

  constructor(server: ServerProcess, name: string) {
    super(`${server.url}/chatlogger`);
    this.#name = name;
  }

  protected async enter(): Promise<void> {
    // It comes in by itself, and says nothing of it.
  }

  protected hear(frame: Frame): void {
    if (frame["type"] === "message") this.heard.push(String(frame["message"]));
  }

  protected frameOf(message: string): Frame {
    return { username: this.#name, message };
  }
}

class MmbSpeaker extends SocketSpeaker {
  readonly dialect = "mmb";
  /** Of the page: the same one after each return. */
  readonly #token: string;

  constructor(server: ServerProcess, user: number) {
    super(`${server.url}/mmb`);
    this.#token = generateToken(user, 3_600, { secret });
  }

  protected async enter(): Promise<void> {
    this.line.send({ type: "auth", token: this.#token });
    this.line.send({ type: "join", room });
    await this.line.until({ type: "room_joined" });
  }

  protected hear(frame: Frame): void {
    if (frame["type"] === "message") this.heard.push(String(frame["message"]));
  }

  protected frameOf(message: string): Frame {
    return { type: "message", room, message };
  }
}

class PorticoSpeaker extends SocketSpeaker {
  readonly dialect = "portico";
  readonly #userId: number;

  constructor(server: ServerProcess, userId: number) {
    super(`${server.url}/wss`);
    this.#userId = userId;
  }

  protected async enter(): Promise<void> {
    this.line.send({ type: "update_user_info", userId: this.#userId });
    await this.line.until({ type: "user_info_update_confirmation", success: true });
  }

  protected hear(frame: Frame): void {
    if (frame["type"] === "chat") this.heard.push(String(frame["message"]));
  }

  protected frameOf(message: string): Frame {
    return { type: "chat", message, timestamp: new Date().toISOString() };
  }
}

class SymfonySpeaker extends SocketSpeaker {
  readonly dialect = "symfony-chat";
  override readonly mayRepeat = false;
  readonly #username: string;
  readonly #server: ServerProcess;
  #userId: number | undefined;
  readonly #known = new Set<string>();
  /** News that came before what was missed was there. */
  #held: Frame[] | undefined;

  constructor(server: ServerProcess, username: string) {
    super(`${server.url}/symfony-chat`);
    this.#server = server;
    this.#username = username;
  }

  protected async enter(): Promise<void> {
    this.#userId ??= await this.#register();
    this.#held = [];
    this.line.send({ type: "auth", userId: this.#userId, roomId: room });
    await this.line.until({ type: "room_joined" });
    this.line.send({ type: "get_recent_messages", roomId: room, limit: 200 });
    const recent = await this.line.until({ type: "recent_messages" });
    for (const message of [...(recent["messages"] as Frame[]), ...this.#held]) this.#show(message);
    this.#held = undefined;
  }

  async #register(): Promise<number> {
    const username = this.#username;
    const answer = await fetch(`${this.#server.url}/api/users`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ username, email: `${username}@example.com` }),
    });
    return ((await answer.json()) as { id: number }).id;
  }

  protected hear(frame: Frame): void {
    if (frame["type"] !== "chat_message") return;
    if (this.#held === undefined) this.#show(frame);
    else this.#held.push(frame);
  }

  #show(message: Frame): void {
    const id = String(message["id"]);
    if (!this.#known.has(id)) this.heard.push(String(message["content"]));
    this.#known.add(id);
  }

  protected frameOf(content: string): Frame {
    return { type: "chat_message", content, userId: this.#userId, roomId: room };
  }
}

/** Writes by `POST` and reads by `GET`, again and again, behind the last sequence that it has seen. */
class RestSpeaker implements Speaker {
  readonly dialect: string = "REST";
  readonly mayRepeat = false;
  readonly heard: string[] = [];
  protected readonly server: ServerProcess;
  protected readonly headers: Readonly<Record<string, string>>;
  #after = 0;
  #reading: AbortController | undefined;

  constructor(server: ServerProcess, user: string) {
    this.server = server;
    this.headers = { authorization: `Bearer ${generateToken(user, 3_600, { secret })}` };
  }

  async open(): Promise<void> {
    const reading = new AbortController();
    this.#reading = reading;
    const poll = async (): Promise<void> => {
      while (!reading.signal.aborted) {
        await this.#page();
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };
    // A server that is away is asked no more until the next `open`.
    poll().catch(() => reading.abort());
  }

  async #page(): Promise<void> {
    const path = `/api/v1/rooms/${room}/messages?after=${this.#after}`;
    const answer = await fetch(`${this.server.url}${path}`, { headers: this.headers });
    const { events } = (await answer.json()) as { events: Frame[] };
    for (const { sequence, type, data } of events) {
      this.#after = Number(sequence);
      if (type === "message.created") this.heard.push((data as { text: string }).text);
    }
  }

  cut(): void {
    this.#reading?.abort();
  }

  async say(text: string): Promise<void> {
    const answer = await fetch(`${this.server.url}/api/v1/rooms/${room}/messages`, {
      method: "POST",
      headers: { ...this.headers, "content-type": "application/json" },
      body: JSON.stringify({ text }),
    });
    if (answer.status !== 201) throw new Error(await answer.text());
  }
}

/** Reads an event stream, and comes back with the last id. Writes by REST. */
class StreamSpeaker extends RestSpeaker {
  override readonly dialect = "sse";
  #lastEventId: string | undefined;
  #stream: AbortController | undefined;

  override async open(): Promise<void> {
    const stream = new AbortController();
    this.#stream = stream;
    const last = this.#lastEventId;
    const answer = await fetch(`${this.server.url}/rooms/${room}/events`, {
      headers: { ...this.headers, ...(last === undefined ? {} : { "last-event-id": last }) },
      signal: stream.signal,
    });
    if (answer.status !== 200 || answer.body === null) throw new Error(await answer.text());
    this.#read(answer.body).catch(() => {});
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    let text = "";
    for await (const chunk of body.pipeThrough(new TextDecoderStream() as never)) {
      text += String(chunk);
      const blocks = text.split("\n\n");
      text = blocks.pop() ?? "";
      for (const block of blocks) this.#block(block);
    }
  }

  #block(block: string): void {
    const fields = new Map(
      block.split("\n").map((line) => {
        const [name = "", ...value] = line.split(": ");
        return [name, value.join(": ")] as const;
      }),
    );
    if (fields.get("event") === "message.created") {
      const { data } = JSON.parse(fields.get("data") ?? "") as { data: { text: string } };
      this.heard.push(data.text);
    }
    this.#lastEventId = fields.get("id") ?? this.#lastEventId;
  }

  override cut(): void {
    this.#stream?.abort();
  }
}

/** One speaker of each dialect. `who` tells two casts apart. */
export function cast(server: ServerProcess, who: "reader" | "writer"): readonly Speaker[] {
  const number = who === "reader" ? 700 : 800;
  return [
    new NativeSpeaker(server, `native-${who}`),
    new ChatloggerSpeaker(server, `logger ${who}`),
    new MmbSpeaker(server, number + 1),
    new PorticoSpeaker(server, number + 2),
    new SymfonySpeaker(server, `symfony_${who}`),
    new RestSpeaker(server, `rest-${who}`),
    new StreamSpeaker(server, `stream-${who}`),
  ];
}
