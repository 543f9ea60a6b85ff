/** One stream: comes in, goes on where its last id says in each room, and begins anew where that place is gone. */
import type { Bytes, Stream, StreamDoing, StreamRequest } from "@parlance/core";
import {
  type ErrorCode,
  errorRow,
  type NoticeEvent,
  type Position,
  ProtocolError,
  type Resumed,
  type RoomId,
  type Subscribed,
  type WireError,
} from "@parlance/protocol";
import { block, markOf, noMark, oneRoom, personalize, retryBlock, severalRooms } from "./encode.ts";
import { type Asked, readRequest } from "./handshake.ts";
import { idOf, readPositions, StreamPlaces } from "./position.ts";

/** How often a room is asked for again that cannot be had at the moment. */
const maxAttempts = 50;

/** One room that is still to be subscribed. */
interface Wanted {
  readonly room: RoomId;
  readonly position?: Position;
  /** Its place is gone: the client is told before it begins at the head. */
  readonly isReset: boolean;
}

/** What became of asking for a room. */
type Outcome = Subscribed | ProtocolError;

/** @throws ProtocolError as `readRequest`. */
export function beginStream(request: StreamRequest): Stream {
  return new EventStream(request, readRequest(request));
}

class EventStream implements Stream {
  readonly dialect: Stream["dialect"];
  readonly ticket?: string;
  readonly personal?: (chunk: Bytes) => Bytes;
  readonly #request: StreamRequest;
  readonly #asked: Asked;
  readonly #places: StreamPlaces | undefined;
  /** Rooms with a live subscription. */
  readonly #live = new Set<RoomId>();
  #doing: StreamDoing | undefined;
  #isAccepted = false;
  /** All rooms were asked for, and answered. */
  #isBegun = false;

  constructor(request: StreamRequest, asked: Asked) {
    this.#request = request;
    this.#asked = asked;
    if (asked.ticket !== undefined) this.ticket = asked.ticket;
    if (asked.rooms.length === 1) {
      this.dialect = oneRoom;
      return;
    }
    const places = new StreamPlaces(asked.rooms);
    this.dialect = severalRooms;
    this.#places = places;
    this.personal = (chunk) => personalize(chunk, places);
  }

