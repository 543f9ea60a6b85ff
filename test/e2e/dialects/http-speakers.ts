/** Those who read over plain HTTP: page by page, and as a stream of events. */
import { generateToken } from "@parlance/publisher";
import type { Frame } from "./line.ts";
import { room, type ServerPlace, type Speaker, secret, wholeText } from "./speaker.ts";

/** Writes by `POST` and reads by `GET`, again and again, behind the last sequence that it has seen. */
export class RestSpeaker implements Speaker {
  readonly dialect: string = "REST";
  readonly mayRepeat = false;
  readonly heard: string[] = [];
  protected readonly server: ServerPlace;
  protected readonly headers: Readonly<Record<string, string>>;
  #after = 0;
  #reading: AbortController | undefined;

  constructor(server: ServerPlace, user: string) {
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
      const text = wholeText(type, data);
      if (text !== undefined) this.heard.push(text);
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
export class StreamSpeaker extends RestSpeaker {
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
    const type = fields.get("event");
    if (type?.startsWith("message.c") === true) {
      const text = wholeText(type, (JSON.parse(fields.get("data") ?? "") as Frame)["data"]);
      if (text !== undefined) this.heard.push(text);
    }
    this.#lastEventId = fields.get("id") ?? this.#lastEventId;
  }

  override cut(): void {
    this.#stream?.abort();
  }
}
