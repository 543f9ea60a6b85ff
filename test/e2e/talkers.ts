/** People who write all the time, over the SDK, and remember everything that they were told. */
import { type Client, createClient, type EventFrame, type Published } from "@parlance/client";

/** One person's line, and what came over it. */
export class Talker {
  readonly client: Client;
  readonly room: string;
  readonly #pauseMs: number;
  /** Durable events in the order of their delivery. */
  readonly events: EventFrame[] = [];
  /** What was acknowledged, by its text. */
  readonly acked = new Map<string, Published>();
  /** Milliseconds between sending and acknowledgement. */
  readonly waits: number[] = [];
  signIns = 0;
  resets = 0;
  #isTalking = true;
  #talking: Promise<void> = Promise.resolve();

  constructor(url: string, name: string, room: string, pauseMs = 5) {
    this.room = room;
    this.#pauseMs = pauseMs;
    this.client = createClient({ url, guest: { name } });
    this.client.on("state", ({ status }) => {
      if (status === "online") this.signIns += 1;
    });
    const of = this.client.room(room);
    of.on("event", (event) => this.events.push(event));
    of.on("reset", () => {
      this.resets += 1;
    });
  }

  async comeIn(): Promise<void> {
    const subscribed = this.client.room(this.room).subscribe({ last: 0 });
    await this.client.connect();
    await subscribed;
  }

  /** Writes one message after the other until `stop`. */
  talk(word: string): void {
    this.#isTalking = true;
    this.#talking = this.#talk(word);
  }

  async #talk(word: string): Promise<void> {
    let count = 0;
    while (this.#isTalking) {
      count += 1;
      const text = `${word} ${count}`;
      const since = performance.now();
      const published = await this.client.room(this.room).publish(text).done;
      this.waits.push(performance.now() - since);
      this.acked.set(text, published);
      await new Promise((resolve) => setTimeout(resolve, this.#pauseMs));
    }
  }

  /** Ends when the last message was acknowledged. */
  async stop(): Promise<void> {
    this.#isTalking = false;
    await this.#talking;
  }

  /** The place up to which everything was delivered. */
  get offset(): number {
    return this.events.at(-1)?.sequence ?? 0;
  }
}

/** Waits until a condition holds. @throws Error if it does not in time. */
export async function until(what: string, holds: () => boolean, timeoutMs = 20_000): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`not in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
