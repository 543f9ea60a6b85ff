/** One socket's life: frames in and out, answers to commands, and a watch over the silence. */
import type { CommandType, Reply, ServerFrame } from "@parlance/protocol";
import { ClientError, fromClose, fromWire, offline } from "./errors.ts";
import type { CommandBody, WebSocketConstructor, WebSocketLike } from "./types.ts";

/**
 * Receives the one answer to a command, at once when its frame arrives: what follows in the same turn of the
 * event loop must find it handled. Gets an `offline` error where the line ends first.
 */
export type Answer<T extends CommandType> = (result: Reply<T> | ClientError) => void;

export interface LineOptions {
  readonly WebSocket: WebSocketConstructor;
  readonly url: string;
  /** Milliseconds of silence before a `ping`, while something goes on. */
  readonly pingIntervalMs: number;
  /** Milliseconds that opening the socket, and the answer to a `ping`, may take. */
  readonly patienceMs: number;
  readonly onOpen: () => void;
  /** Every frame that is not an answer. */
  readonly onFrame: (frame: ServerFrame) => void;
  /** Something came that cannot be understood; the line stays. */
  readonly onViolation: (error: ClientError) => void;
  /** Called once, last. `timedOut`: we gave up waiting, nobody closed it. */
  readonly onDown: (error: ClientError, timedOut: boolean) => void;
}

const ignore = (): void => {};

export class Line {
  /** Longest silence that is left unchecked; the server's heartbeat once it is known. */
  heartbeatMs = 25_000;
  readonly #options: LineOptions;
  readonly #socket: WebSocketLike;
  readonly #answers = new Map<number, Answer<never>>();
  #lastId = 0;
  #isDown = false;
  #timer: ReturnType<typeof setTimeout>;
  /** When something last came, or a command last went out. */
  #lastActive = 0;
  #pingIntervalMs: number;
  /** When the unanswered ping went out. */
  #pingedAt: number | undefined;

  constructor(options: LineOptions) {
    this.#options = options;
    this.#pingIntervalMs = options.pingIntervalMs;
    const socket = new options.WebSocket(options.url);
    this.#socket = socket;
    socket.onopen = () => {
      this.#touch();
      options.onOpen();
    };
    socket.onmessage = (event: { readonly data: unknown }) => this.#receive(event.data);
    socket.onerror = ignore;
    socket.onclose = (event: { readonly code: number; readonly reason: string }) =>
      this.#end(fromClose(event.code, event.reason), false);
    this.#timer = setTimeout(() => this.#giveUp(), options.patienceMs);
  }

  /** Sends a command. On a line that is down the answer comes at once. */
  ask<T extends CommandType>(command: CommandBody<T>, answer: Answer<T>): void {
    if (this.#isDown) {
      answer(offline("The line is down."));
      return;
    }
    this.#lastId += 1;
    this.#answers.set(this.#lastId, answer);
    if (command.type !== "ping") this.#touch();
    this.#socket.send(JSON.stringify({ ...command, id: this.#lastId }));
  }

  /** Asks the other side for a sign of life now. */
  probe(): void {
    if (this.#pingedAt !== undefined || this.#isDown) return;
    this.#pingedAt = Date.now();
    this.ask<"ping">({ type: "ping" }, ignore);
    this.#watch();
  }

  /** Ends the line from this side. */
  end(error: ClientError): void {
    this.#end(error, false);
  }

  #receive(data: unknown): void {
    let frame: unknown;
    try {
      frame = JSON.parse(data as string);
    } catch {
      frame = undefined;
    }
    this.#pingedAt = undefined;
    if (typeof frame !== "object" || frame === null) {
      this.#options.onViolation(new ClientError("protocol", "Not a JSON object.", "never"));
      return;
    }
    this.#handle(frame as ServerFrame);
  }

  #handle(frame: ServerFrame): void {
    const isAnswer = frame.type === "reply" || frame.type === "error";
    const answer = isAnswer ? this.#answers.get(frame.id as number) : undefined;
    if (answer === ignore) {
      // A pong, or the answer to a mere signal: life, but no activity.
      this.#answers.delete((frame as { readonly id: number }).id);
      this.#lastActive = Date.now();
      return;
    }
    this.#touch();
    if (!isAnswer) {
      this.#options.onFrame(frame);
    } else if (answer !== undefined) {
      this.#answers.delete(frame.id as number);
      answer((frame.type === "reply" ? frame.result : fromWire(frame)) as never);
    } else if (frame.type === "error") {
      this.#options.onViolation(fromWire(frame));
    }
  }

  /** Something goes on: from now on the line is checked often again. */
  #touch(): void {
    const isSlow = this.#pingIntervalMs > this.#options.pingIntervalMs;
    const isFirst = this.#lastActive === 0;
    this.#lastActive = Date.now();
    this.#pingIntervalMs = this.#options.pingIntervalMs;
    // A timer that runs is left to find the new time by itself: this is called for every frame.
    if (isSlow || isFirst) this.#watch();
  }

  #watch(): void {
    clearTimeout(this.#timer);
    const { patienceMs } = this.#options;
    const due =
      this.#pingedAt === undefined
        ? this.#lastActive + this.#pingIntervalMs
        : this.#pingedAt + patienceMs;
    this.#timer = setTimeout(() => this.#check(), Math.max(0, due - Date.now()));
  }

  #check(): void {
    const now = Date.now();
    const isOverdue =
      this.#pingedAt !== undefined && now >= this.#pingedAt + this.#options.patienceMs;
    if (isOverdue) {
      this.#giveUp();
    } else if (this.#pingedAt === undefined && now >= this.#lastActive + this.#pingIntervalMs) {
      this.#pingIntervalMs = Math.min(this.#pingIntervalMs * 2, this.heartbeatMs);
      this.probe();
    } else {
      this.#watch();
    }
  }

  #giveUp(): void {
    this.#end(offline("The server does not answer."), true);
  }

  #end(error: ClientError, timedOut: boolean): void {
    if (this.#isDown) return;
    this.#isDown = true;
    clearTimeout(this.#timer);
    const socket = this.#socket;
    // Late signs of this socket must not be taken for the next one's. `null` would let an error go uncaught.
    socket.onopen = socket.onmessage = socket.onclose = ignore;
    socket.close();
    const lost = offline("The line broke before the answer.");
    for (const answer of this.#answers.values()) answer(lost as never);
    this.#answers.clear();
    this.#options.onDown(error, timedOut);
  }
}
