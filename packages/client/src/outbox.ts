/** Own messages on their way: kept in order, sent until the server has answered each. */
import type { ClientMessageId, Publish, Published, RoomId } from "@parlance/protocol";
import { retryDelay } from "./backoff.ts";
import { ClientError } from "./errors.ts";
import type { Link } from "./link.ts";
import { toHex } from "./sha256.ts";
import type { Outgoing, OutgoingState, PublishOptions } from "./types.ts";

/** Messages that may wait at once, over all rooms. */
export const maxWaitingMessages = 1_000;
/** UTF-16 code units of text that may wait at once, over all rooms. */
export const maxWaitingCharacters = 4_194_304;
/** How often a message is tried that the server answers with `internal`, before it counts as failed. */
export const maxInternalErrors = 8;

interface Deferred {
  readonly promise: Promise<Published>;
  readonly resolve: (published: Published) => void;
  readonly reject: (error: ClientError) => void;
}

function defer(): Deferred {
  const deferred = Promise.withResolvers<Published>();
  // `done` may be ignored, so its rejection must not end a process.
  deferred.promise.catch(() => {});
  return deferred;
}

/** Needs no secure context, unlike `randomUUID`. */
export function newId(): ClientMessageId {
  return toHex(crypto.getRandomValues(new Uint8Array(16))) as ClientMessageId;
}

/** Where a message belongs, as it travels. */
export function placeOf({
  thread,
  replyTo,
  mentions,
  poll,
}: PublishOptions): Pick<Publish, "thread" | "reply_to" | "mentions" | "poll"> {
  return {
    ...(poll === undefined ? {} : { poll }),
    ...(mentions === undefined ? {} : { mentions }),
    ...(thread === undefined ? {} : { thread }),
    ...(replyTo === undefined ? {} : { reply_to: replyTo }),
  };
}

/** What a message tells and asks its surroundings. */
export interface MessageHost {
  readonly onChange: (message: Message) => void;
  readonly onDiscard: (message: Message) => void;
  readonly enqueue: (message: Message) => void;
}

export class Message implements Outgoing {
  readonly room: RoomId;
  readonly clientMessageId: ClientMessageId = newId();
  readonly text: string;
  readonly options: PublishOptions;
  readonly createdAt: number = Date.now();
  state: OutgoingState = "waiting";
  error: ClientError | undefined;
  published: Published | undefined;
  /** Refusals in a row that may pass. */
  refusals = 0;
  readonly #host: MessageHost;
  #deferred: Deferred = defer();

  constructor(room: RoomId, text: string, options: PublishOptions, host: MessageHost) {
    this.room = room;
    this.text = text;
    this.options = options;
    this.#host = host;
  }

  get done(): Promise<Published> {
    return this.#deferred.promise;
  }

  retry(): void {
    if (this.state !== "failed") return;
    this.#deferred = defer();
    this.refusals = 0;
    this.error = undefined;
    this.state = "waiting";
    this.#host.enqueue(this);
  }

  discard(): void {
    if (this.state === "failed") this.#host.onDiscard(this);
  }

  /** It is in the log, as an answer or its own event says; whichever comes second changes nothing. */
  succeed(published: Published): void {
    if (this.state === "sent") return;
    // The event of a message that had counted as failed: the log knows better.
    if (this.state === "failed") this.#deferred = defer();
    this.state = "sent";
    this.error = undefined;
    this.published = published;
    this.#deferred.resolve(published);
    this.#host.onChange(this);
  }

  fail(error: ClientError): void {
    this.state = "failed";
    this.error = error;
    this.#deferred.reject(error);
    this.#host.onChange(this);
  }
}

interface Lane {
  readonly queue: Message[];
  /** The head that was sent on this line and not answered. */
  flying: Message | undefined;
  timer: ReturnType<typeof setTimeout> | undefined;
}

/**
 * One lane for each room, with one message in the air: were a second one sent before the answer to the first,
 * it could be stored while the first is refused for the moment, and the order would be lost (I-9).
 */
export class Outbox {
  readonly #link: Link;
  readonly #lanes = new Map<RoomId, Lane>();
  #count = 0;
  #characters = 0;

  constructor(link: Link) {
    this.#link = link;
  }

  /** Takes a message on, or fails it where too much waits. */
  add(message: Message): void {
    const isFull =
      this.#count >= maxWaitingMessages ||
      this.#characters + message.text.length > maxWaitingCharacters;
    if (isFull) {
      message.fail(new ClientError("outbox_full", "Too many messages wait to be sent."));
      return;
    }
    this.#count += 1;
    this.#characters += message.text.length;
    let lane = this.#lanes.get(message.room);
    if (lane === undefined) {
      lane = { queue: [], flying: undefined, timer: undefined };
      this.#lanes.set(message.room, lane);
    }
    lane.queue.push(message);
    this.#pump(lane);
  }

  /** A line is up: sends what waits, in order. */
  resume(): void {
    for (const lane of [...this.#lanes.values()]) this.#pump(lane);
  }

  /** The line went down: what was in the air counts as not sent. */
  pause(): void {
    for (const lane of this.#lanes.values()) {
      clearTimeout(lane.timer);
      lane.timer = undefined;
      lane.flying = undefined;
    }
  }

  /** Takes out what is settled, and sends what comes next. */
  settle(message: Message): void {
    const lane = this.#lanes.get(message.room);
    const index = lane?.queue.indexOf(message) ?? -1;
    if (lane === undefined || index < 0) return;
    lane.queue.splice(index, 1);
    this.#count -= 1;
    this.#characters -= message.text.length;
    if (index === 0) {
      clearTimeout(lane.timer);
      lane.timer = undefined;
      lane.flying = undefined;
    }
    if (lane.queue.length === 0) this.#lanes.delete(message.room);
    else this.#pump(lane);
  }

  #pump(lane: Lane): void {
    const message = lane.queue[0];
    const line = this.#link.line;
    if (message === undefined || line === undefined) return;
    if (lane.flying !== undefined || lane.timer !== undefined) return;
    const limit = this.#link.session?.limits.text_length ?? 0;
    if (message.text.length > limit) {
      // The server would end the line for a frame that is too long, not answer it.
      this.#fail(
        message,
        new ClientError("too_large", "The text is too long.", "never", { limit }),
      );
      return;
    }
    lane.flying = message;
    const { room, clientMessageId, text, options } = message;
    line.ask<"publish">(
      {
        type: "publish",
        room,
        client_message_id: clientMessageId,
        text,
        ...placeOf(options),
      },
      (result) => {
        if (lane.flying !== message || this.#link.line !== line) return;
        lane.flying = undefined;
        if (!(result instanceof ClientError)) {
          this.settle(message);
          message.succeed(result);
        } else if (result.code !== "offline") {
          this.#refused(lane, message, result);
        }
      },
    );
  }

  #refused(lane: Lane, message: Message, error: ClientError): void {
    message.refusals += 1;
    const mayPass = error.retry === "later" || error.retry === "after_auth";
    if (!mayPass || (error.code === "internal" && message.refusals >= maxInternalErrors)) {
      this.#fail(message, error);
      return;
    }
    lane.timer = setTimeout(
      () => {
        lane.timer = undefined;
        this.#pump(lane);
      },
      retryDelay(message.refusals, error.retryAfterMs),
    );
  }

  #fail(message: Message, error: ClientError): void {
    this.settle(message);
    message.fail(error);
  }
}
