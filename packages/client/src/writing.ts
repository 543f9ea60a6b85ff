/** An open message of this client: opened once, appended to by position, repeated from what is stored wherever an answer is missing. */
import type { ClientMessageId, ClosedReason, EventId, RoomId } from "@parlance/protocol";
import { retryDelay } from "./backoff.ts";
import { ClientError } from "./errors.ts";
import type { Line } from "./line.ts";
import type { Link } from "./link.ts";
import { newId, placeOf } from "./outbox.ts";
import type { OpenOptions, Writing, WritingState } from "./types.ts";

/** Frames of one message are sent no oftener; what is appended in between goes together. */
const paceMs = 50;
/** The longest text of a message, in UTF-16 code units. */
export const maxOpenLength = 262_144;

export class LiveWriting implements Writing {
  readonly room: RoomId;
  readonly clientMessageId: ClientMessageId = newId();
  readonly ended: Promise<ClosedReason>;
  state: WritingState = "opening";
  messageId: EventId | undefined;
  /** What the server has stored, and what comes behind it. */
  length = 0;
  readonly #link: Link;
  readonly #options: OpenOptions;
  readonly #onEnd: () => void;
  readonly #deferred: PromiseWithResolvers<ClosedReason> = Promise.withResolvers<ClosedReason>();
  #rest = "";
  /** How far this line was told. */
  #sent = 0;
  #isClosing = false;
  /** A question whose answer decides what comes next: opening, and closing. */
  #isAsking = false;
  /** Answers of an earlier one do not count any more. */
  #turn = 0;
  #refusals = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(room: RoomId, link: Link, options: OpenOptions, onEnd: () => void) {
    this.room = room;
    this.#link = link;
    this.#options = options;
    this.#onEnd = onEnd;
    this.ended = this.#deferred.promise;
    // May be ignored: `state` tells the same.
    this.ended.catch(() => {});
    this.resume();
  }

  append(text: string): void {
    if (this.#isClosing || this.#isOver) return;
    if (this.length + this.#rest.length + text.length > maxOpenLength) {
      this.#fail(new ClientError("too_large", "The text is too long.", "never"));
      return;
    }
    this.#rest += text;
    const { line } = this.#link;
    const isIdle = !this.#isAsking && this.#timer === undefined && this.#rest === "";
    // Only says that it is still being written.
    if (isIdle && line !== undefined && this.messageId !== undefined)
      this.#send(line, this.messageId);
    else this.#pump();
  }

  close(): Promise<ClosedReason> {
    this.#isClosing = true;
    this.#pump();
    return this.ended;
  }

  /** A line is up: goes on from what is stored. */
  resume(): void {
    this.#again(0);
  }

  /** Its `message.closed` came. */
  end(reason: ClosedReason): void {
    if (this.#isOver) return;
    this.state = "ended";
    this.#deferred.resolve(reason);
    this.#over();
  }

  get #isOver(): boolean {
    return this.state === "ended" || this.state === "failed";
  }

  #fail(error: ClientError): void {
    this.state = "failed";
    this.#deferred.reject(error);
    this.#over();
  }

  #over(): void {
    clearTimeout(this.#timer);
    this.#turn += 1;
    this.#rest = "";
    this.#onEnd();
  }

  #again(afterMs: number): void {
    this.#turn += 1;
    this.#isAsking = false;
    this.#sent = this.length;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (afterMs === 0) this.#pump();
    else this.#later(afterMs);
  }

  #later(afterMs: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#pump();
    }, afterMs);
  }

  #pump(): void {
    const { line } = this.#link;
    const isWaiting = this.#isAsking || this.#timer !== undefined;
    if (line === undefined || isWaiting || this.#isOver) return;
    if (this.messageId === undefined) this.#open(line);
    else if (this.#sent < this.length + this.#rest.length) this.#send(line, this.messageId);
    else if (this.#isClosing && this.#rest === "") this.#close(line, this.messageId);
  }

  #open(line: Line): void {
    const { text = "", data } = this.#options;
    const turn = this.#turn;
    this.#isAsking = true;
    line.ask<"publish">(
      {
        type: "publish",
        room: this.room,
        client_message_id: this.clientMessageId,
        text,
        ...(data === undefined ? {} : { data }),
        ...placeOf(this.#options),
        open: true,
      },
      (result) => {
        if (turn !== this.#turn) return;
        if (result instanceof ClientError) return this.#refused(result);
        this.messageId = result.message_id;
        this.length = text.length;
        this.state = "open";
        this.#again(0);
      },
    );
  }

  #send(line: Line, id: EventId): void {
    const from = this.#sent - this.length;
    const most = this.#link.session?.limits.text_length ?? 0;
    let piece = this.#rest.slice(from, from + most);
    // The other half of a pair may come with the next call.
    const isCut = /[\uD800-\uDBFF]$/.test(piece);
    if (isCut && !(this.#isClosing && from + piece.length === this.#rest.length)) {
      piece = piece.slice(0, -1);
      if (piece === "") return;
    }
    const turn = this.#turn;
    const at = this.#sent;
    this.#sent += piece.length;
    line.ask<"append_text">(
      { type: "append_text", room: this.room, message_id: id, at, text: piece.toWellFormed() },
      (result) => {
        if (turn !== this.#turn) return;
        if (result instanceof ClientError) return this.#refused(result);
        this.#stored(result.length);
        this.#pump();
      },
    );
    this.#later(paceMs);
  }

  #stored(length: number): void {
    this.#refusals = 0;
    this.#rest = this.#rest.slice(Math.max(0, length - this.length));
    this.length = Math.max(this.length, length);
  }

  #close(line: Line, id: EventId): void {
    const turn = this.#turn;
    this.#isAsking = true;
    const { room, length } = this;
    line.ask<"close_message">({ type: "close_message", room, message_id: id, length }, (result) => {
      if (turn !== this.#turn) return;
      if (result instanceof ClientError) this.#refused(result);
      else this.end("done");
    });
  }

  #refused(error: ClientError): void {
    if (error.code === "offline") return;
    const there = error.details?.["length"];
    this.#refusals += 1;
    if (error.code === "conflict" && typeof there === "number") {
      // More than this client ever said: somebody else writes here.
      if (there > this.length + this.#rest.length) return this.#fail(error);
      this.#stored(there);
      this.#again(paceMs);
    } else if (error.code === "conflict" && this.messageId !== undefined) {
      void this.#askReason(this.messageId, error);
    } else if (error.retry === "later" || error.retry === "after_auth") {
      this.#again(retryDelay(this.#refusals, error.retryAfterMs));
    } else this.#fail(error);
  }

  /** It was ended, and not from here. */
  async #askReason(id: EventId, error: ClientError): Promise<void> {
    this.#turn += 1;
    this.#isAsking = true;
    try {
      const { room } = this;
      const { closed } = await this.#link.request<"get_message">({
        type: "get_message",
        room,
        message_id: id,
      });
      this.end(closed ?? "done");
    } catch {
      if (!this.#isOver) this.#fail(error);
    }
  }
}