  opened(doing: StreamDoing): void {
    this.#doing = doing;
    const { token, ticket, rooms } = this.#asked;
    doing.perform(
      {
        type: "enter",
        ...(token === undefined ? {} : { token }),
        ...(ticket === undefined ? {} : { ticket: { text: ticket, rooms } }),
      },
      { done: () => this.#begin(doing), failed: (error) => doing.refuse(error) },
    );
  }

  told(notice: NoticeEvent): void {
    const doing = this.#doing;
    if (doing === undefined) return;
    switch (notice.type) {
      case "goodbye":
        doing.send(retryBlock(this.#request.retryAfterDrainMs));
        return;
      case "unsubscribed":
        this.#live.delete(notice.room);
        this.#endIfEmpty(doing);
        return;
      case "reset":
        this.#live.delete(notice.room);
        this.#ask(doing, { room: notice.room, isReset: true }, 1, (outcome) => {
          this.#joinAgain(doing, notice.room, outcome);
        });
        return;
      default:
        notice satisfies never;
    }
  }

  lastWords(code: ErrorCode): string | undefined {
    // Told by an event of their own before.
    if (code === "not_found" || code === "draining") return undefined;
    const error = { type: "error", ...new ProtocolError(code).toWire() };
    return block("error", JSON.stringify(error));
  }

  // --- Beginning ------------------------------------------------------------------------------------

  #begin(doing: StreamDoing): void {
    const { rooms, lastEventId } = this.#asked;
    const known = lastEventId === undefined ? new Map() : readPositions(lastEventId, rooms);
    if (known === undefined || known.size === 0) {
      const isReset = known === undefined;
      this.#join(
        doing,
        rooms.map((room) => ({ room, isReset })),
        [],
        [],
      );
      return;
    }
    this.#resume(doing, known, 1);
  }

  /** One command for all rooms whose place is known. */
  #resume(doing: StreamDoing, known: ReadonlyMap<RoomId, Position>, attempt: number): void {
    const presence = this.#asked.presence ? { presence: true } : {};
    const places = [...known].map(([room, position]) => ({ room, position, ...presence }));
    doing.perform(
      { type: "resume", id: 0, rooms: places },
      {
        done: (reply) => this.#resumed(doing, known, reply as Resumed),
        failed: (error) => {
          const waitMs = waitOf(error, attempt);
          if (waitMs === undefined) this.#fail(doing, error);
          else doing.after(waitMs, () => this.#resume(doing, known, attempt + 1));
        },
      },
    );
  }

  #resumed(doing: StreamDoing, known: ReadonlyMap<RoomId, Position>, { rooms }: Resumed): void {
    const joined: Subscribed[] = [];
    const refused: { room: RoomId; error: WireError }[] = [];
    const wanted: Wanted[] = this.#asked.rooms
      .filter((room) => !known.has(room))
      .map((room) => ({ room, isReset: false }));
    for (const answer of rooms) {
      const position = known.get(answer.room);
      if (!("error" in answer)) this.#joined(doing, answer, joined);
      else if (answer.error.code === "resync_required") {
        wanted.push({ room: answer.room, isReset: true });
      } else if (answer.error.retry === "later" && position !== undefined) {
        wanted.push({ room: answer.room, position, isReset: false });
      } else refused.push(answer);
    }
    this.#join(doing, wanted, joined, refused);
  }

  /** One after the other; then everything is known. */
  #join(
    doing: StreamDoing,
    [wanted, ...rest]: readonly Wanted[],
    joined: Subscribed[],
    refused: { readonly room: RoomId; readonly error: WireError }[],
  ): void {
    if (wanted === undefined) {
      this.#allAnswered(doing, joined, refused);
      return;
    }
    this.#ask(doing, wanted, 1, (outcome) => {
      if (!(outcome instanceof ProtocolError)) {
        if (wanted.isReset) this.#accept(doing).send(resetBlock(outcome));
        this.#joined(doing, outcome, joined);
      } else if (outcome.code === "resync_required") {
        rest.unshift({ room: wanted.room, isReset: true });
      } else refused.push({ room: wanted.room, error: outcome.toWire() });
      this.#join(doing, rest, joined, refused);
    });
  }

  /** Its events follow, so the request is answered now. */
  #joined(doing: StreamDoing, place: Subscribed, joined: Subscribed[]): void {
    this.#accept(doing);
    this.#live.add(place.room);
    this.#places?.set(place.room, place.epoch, place.offset);
    joined.push(place);
    // In a stream of one room, before the first of its events.
    if (this.#places === undefined) {
      doing.send(subscribedBlock(joined, idOf(place.epoch, place.offset)));
    }
  }

  #allAnswered(
    doing: StreamDoing,
    joined: readonly Subscribed[],
    refused: readonly { readonly room: RoomId; readonly error: WireError }[],
  ): void {
    const passing = refused.find(({ error }) => errorRow(error.code).retry !== "never")?.error;
    const [first] = joined;
    if (first === undefined || passing !== undefined) {
      // A room that was there a moment ago must not be left out in silence: the client comes back for all.
      this.#fail(doing, asError(passing ?? refused[0]?.error));
      return;
    }
    for (const { room } of refused) {
      const notice = { type: "unsubscribed", room, code: "not_found" } as const;
      doing.send(block(notice.type, JSON.stringify(notice)));
    }
    if (this.#places !== undefined) doing.send(subscribedBlock(joined, noMark));
    this.#isBegun = true;
    this.#endIfEmpty(doing);
  }

  #fail(doing: StreamDoing, error: ProtocolError): void {
    if (this.#isAccepted) doing.end(error.code);
    else doing.refuse(error);
  }

  #accept(doing: StreamDoing): StreamDoing {
    if (this.#isAccepted) return doing;
    this.#isAccepted = true;
    doing.accept();
    doing.send(retryBlock(this.#request.retryMs));
    return doing;
  }

  // --- One room -------------------------------------------------------------------------------------

  #ask(
    doing: StreamDoing,
    wanted: Wanted,
    attempt: number,
    then: (outcome: Outcome) => void,
  ): void {
    const { room, position, isReset } = wanted;
    const { last, presence } = this.#asked;
    doing.perform(
      {
        type: "subscribe",
        id: 0,
        room,
        ...(position === undefined ? {} : { position }),
        ...(last === undefined || isReset || position !== undefined ? {} : { last }),
        ...(presence ? { presence } : {}),
      },
      {
        done: (reply) => then(reply as Subscribed),
        failed: (error) => {
          const waitMs = waitOf(error, attempt);
          if (waitMs === undefined) then(error);
          else doing.after(waitMs, () => this.#ask(doing, wanted, attempt + 1, then));
        },
      },
    );
  }

  /** The log of a room began a new life under the stream, which was told so. */
  #joinAgain(doing: StreamDoing, room: RoomId, outcome: Outcome): void {
    if (!(outcome instanceof ProtocolError)) {
      const { epoch, offset } = outcome;
      this.#live.add(room);
      const isSingle = this.#places === undefined;
      const id = isSingle ? idOf(epoch, offset) : markOf(room, epoch, offset);
      doing.send(subscribedBlock([outcome], id));
      return;
    }
    if (errorRow(outcome.code).retry !== "never") {
      doing.end(outcome.code);
      return;
    }
    const notice = { type: "unsubscribed", room, code: "not_found" } as const;
    doing.send(block(notice.type, JSON.stringify(notice)));
    this.#endIfEmpty(doing);
  }

  #endIfEmpty(doing: StreamDoing): void {
    if (this.#isBegun && this.#live.size === 0) doing.end("not_found");
  }
}

/** How long to wait before asking again; undefined where that is of no use. Milliseconds. */
function waitOf({ code, details }: ProtocolError, attempt: number): number | undefined {
  const waitMs = details?.["retry_after_ms"];
  const mayPass = code === "rate_limited" || code === "unavailable";
  return mayPass && attempt < maxAttempts && typeof waitMs === "number" ? waitMs : undefined;
}

function asError(error: WireError | undefined): ProtocolError {
  return new ProtocolError(error?.code ?? "not_found", error?.details);
}

function resetBlock({ room, epoch }: Subscribed): string {
  return block("reset", JSON.stringify({ type: "reset", room, epoch }));
}

/** Tells where each room begins. It has an id, so that a stream that breaks off before its first event goes on from here. */
function subscribedBlock(rooms: readonly Subscribed[], id: string): string {
  return block("subscribed", JSON.stringify({ type: "subscribed", rooms }), id);
}
