/** The native dialect and the four JSON dialects, over plain WebSockets without a library of ours. */
import { generateToken } from "@parlance/publisher";
import { type Frame, Line, until } from "./line.ts";
import { room, type ServerPlace, type Speaker, secret, wholeText } from "./speaker.ts";

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

export class NativeSpeaker extends SocketSpeaker {
  readonly dialect = "native";
  override readonly mayRepeat = false;
  readonly #token: string;
  #position: { epoch: unknown; offset: number } | undefined;
  #said = 0;

  constructor(server: ServerPlace, user: string) {
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
    const text = wholeText(type, data);
    if (text !== undefined) this.heard.push(text);
  }

  protected frameOf(text: string): Frame {
    this.#said += 1;
    const id = `${this.#token.slice(-8)}-${this.#said}`;
    return { type: "publish", id, room, text, client_message_id: id };
  }
}

export class ChatloggerSpeaker extends SocketSpeaker {
  readonly dialect = "chatlogger";
  readonly #name: string;

  constructor(server: ServerPlace, name: string) {
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

export class MmbSpeaker extends SocketSpeaker {
  readonly dialect = "mmb";
  /** Of the page: the same one after each return. */
  readonly #token: string;

  constructor(server: ServerPlace, user: number) {
    super(`${server.url}/mmb`);
    this.#token = generateToken(user, 3_600, { secret });
  }

  protected async enter(): Promise<void> {
    this.line.send({ type: "auth", token: this.#token });
    this.line.send({ type: "join", room });
    await this.line.until({ type: "room_joined" });
  }

  protected hear(frame: Frame): void {
    if (frame["type"] === "message") this.heard.push(shownByMmb(frame["message"]));
  }

  protected frameOf(message: string): Frame {
    return { type: "message", room, message };
  }
}

/** Its pages get what stands beside a text in the text's place: of an event of Pusher's the event. */
function shownByMmb(message: unknown): string {
  if (typeof message === "string") return message;
  const { pusher } = message as { readonly pusher?: { readonly data: string } };
  if (pusher === undefined) return JSON.stringify(message);
  return (JSON.parse(pusher.data) as { readonly text: string }).text;
}

export class PorticoSpeaker extends SocketSpeaker {
  readonly dialect = "portico";
  readonly #userId: number;

  constructor(server: ServerPlace, userId: number) {
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

export class SymfonySpeaker extends SocketSpeaker {
  readonly dialect = "symfony-chat";
  override readonly mayRepeat = false;
  readonly #username: string;
  readonly #server: ServerPlace;
  #userId: number | undefined;
  readonly #known = new Set<string>();
  /** News that came before what was missed was there. */
  #held: Frame[] | undefined;

  constructor(server: ServerPlace, username: string) {
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
