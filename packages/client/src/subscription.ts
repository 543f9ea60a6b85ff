/** Live delivery of one room: begun, resumed by position, kept in order. */
import type {
  ErrorCode,
  EventFrame,
  Position,
  ResumeRoom,
  RoomId,
  Subscribed,
} from "@parlance/protocol";
import { retryDelay } from "./backoff.ts";
import { ClientError, fromWire } from "./errors.ts";
import type { Line } from "./line.ts";
import type { Link } from "./link.ts";
import { DeliveryRecord } from "./record.ts";
import type { RoomReset, SubscribeOptions } from "./types.ts";

/** Rooms in one `resume`; more are asked for with further ones. */
export const resumeBatch = 200;

/** What a subscription tells its room. */
export interface SubscriptionHost {
  readonly onEvent: (event: EventFrame) => void;
  readonly onReset: (reset: RoomReset) => void;
  readonly onBegin: (subscribed: Subscribed) => void;
  readonly onEnd: (code: ErrorCode) => void;
}

export class Subscription {
  /** The server's last answer. */
  standing: Subscribed | undefined;
  /** The last event delivered. */
  position: Position | undefined;
  readonly record: DeliveryRecord = new DeliveryRecord();
  readonly #room: RoomId;
  readonly #link: Link;
  readonly #host: SubscriptionHost;
  #wanted: SubscribeOptions | undefined;
  /** The server answered on this line, so that what comes now follows the position. */
  #isLive = false;
  /** What was delivered so far does not count; the listener hears of it with the new position. */
  #mustReset = false;
  /** Grows when an answer in the air does not count any more. */
  #turn = 0;
  #refusals = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #waiters: PromiseWithResolvers<Subscribed>[] = [];

  constructor(room: RoomId, link: Link, host: SubscriptionHost) {
    this.#room = room;
    this.#link = link;
    this.#host = host;
  }

  get isWanted(): boolean {
    return this.#wanted !== undefined;
  }

  want(options: SubscribeOptions): Promise<Subscribed> {
    if (this.#isLive && this.standing !== undefined) return Promise.resolve(this.standing);
    const waiter = Promise.withResolvers<Subscribed>();
    this.#waiters.push(waiter);
    if (this.#wanted === undefined) {
      this.#wanted = options;
      this.position = options.position;
      if (this.#link.line !== undefined) beginAll(this.#link.line, [this]);
    }
    return waiter.promise;
  }

  /** Ends it from this side, or because the server said so. */
  end(error: ClientError): void {
    this.#wanted = undefined;
    this.standing = undefined;
    this.position = undefined;
    this.#mustReset = false;
    this.record.clear();
    this.pause();
    this.reject(error);
  }

  /** The line went down, or the subscription is begun anew. */
  pause(): void {
    this.#turn += 1;
    this.#isLive = false;
    clearTimeout(this.#timer);
  }

  /** Tells those who wait for the beginning that it will not come. */
  reject(error: ClientError): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const { reject } of waiters) reject(error);
  }

  deliver(event: EventFrame): void {
    const { position } = this;
    if (!this.#isLive || position === undefined || event.sequence <= position.offset) return;
    if (event.sequence !== position.offset + 1) {
      const text = `Event ${event.sequence} of ${this.#room} came after ${position.offset}.`;
      this.#link.report(new ClientError("protocol", text, "after_resync"));
      this.#again();
      return;
    }
    this.#refusals = 0;
    this.position = { epoch: position.epoch, offset: event.sequence };
    this.record.add(event);
    this.#host.onEvent(event);
  }

  /** The log began a new life. */
  reset(): void {
    if (this.#wanted === undefined) return;
    this.#forget();
    this.#again();
  }

  /** The server ended it. */
  ended(code: ErrorCode): void {
    if (this.#wanted === undefined) return;
    this.end(new ClientError(code, "The subscription was ended.", "never"));
    this.#host.onEnd(code);
  }

  /** What `beginAll` asks for. */
  plan(): {
    readonly resume: ResumeRoom | undefined;
    readonly begin: (line: Line) => void;
    readonly answer: (result: Subscribed | ClientError) => void;
  } {
    this.pause();
    const turn = this.#turn;
    const { last = 0, presence = false } = this.#wanted ?? {};
    const flags = presence ? { presence } : {};
    const room = this.#room;
    const { position } = this;
    const answer = (result: Subscribed | ClientError): void => {
      if (turn === this.#turn) this.#answered(result);
    };
    return {
      resume: position && { room, position, ...flags },
      begin: (line) => line.ask<"subscribe">({ type: "subscribe", room, last, ...flags }, answer),
      answer,
    };
  }

  #answered(result: Subscribed | ClientError): void {
    if (result instanceof ClientError) this.#refused(result);
    else this.#begun(result);
  }

  #begun(standing: Subscribed): void {
    this.standing = standing;
    this.#isLive = true;
    this.position ??= { epoch: standing.epoch, offset: standing.offset };
    const { position } = this;
    if (this.#mustReset) {
      this.#mustReset = false;
      this.#host.onReset({ room: this.#room, position });
    }
    this.#host.onBegin(standing);
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const { resolve } of waiters) resolve(standing);
  }

  #refused(error: ClientError): void {
    if (error.code === "offline") return;
    if (error.code === "resync_required") {
      this.#forget();
      this.#again();
    } else if (error.retry === "never") {
      this.end(error);
      this.#host.onEnd(error.code as ErrorCode);
    } else {
      this.#refusals += 1;
      this.#later(error.retryAfterMs);
    }
  }

  #forget(): void {
    this.position = undefined;
    this.#mustReset = true;
    this.record.clear();
  }

  /** Begins anew on this line; at once, but not in a tight circle. */
  #again(): void {
    this.pause();
    // A subscription that exists would answer with its place and change nothing.
    this.#link.line?.ask<"unsubscribe">({ type: "unsubscribe", room: this.#room }, () => {});
    this.#refusals += 1;
    if (this.#refusals > 1) this.#later(0);
    else if (this.#link.line !== undefined) beginAll(this.#link.line, [this]);
  }

  #later(atLeastMs: number): void {
    this.pause();
    this.#timer = setTimeout(
      () => {
        if (this.#link.line !== undefined) beginAll(this.#link.line, [this]);
      },
      retryDelay(this.#refusals, atLeastMs),
    );
  }
}

/** Asks for live delivery: one `resume` for up to 200 rooms with a position, and `subscribe` for others. */
export function beginAll(line: Line, subscriptions: Iterable<Subscription>): void {
  const plans = [...subscriptions].filter(({ isWanted }) => isWanted).map((one) => one.plan());
  const resumable = plans.filter(({ resume }) => resume !== undefined);
  for (let start = 0; start < resumable.length; start += resumeBatch) {
    const batch = resumable.slice(start, start + resumeBatch);
    const rooms = batch.map(({ resume }) => resume as ResumeRoom);
    line.ask<"resume">({ type: "resume", rooms }, (result) => {
      for (const [index, { answer }] of batch.entries()) {
        if (result instanceof ClientError) answer(result);
        else answer(resumed(result.rooms[index]));
      }
    });
  }
  for (const { resume, begin } of plans) if (resume === undefined) begin(line);
}

function resumed(
  result: Subscribed | { readonly error: Parameters<typeof fromWire>[0] } | undefined,
): Subscribed | ClientError {
  if (result === undefined) return new ClientError("protocol", "A room was not answered.");
  return "error" in result ? fromWire(result.error) : result;
}

/** The error that ends what waits on a client that was closed. */
export function closed(): ClientError {
  return new ClientError("closed", "It was ended by the application.", "never");
}
