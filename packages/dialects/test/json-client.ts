/** A plain WebSocket with the frames that it got, for tests of the JSON dialects. */
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket } from "ws";

/** A frame as it was read. */
export type Frame = Readonly<Record<string, unknown>>;

const waitMs = 10_000;

export class JsonClient {
  readonly socket: WebSocket;
  /** Everything received. */
  readonly frames: Frame[] = [];
  closedWith: number | undefined;
  #seen = 0;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on("message", (data: Buffer) => this.frames.push(JSON.parse(data.toString()) as Frame));
    socket.on("error", () => {});
    socket.on("close", (code) => {
      this.closedWith = code;
    });
  }

  /** @param url Of HTTP or WebSocket. */
  static async open(url: string, headers: Record<string, string> = {}): Promise<JsonClient> {
    const socket = new WebSocket(url.replace(/^http/, "ws"), { headers });
    const client = new JsonClient(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once("open", resolve);
      socket.once("error", reject);
    });
    return client;
  }

  send(frame: unknown): void {
    this.socket.send(typeof frame === "string" ? frame : JSON.stringify(frame));
  }

  /** The next frame that was not looked at; undefined if none comes in time. */
  async next(): Promise<Frame | undefined> {
    const end = Date.now() + waitMs;
    while (this.frames.length <= this.#seen) {
      if (Date.now() > end) return undefined;
      await sleep(5);
    }
    this.#seen += 1;
    return this.frames[this.#seen - 1];
  }

  /** The next frame that is as asked for; those before it are passed over. @throws Error if none comes in time. */
  async until(isWanted: (frame: Frame) => boolean): Promise<Frame> {
    for (;;) {
      const frame = await this.next();
      if (frame === undefined) throw new Error(`not among ${JSON.stringify(this.frames)}`);
      if (isWanted(frame)) return frame;
    }
  }

  /** @throws Error if a frame as described comes within half a second. */
  async expectSilence(isUnwanted: (frame: Frame) => boolean = () => true): Promise<void> {
    await sleep(500);
    const found = this.frames.slice(this.#seen).find(isUnwanted);
    if (found !== undefined) throw new Error(`came anyhow: ${JSON.stringify(found)}`);
  }

  /** The peer that lost its network: nothing is read any more, not even pings. */
  stopReading(): void {
    const { _socket } = this.socket as unknown as { readonly _socket: Socket };
    _socket.pause();
  }

  terminate(): void {
    this.socket.terminate();
  }
}
