/** One WebSocket that speaks the native dialect by hand, and gives itself up when nothing is heard of the server. */
import { WebSocket } from "ws";

/** A frame as loosely as the wire gives it. */
export type Frame = Readonly<Record<string, unknown>>;

/** Why a line ended. */
export interface LineEnd {
  /** 1006 where no Close frame came. */
  readonly code: number;
  readonly byClient: boolean;
}

export interface LineEvents {
  /** Every frame but the answers to commands. */
  frame(frame: Frame): void;
  ended(end: LineEnd): void;
  /** A command has no answer for so long that it will have none, while the line is well. */
  unanswered(command: Frame): void;
}

/** How patient a client is, in milliseconds. */
export interface Patience {
  readonly openMs: number;
  /** Silence after which it asks with a `ping`. */
  readonly askMs: number;
  /** Silence after which it gives the line up. */
  readonly giveUpMs: number;
}

/** The longest that a node may take for an answer of whatever kind. */
const answerMs = 30_000;
/** A line is told ended also when this was seen only because a timer fired. */
const checkMs = 250;

interface Pending {
  readonly command: Frame;
  readonly askedAt: number;
  readonly settle: (answer: Frame | undefined) => void;
}

export class Line {
  readonly #socket: WebSocket;
  readonly #events: LineEvents;
  readonly #patience: Patience;
  readonly #pending = new Map<number, Pending>();
  readonly #check: NodeJS.Timeout;
  #nextId = 1;
  #heardAt = performance.now();
  #askedAt: number | undefined;
  #isEnded = false;
  #byClient = false;
  #isOpen = false;

  constructor(url: string, patience: Patience, events: LineEvents, opened: () => void) {
    this.#events = events;
    this.#patience = patience;
    this.#socket = new WebSocket(url, {
      handshakeTimeout: patience.openMs,
      perMessageDeflate: false,
    });
    this.#socket.on("open", () => {
      this.#isOpen = true;
      this.#heardAt = performance.now();
      opened();
    });
    this.#socket.on("message", (bytes: Buffer) => this.#heard(bytes));
    this.#socket.on("ping", () => this.#alive());
    this.#socket.on("error", () => {});
    this.#socket.on("close", (code) => this.#end(code));
    this.#check = setInterval(() => this.#lookAfter(), checkMs);
  }

  /** @returns undefined where the line ended before an answer came. */
  ask(command: Frame): Promise<Frame | undefined> {
    return this.askNow(command, () => {});
  }

  /** @param taken Called with the answer before anything that follows it on the wire is looked at. */
  askNow(command: Frame, taken: (answer: Frame) => void): Promise<Frame | undefined> {
    if (this.#isEnded || this.#socket.readyState !== WebSocket.OPEN) {
      return Promise.resolve(undefined);
    }
    const id = this.#nextId;
    this.#nextId += 1;
    this.#socket.send(JSON.stringify({ ...command, id }));
    return new Promise((resolve) => {
      const settle = (answer: Frame | undefined): void => {
        if (answer !== undefined) taken(answer);
        resolve(answer);
      };
      this.#pending.set(id, { command, askedAt: performance.now(), settle });
    });
  }

  /** Stops or goes on to take what the server sends: a reader that is slow. */
  set isReading(value: boolean) {
    if (value) this.#socket.resume();
    else this.#socket.pause();
  }

  /** Ends it without a word, as a lost network does. */
  drop(): void {
    this.#byClient = true;
    this.#socket.terminate();
    this.#end(1006);
  }

  /** Ends it in good order. */
  close(): void {
    this.#byClient = true;
    this.#socket.close(1000);
  }

  #alive(): void {
    this.#heardAt = performance.now();
    this.#askedAt = undefined;
  }

  #heard(bytes: Buffer): void {
    this.#alive();
    const frame = JSON.parse(bytes.toString()) as Frame;
    const { id, type } = frame;
    const pending = typeof id === "number" && isAnswer(type) ? this.#pending.get(id) : undefined;
    if (pending === undefined) this.#events.frame(frame);
    else {
      this.#pending.delete(id as number);
      pending.settle(frame);
    }
  }

  #lookAfter(): void {
    if (!this.#isOpen) return;
    const now = performance.now();
    for (const [id, { command, askedAt, settle }] of this.#pending) {
      if (now - askedAt < Math.max(answerMs, this.#patience.giveUpMs)) continue;
      this.#pending.delete(id);
      this.#events.unanswered(command);
      settle(undefined);
    }
    if (this.#askedAt === undefined && now - this.#heardAt > this.#patience.askMs) {
      this.#askedAt = now;
      void this.ask({ type: "ping" });
    } else if (
      this.#askedAt !== undefined &&
      now - this.#askedAt > this.#patience.giveUpMs - this.#patience.askMs
    ) {
      this.drop();
    }
  }

  #end(code: number): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    clearInterval(this.#check);
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    this.#events.ended({ code, byClient: this.#byClient });
    for (const { settle } of pending) settle(undefined);
  }
}

function isAnswer(type: unknown): boolean {
  return type === "reply" || type === "error";
}
