/** An open message of a back end: opened, appended to and closed over HTTP, repeated by position from what is stored. */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { errorOf, type HttpWay, type Told } from "./http-way.ts";
import { PublishError } from "./publish-error.ts";

/** The room, the user's inbox, or everybody: one place only. */
export type OpenTarget =
  | { readonly room: string }
  | { readonly user: string }
  | { readonly everyone: true };

export interface OpenOptions {
  /** What it begins with, at most 16,384 UTF-16 code units. */
  readonly text?: string;
  /** For programs, at most 32 KiB of JSON. */
  readonly data?: Readonly<Record<string, unknown>>;
  readonly idempotency_key?: string;
  /** How long a server that does not answer is asked again before the message is given up. Preset: 60000. */
  readonly patienceMs?: number;
}

/** How it ended: by this writer, or by somebody else. */
export type Ended = "done" | "ended_elsewhere";

/** A message that grows. Its methods need no `this`. */
export interface OpenMessage {
  /** Takes a piece; it is sent with what else is taken meanwhile. Does nothing once the message is ended. Never throws. */
  readonly append: (text: string) => void;
  /** Sends what is left and closes. @throws PublishError where that cannot be done. */
  readonly close: () => Promise<Ended>;
  /** Aborted when somebody else ended it, or it had to be given up: what makes the text may stop. */
  readonly signal: AbortSignal;
}

/** Longest piece, and longest text, in UTF-16 code units. */
const pieceLength = 16_384;
const wholeLength = 262_144;
const firstPauseMs = 100;
const lastPauseMs = 5_000;
const presetPatienceMs = 60_000;

/** Begins at once; what goes wrong is told by `close`. */
export function openMessage(way: HttpWay, target: OpenTarget, options: OpenOptions): OpenMessage {
  const writing = new Writing(way, roomOf(target), options);
  return {
    append: (text) => writing.append(text),
    close: () => writing.close(),
    signal: writing.signal,
  };
}

function roomOf(target: OpenTarget): string {
  if ("room" in target) return target.room;
  return "user" in target ? `user:${target.user}` : "notifications";
}

class Writing {
  readonly #way: HttpWay;
  readonly #path: string;
  readonly #options: OpenOptions;
  readonly #key: string;
  readonly #abort = new AbortController();
  readonly #done: Promise<Ended>;
  /** What is stored, and what comes behind it. */
  #stored = 0;
  #rest = "";
  #isClosing = false;
  #isOver = false;
  /** Ends the wait for more to do. */
  #wake: () => void = () => {};

  constructor(way: HttpWay, room: string, options: OpenOptions) {
    this.#way = way;
    this.#path = `/api/v1/rooms/${encodeURIComponent(room)}/messages`;
    this.#options = options;
    this.#key = options.idempotency_key ?? randomUUID();
    this.#done = this.#run().finally(() => {
      this.#isOver = true;
      this.#rest = "";
    });
    // Told by `close`.
    this.#done.catch(() => this.#abort.abort());
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  append(text: string): void {
    if (this.#isOver || this.#isClosing) return;
    // What is longer will be refused by the server; no need to keep it.
    if (this.#stored + this.#rest.length <= wholeLength) this.#rest += text;
    this.#wake();
  }

  close(): Promise<Ended> {
    this.#isClosing = true;
    this.#wake();
    return this.#done;
  }

  async #run(): Promise<Ended> {
    const { text = "", data } = this.#options;
    const opened = await this.#ask(this.#path, { text, data, open: true });
    if (opened === "ended") return this.#elsewhere();
    const place = `${this.#path}/${encodeURIComponent(String(opened["message_id"]))}`;
    this.#stored = text.length;
    for (;;) {
      const piece = this.#nextPiece();
      if (piece !== "") {
        const told = await this.#ask(`${place}/append`, { at: this.#stored, text: piece });
        if (told === "ended") return this.#elsewhere();
        this.#advance(Number(told["length"]));
      } else if (this.#isClosing) {
        const told = await this.#ask(`${place}/close`, { length: this.#stored });
        if (told === "ended") return this.#elsewhere();
        if (told["message_id"] !== undefined) return "done";
        this.#advance(Number(told["length"]));
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }

  #elsewhere(): Ended {
    this.#abort.abort();
    return "ended_elsewhere";
  }

  /** Not the first half of a pair without the second, which may come with the next call. */
  #nextPiece(): string {
    const piece = this.#rest.slice(0, pieceLength);
    const isCut = /[\ud800-\udbff]$/.test(piece) && !(this.#isClosing && piece === this.#rest);
    return (isCut ? piece.slice(0, -1) : piece).toWellFormed();
  }

  #advance(length: number): void {
    if (!(length >= this.#stored && length <= this.#stored + this.#rest.length)) {
      throw this.#error("conflict", "Somebody else writes this message.", "refused");
    }
    this.#rest = this.#rest.slice(length - this.#stored);
    this.#stored = length;
  }

  /**
   * Asks until there is an answer.
   *
   * @returns its body, also that of a refusal which says how much is stored; `ended` where the message is whole already.
   * @throws PublishError
   */
  async #ask(path: string, body: object): Promise<Readonly<Record<string, unknown>> | "ended"> {
    const until = performance.now() + (this.#options.patienceMs ?? presetPatienceMs);
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(lastPauseMs, 2 * pauseMs)) {
      const told = await this.#way.ask(path, JSON.stringify(body), {
        "idempotency-key": this.#key,
      });
      const outcome = this.#outcomeOf(told);
      if (outcome !== undefined) return outcome;
      if (performance.now() + pauseMs > until) {
        const cause = told.is === "none" ? told.cause : undefined;
        throw this.#error("unreachable", "The server gave no answer.", "unknown", cause);
      }
      await sleep(pauseMs);
    }
  }

  /** Undefined: to be asked again. */
  #outcomeOf(told: Told): Readonly<Record<string, unknown>> | "ended" | undefined {
    if (told.is === "none") return undefined;
    if (told.status < 300) return told.body;
    const error = errorOf(told.body["error"]);
    if (error === undefined || error.retry === "later") return undefined;
    const length = error.details?.["length"];
    if (error.code === "conflict" && typeof length === "number") return { length };
    if (error.code === "conflict" && error.details?.["field"] === "message_id") return "ended";
    throw new PublishError({ ...error, outcome: "refused", idempotency_key: this.#key });
  }

  #error(code: string, text: string, outcome: "refused" | "unknown", cause?: Error): PublishError {
    return new PublishError({ code, text, outcome, idempotency_key: this.#key, cause });
  }
}
