/**
 * A real server, somebody who sends bad input, and a bystander in the same room. After each bad input four things
 * are asserted: the answer, the connection's fate, that a valid message right after is acknowledged and delivered
 * once, and that the bystander saw nothing odd.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig, type ParlanceServer, startServer } from "@parlance/server";
import { expect } from "vitest";
import WebSocket from "ws";

/** A frame from the server, as loosely as the wire gives it. */
export type Frame = Readonly<Record<string, unknown>>;

const answerTimeoutMs = 20_000;

/** One plain WebSocket that speaks the native dialect by hand. */
export class Speaker {
  readonly frames: Frame[] = [];
  readonly socket: WebSocket;
  closedWith: number | undefined;
  #nextId = 1;
  #wake: (() => void)[] = [];

  constructor(url: string, options: WebSocket.ClientOptions = {}) {
    this.socket = new WebSocket(url, options);
    this.socket.on("message", (payload: Buffer) => {
      this.frames.push(JSON.parse(payload.toString()) as Frame);
      this.#changed();
    });
    this.socket.on("close", (code) => {
      this.closedWith = code;
      this.#changed();
    });
    this.socket.on("error", () => this.#changed());
  }

  #changed(): void {
    const wake = this.#wake;
    this.#wake = [];
    for (const resolve of wake) resolve();
  }

  /** Waits until the condition holds. */
  async until<T>(condition: () => T | undefined, what: string): Promise<T> {
    const end = Date.now() + answerTimeoutMs;
    for (;;) {
      const found = condition();
      if (found !== undefined && found !== false) return found;
      if (Date.now() > end) throw new Error(`never came: ${what}; closed ${this.closedWith}`);
      await new Promise<void>((resolve) => {
        this.#wake.push(resolve);
        setTimeout(resolve, 50);
      });
    }
  }

  async opened(): Promise<this> {
    await this.until(() => this.socket.readyState === WebSocket.OPEN || undefined, "open");
    return this;
  }

  /** Sends text as it is and returns the next frame that answers something. */
  async sendRaw(text: string): Promise<Frame> {
    const from = this.frames.length;
    this.socket.send(text);
    return this.until(
      () => this.frames.slice(from).find(({ type }) => type === "reply" || type === "error"),
      `an answer to ${text.slice(0, 80)}`,
    );
  }

  /** Sends a command with an id of its own and returns its answer. */
  async ask(command: Readonly<Record<string, unknown>>): Promise<Frame> {
    const id = `q${this.#nextId}`;
    this.#nextId += 1;
    this.socket.send(JSON.stringify({ id, ...command }));
    return this.until(
      () => this.frames.find((frame) => frame["id"] === id),
      `an answer to ${JSON.stringify(command).slice(0, 80)}`,
    );
  }

  async closed(): Promise<number> {
    return this.until(() => this.closedWith, "close");
  }
}

let rooms = 0;

/** One server for a test file. */
export class Scene {
  readonly server: ParlanceServer;
  readonly dataDir: string;

  private constructor(server: ParlanceServer, dataDir: string) {
    this.server = server;
    this.dataDir = dataDir;
  }

  static async start(settings: Readonly<Record<string, string>> = {}): Promise<Scene> {
    const dataDir = mkdtempSync(join(tmpdir(), "parlance-scene-"));
    const { config } = loadConfig({
      flags: {},
      directory: dataDir,
      environment: {
        PARLANCE_PORT: "0",
        PARLANCE_DATA_DIR: dataDir,
        PARLANCE_LOG_LEVEL: "silent",
        PARLANCE_COMMANDS_PER_SECOND: "0",
        PARLANCE_SIGN_INS_PER_MINUTE: "0",
        ...settings,
      },
    });
    return new Scene(await startServer(config), dataDir);
  }

  get socketUrl(): string {
    return `ws://127.0.0.1:${this.server.port}/ws`;
  }

  async close(): Promise<void> {
    await this.server.close(0);
    rmSync(this.dataDir, { recursive: true, force: true });
  }

  /** A connection that nobody has signed in on. */
  stranger(options?: WebSocket.ClientOptions): Promise<Speaker> {
    return new Speaker(this.socketUrl, options).opened();
  }

  /** A guest who is signed in. */
  async guest(name = "Visitor"): Promise<Speaker> {
    const speaker = await new Speaker(this.socketUrl).opened();
    const answer = await speaker.ask({ type: "sign_in", guest: { name } });
    expect(answer).toMatchObject({ type: "reply" });
    return speaker;
  }

  /** Somebody who does wrong, and a bystander, both in a fresh room. */
  async pair(): Promise<Pair> {
    rooms += 1;
    const room = `scene-${rooms}`;
    const [actor, bystander] = [await this.guest("Actor"), await this.guest("Bystander")];
    for (const speaker of [actor, bystander]) {
      expect(await speaker.ask({ type: "subscribe", room })).toMatchObject({ type: "reply" });
    }
    return new Pair(room, actor, bystander);
  }
}

export class Pair {
  readonly room: string;
  readonly actor: Speaker;
  readonly bystander: Speaker;
  readonly #seen: number;
  #count = 0;

  constructor(room: string, actor: Speaker, bystander: Speaker) {
    this.room = room;
    this.actor = actor;
    this.bystander = bystander;
    this.#seen = bystander.frames.length;
  }

  /** The connection was kept: a valid message is acknowledged, delivered once to both, and nothing else came. */
  async goesOn(from: Speaker = this.actor): Promise<void> {
    this.#count += 1;
    const text = `still here ${this.#count}`;
    const answer = await from.ask({
      type: "publish",
      room: this.room,
      text,
      client_message_id: `ok-${this.#count}`,
    });
    expect(answer).toMatchObject({ type: "reply" });
    const isIt = (frame: Frame): boolean =>
      (frame["data"] as { text?: string } | undefined)?.text === text;
    for (const speaker of [this.bystander, from]) {
      await speaker.until(() => speaker.frames.find(isIt), text);
      expect(speaker.frames.filter(isIt)).toHaveLength(1);
    }
    const sinceStart = this.bystander.frames.slice(this.#seen);
    expect(sinceStart.filter(({ type }) => type !== "message.created")).toEqual([]);
    expect(this.bystander.closedWith).toBeUndefined();
  }
}
