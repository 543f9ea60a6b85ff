import { io, type Socket } from "socket.io-client";
import { until } from "./line.ts";
import { room, type ServerPlace, type Speaker } from "./speaker.ts";

/** The stock client of Socket.IO 4, which goes on by itself where it was. */
export class SocketIoSpeaker implements Speaker {
  readonly dialect = "socketio";
  readonly mayRepeat = false;
  readonly heard: string[] = [];
  readonly #server: ServerPlace;
  readonly #name: string;
  #socket: Socket | undefined;

  constructor(server: ServerPlace, name: string) {
    this.#server = server;
    this.#name = name;
  }

  get #present(): Socket {
    if (this.#socket === undefined) throw new Error("not connected yet");
    return this.#socket;
  }

  async open(): Promise<void> {
    if (this.#socket === undefined) {
      const token = await this.#comeIn();
      this.#socket = io(this.#server.url, {
        auth: { token },
        transports: ["websocket"],
        reconnection: false,
        forceNew: true,
      });
      this.#socket.on("message:new", ({ content }: { content: string }) => {
        this.heard.push(content);
      });
      await this.#connected();
      await this.#ask("chat:join", { chatId: room });
      return;
    }
    await until(() => !this.#present.connected, `${this.#name} to notice the cut`);
    this.#socket.connect();
    await this.#connected();
    // What it missed comes by itself only where the server knows it again.
    if (!this.#socket.recovered) throw new Error("was not recovered");
  }

  async #comeIn(): Promise<string> {
    const answer = await fetch(`${this.#server.url}/api/v1/guests`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ name: this.#name }),
    });
    return ((await answer.json()) as { token: string }).token;
  }

  async #connected(): Promise<void> {
    await until(() => this.#present.connected, `${this.#name} to connect`);
  }

  #ask(event: string, payload: object): Promise<unknown> {
    return this.#present.timeout(30_000).emitWithAck(event, payload);
  }

  /** Breaks the line below the library, so that nothing is said. */
  cut(): void {
    if (!this.#present.connected) return;
    const { transport } = this.#present.io.engine as unknown as {
      readonly transport: { readonly ws: { terminate(): void } };
    };
    transport.ws.terminate();
  }

  async say(content: string): Promise<void> {
    const answer = await this.#ask("message:send", { chatId: room, content, messageType: "text" });
    if ((answer as { error?: unknown }).error !== undefined)
      throw new Error(JSON.stringify(answer));
  }
}
