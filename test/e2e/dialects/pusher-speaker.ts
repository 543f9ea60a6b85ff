/** A page of Pusher's clients that has signed in, over a plain WebSocket, and its application's back end, which writes for it. */
import { createHmac } from "node:crypto";
import Server from "pusher";
import { type Frame, Line } from "./line.ts";
import { pusherApp, room, type ServerPlace, type Speaker } from "./speaker.ts";

export class PusherSpeaker implements Speaker {
  readonly dialect = "pusher";
  readonly mayRepeat = true;
  readonly heard: string[] = [];
  readonly #server: ServerPlace;
  readonly #user: string;
  #line: Line | undefined;

  constructor(server: ServerPlace, user: string) {
    this.#server = server;
    this.#user = user;
  }

  async open(): Promise<void> {
    const url = `${this.#server.url}/app/${pusherApp.key}?protocol=7`;
    const line = await Line.open(url, (frame) => this.#hear(frame));
    this.#line = line;
    const { data } = await line.until({ event: "pusher:connection_established" });
    const { socket_id: socketId } = JSON.parse(String(data)) as { readonly socket_id: string };
    const user = JSON.stringify({ id: this.#user, user_info: { name: this.#user } });
    const mac = createHmac("sha256", pusherApp.secret).update(`${socketId}::user::${user}`);
    const auth = `${pusherApp.key}:${mac.digest("hex")}`;
    line.send({ event: "pusher:signin", data: { auth, user_data: user } });
    line.send({ event: "pusher:subscribe", data: { channel: room } });
    await line.until({ event: "pusher_internal:subscription_succeeded", channel: room });
  }

  cut(): void {
    this.#line?.cut();
  }

  /** It is stored when the back end has its answer. */
  async say(text: string): Promise<void> {
    const { hostname: host, port } = new URL(this.#server.url);
    const server = new Server({ ...pusherApp, host, port, useTLS: false });
    await server.trigger(room, "said", { text });
  }

  #hear({ event, data }: Frame): void {
    if (event !== "message" && event !== "said") return;
    this.heard.push((JSON.parse(String(data)) as { readonly text: string }).text);
  }
}
