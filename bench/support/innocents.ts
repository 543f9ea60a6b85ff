/** People who behave: they write at the pace of a lively person, and note how long each acknowledgement takes. */
import { setTimeout as sleep } from "node:timers/promises";
import { generateToken } from "@parlance/publisher";
import { WebSocket } from "ws";
import { secret } from "./servers.ts";
import { room, type Voice } from "./voices.ts";

/** How long an acknowledgement or a delivery may be on its way before it counts as lost. Milliseconds. */
const patienceMs = 20_000;
const entryMs = 30_000;

/** One well-behaved client. */
export interface Innocent {
  /** Texts of others and of its own as they came. */
  readonly heard: readonly string[];
  /** Milliseconds until each message of its own was known to be stored, by its text. */
  readonly acknowledged: ReadonlyMap<string, number>;
  /** Why its line was cut, if it was. */
  readonly ended: string | undefined;
  /** Sends without waiting for the ones before: who waits does not notice how long others would have waited. */
  say(text: string): void;
  close(): void;
}

class SocketInnocent implements Innocent {
  readonly heard: string[] = [];
  readonly acknowledged = new Map<string, number>();
  ended: string | undefined;
  readonly #voice: Voice;
  readonly #socket: WebSocket;
  readonly #sentAt = new Map<string, number>();
  readonly #texts = new Map<string, string>();
  readonly #waiting = new Set<(frame: string) => void>();
  #said = 0;

