/** The messages of one client on their way: sent in order, sent again with the same id, held where told `later`. */
import type { Random } from "../simulation/random.ts";
import type { Entry } from "./history.ts";
import type { Frame } from "./line.ts";

interface Message {
  readonly room: string;
  readonly clientMessageId: string;
  readonly text: string;
  attempts: number;
  isOnTheWay: boolean;
}

interface Queue {
  readonly messages: Message[];
  isHeld: boolean;
}

/** What a writer needs of its client. */
export interface WriterLine {
  ask(command: Frame): Promise<Frame | undefined>;
  isOnline(): boolean;
  record(entry: Entry): void;
}

export class Writer {
  readonly #name: string;
  readonly #pipeline: number;
  readonly #random: Random;
  readonly #line: WriterLine;
  readonly #queues = new Map<string, Queue>();
  #meant = 0;
  #settled: (() => void)[] = [];

  constructor(name: string, pipeline: number, random: Random, line: WriterLine) {
    this.#name = name;
    this.#pipeline = pipeline;
    this.#random = random;
    this.#line = line;
  }

  /** Messages without a final answer. */
  get outstanding(): number {
    let sum = 0;
    for (const { messages } of this.#queues.values()) sum += messages.length;
    return sum;
  }

  /** Means to send one more message; it leaves as soon as what stands before it allows. */
  publish(room: string, padding = ""): void {
    this.#meant += 1;
    const queue = this.#queues.get(room) ?? { messages: [], isHeld: false };
    this.#queues.set(room, queue);
    queue.messages.push({
      room,
      clientMessageId: `${this.#name}.${this.#meant}.${this.#random.between(0, 999_999)}`,
      text: `${this.#name} says ${this.#meant} ${padding}`.trim(),
      attempts: 0,
      isOnTheWay: false,
    });
    this.#goOn(queue);
  }

  /** A new line is there. */
  begin(): void {
    for (const queue of this.#queues.values()) {
      queue.isHeld = false;
      this.#goOn(queue);
    }
  }

  /** The line is lost: what has no answer may be stored or not. */
  lost(): void {
    for (const { messages } of this.#queues.values()) {
      for (const message of messages) message.isOnTheWay = false;
    }
  }

  /** Resolves when everything has its answer. */
  async settled(): Promise<void> {
    while (this.outstanding > 0) {
      await new Promise<void>((resolve) => this.#settled.push(resolve));
    }
  }

  /** Gives up what waits: its rooms may not be written to any more. */
  forget(): void {
    this.#queues.clear();
    this.#wake();
  }

  #wake(): void {
    const settled = this.#settled;
    this.#settled = [];
    for (const resolve of settled) resolve();
  }

  #goOn(queue: Queue): void {
    if (queue.isHeld || !this.#line.isOnline()) return;
    for (const message of queue.messages.slice(0, this.#pipeline)) {
      if (!message.isOnTheWay) void this.#send(queue, message);
    }
  }

  async #send(queue: Queue, message: Message): Promise<void> {
    const { room, clientMessageId, text } = message;
    message.isOnTheWay = true;
    message.attempts += 1;
    const attempt = message.attempts;
    const sentAt = performance.now();
    this.#line.record({ kind: "sent", at: sentAt, room, clientMessageId, text, attempt });
    const command = { type: "publish", room, client_message_id: clientMessageId, text };
    const answer = await this.#line.ask(command);
    if (answer === undefined || message.attempts !== attempt) return;
    message.isOnTheWay = false;
    const at = performance.now();
    const entry = { at, room, clientMessageId } as const;
    if (answer["type"] === "reply") {
      const { epoch, sequence, message_id } = answer["result"] as {
        readonly epoch: string;
        readonly sequence: number;
        readonly message_id: string;
      };
      this.#line.record({ kind: "acked", ...entry, epoch, sequence, id: message_id });
      this.#settle(queue, message);
    } else if (answer["retry"] === "never") {
      const code = String(answer["code"]);
      this.#line.record({ kind: "refused", ...entry, code, isDefinite: attempt === 1 });
      this.#settle(queue, message);
    } else {
      const hasCompany = queue.messages.some((other) => other.isOnTheWay);
      const code = String(answer["code"]);
      this.#line.record({ kind: "deferred", ...entry, code, afterMs: at - sentAt, hasCompany });
      queue.isHeld = true;
      this.#release(queue);
    }
  }

  #settle(queue: Queue, message: Message): void {
    const index = queue.messages.indexOf(message);
    if (index >= 0) queue.messages.splice(index, 1);
    this.#release(queue);
    this.#goOn(queue);
    if (this.outstanding === 0) this.#wake();
  }

  /* Waits for the answers to everything on its way, then goes on from the oldest that has none. */
  #release(queue: Queue): void {
    if (!queue.isHeld || queue.messages.some((message) => message.isOnTheWay)) return;
    setTimeout(
      () => {
        queue.isHeld = false;
        this.#goOn(queue);
      },
      this.#random.between(50, 300),
    );
  }
}