  private constructor(voice: Voice, socket: WebSocket) {
    this.#voice = voice;
    this.#socket = socket;
    socket.on("message", (data: Buffer) => this.#hear(data.toString()));
    socket.on("error", () => {});
    socket.on("close", (code) => {
      this.ended ??= `closed with ${code}`;
    });
  }

  static async open(voice: Voice, url: string, user: number): Promise<SocketInnocent> {
    const [first, ...rest] = await voice.enter(url, user);
    const socket = new WebSocket(`${url.replace(/^http/, "ws")}${voice.path}`);
    const innocent = new SocketInnocent(voice, socket);
    await new Promise((resolve, reject) => {
      socket.once("open", resolve);
      socket.once("error", reject);
    });
    const { welcome, ready } = voice;
    const isIn =
      ready === undefined ? undefined : innocent.#frame((frame) => frame.includes(ready));
    if (first !== undefined) socket.send(first);
    if (welcome !== undefined) await innocent.#frame((frame) => frame.startsWith(welcome));
    for (const frame of rest) socket.send(frame);
    await isIn;
    return innocent;
  }

  #frame(isWanted: (frame: string) => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("was not let in")), entryMs);
      const look = (frame: string): void => {
        if (!isWanted(frame)) return;
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
    });
  }

  #hear(frame: string): void {
    // Engine.IO asks whether one is there.
    if (frame === "2") this.#socket.send("3");
    for (const look of [...this.#waiting]) look(frame);
    // Of Socket.IO, what is no event and no acknowledgement has nothing to say here.
    if (this.#voice.dialect !== "socketio" && !frame.startsWith("{")) return;
    const { acknowledged, heard } = this.#voice.read(frame);
    if (acknowledged !== undefined) this.#stored(this.#texts.get(acknowledged) ?? acknowledged);
    if (heard === undefined) return;
    this.heard.push(heard);
    if (!this.#voice.acknowledges) this.#stored(heard);
  }

  #stored(text: string): void {
    const at = this.#sentAt.get(text);
    if (at === undefined || this.acknowledged.has(text)) return;
    this.acknowledged.set(text, performance.now() - at);
  }

  say(text: string): void {
    this.#said += 1;
    const id = `${text.replaceAll(" ", "-")}-${this.#said}`;
    this.#texts.set(id, text);
    this.#sentAt.set(text, performance.now());
    this.#socket.send(this.#voice.say(text, id));
  }

  close(): void {
    this.ended = "by itself";
    this.#socket.close();
  }
}

/** Reads an event stream and writes by REST, as its page does. */
class StreamInnocent implements Innocent {
  readonly heard: string[] = [];
  readonly acknowledged = new Map<string, number>();
  ended: string | undefined;
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #stream = new AbortController();

  private constructor(url: string, user: number) {
    this.#url = url;
    this.#headers = { authorization: `Bearer ${generateToken(user, 3_600, { secret })}` };
  }

  static async open(url: string, user: number): Promise<StreamInnocent> {
    const innocent = new StreamInnocent(url, user);
    const { signal } = innocent.#stream;
    const path = `${url}/rooms/${room}/events`;
    const answer = await fetch(path, { headers: innocent.#headers, signal });
    if (answer.status !== 200 || answer.body === null) throw new Error(await answer.text());
    const { body } = answer;
    innocent.#read(body).then(
      () => innocent.#endedBy("the stream ended"),
      (error: unknown) => innocent.#endedBy(String(error)),
    );
    return innocent;
  }

  #endedBy(reason: string): void {
    this.ended ??= reason;
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    let text = "";
    for await (const chunk of body) {
      text += decoder.decode(chunk, { stream: true });
      const blocks = text.split("\n\n");
      text = blocks.pop() ?? "";
      for (const block of blocks) {
        if (!block.includes("event: message.created")) continue;
        const line = block.split("\n").find((other) => other.startsWith("data: ")) ?? "data: {}";
        const { data } = JSON.parse(line.slice(6)) as { data: { text: string } };
        this.heard.push(data.text);
      }
    }
  }

  say(text: string): void {
    const at = performance.now();
    const headers = { ...this.#headers, "content-type": "application/json" };
    const body = JSON.stringify({ text });
    const path = `${this.#url}/api/v1/rooms/${room}/messages`;
    fetch(path, { method: "POST", headers, body }).then(
      async (answer) => {
        await answer.arrayBuffer();
        if (answer.status === 201) this.acknowledged.set(text, performance.now() - at);
      },
      () => {},
    );
  }

  close(): void {
    this.ended = "by itself";
    this.#stream.abort();
  }
}

/** Comes in. @param voice Undefined: by event stream and REST. */
export function openInnocent(
  voice: Voice | undefined,
  url: string,
  user: number,
): Promise<Innocent> {
  return voice === undefined
    ? StreamInnocent.open(url, user)
    : SocketInnocent.open(voice, url, user);
}

/** What became of what some innocents said. */
export interface Said {
  readonly ackMs: readonly number[];
  readonly unacknowledged: number;
  /** Deliveries that were owed, one for each message and innocent; those that did not come, and those too many. */
  readonly deliveries: number;
  readonly missing: number;
  readonly doubled: number;
  readonly disconnected: number;
}

/** Each says something once in a while, at different moments. */
export async function talk(
  innocents: readonly Innocent[],
  topic: string,
  { seconds, everyMs }: { readonly seconds: number; readonly everyMs: number },
): Promise<Said> {
  const texts = innocents.map((): string[] => []);
  const rounds = Math.round((seconds * 1_000) / everyMs);
  const begun = performance.now();
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, innocent] of innocents.entries()) {
      const due = begun + (round + index / innocents.length) * everyMs;
      await sleep(Math.max(0, due - performance.now()));
      const text = `${topic} ${index} ${round}`;
      texts[index]?.push(text);
      if (innocent.ended === undefined) innocent.say(text);
    }
  }
  return settle(innocents, texts, topic);
}

async function settle(
  innocents: readonly Innocent[],
  texts: readonly (readonly string[])[],
  topic: string,
): Promise<Said> {
  const all = texts.flat();
  const heardBy = ({ heard }: Innocent): string[] =>
    heard.filter((text) => text.startsWith(`${topic} `));
  const acked = (): number[] =>
    innocents.flatMap(({ acknowledged }, index) =>
      (texts[index] ?? []).flatMap((text) => acknowledged.get(text) ?? []),
    );
  const isDone = (): boolean =>
    acked().length === all.length &&
    innocents.every((innocent) => new Set(heardBy(innocent)).size === all.length);
  for (const end = Date.now() + patienceMs; !isDone() && Date.now() < end; ) await sleep(50);
  let missing = 0;
  let doubled = 0;
  for (const innocent of innocents) {
    const heard = heardBy(innocent);
    const different = new Set(heard).size;
    missing += all.length - different;
    doubled += heard.length - different;
  }
  return {
    ackMs: acked(),
    unacknowledged: all.length - acked().length,
    deliveries: all.length * innocents.length,
    missing,
    doubled,
    disconnected: innocents.filter(({ ended }) => ended !== undefined).length,
  };
}
