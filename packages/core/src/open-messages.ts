/**
 * Texts of open messages on their way from their writers to the database and to readers. A piece goes to readers at once, as a signal
 * that may be lost; what came in a moment is stored together, in one transaction for all messages of the node, and only then
 * acknowledged. Whatever a reader missed it finds in what is stored.
 *
 * What is known here of a message is a guess that the store checks: an append there is a compare-and-set on the text's length. Where
 * the guess was wrong (another node took over, the message was ended), it is forgotten, and the writer repeats from what is stored.
 */
import {
  type EventId,
  limits,
  type Principal,
  ProtocolError,
  type RoomId,
} from "@parlance/protocol";
import type { Report } from "./gate.ts";
import type { Clock, RoomLog, TextAppend, TextPiece } from "./ports/index.ts";
import { RateLimit } from "./rates/rate-limit.ts";
import type { Room } from "./room.ts";
import type { Rooms } from "./rooms.ts";
import type { Tally } from "./tally.ts";

/** What comes in within this time is stored together. A writer waits for about so long, readers do not. */
const gatherMs = 150;
/** Text that may wait for the database on one node, in UTF-16 code units. */
const maxWaitingLength = 16_777_216;
/** A text that nobody appended to for so long is forgotten here: the next append looks it up. */
const forgetMs = 60_000;

/** What the texts need of their node. */
export interface OpenMessagesContext {
  readonly log: RoomLog;
  readonly clock: Clock;
  readonly rooms: Rooms;
  readonly report: Report;
  readonly tally: Tally;
}

/** A part of a text, as its writer sends it. */
export interface Piece {
  /** Where it begins. What is there already is left out. */
  readonly at: number;
  readonly text: string;
  /** Decides again where rights change before it is stored. @throws ProtocolError, StorageError */
  mayWrite(): Promise<void>;
}

interface Waiting {
  /** Stored once the text is so long. */
  readonly end: number;
  resolve(length: number): void;
  reject(error: ProtocolError): void;
}

/** One open message whose writer is connected to this node. */
export class GrowingText {
  readonly message: EventId;
  readonly room: RoomId;
  readonly principal: Principal;
  readonly rate: RateLimit;
  /** Length of what is stored, and of what was received. */
  stored: number;
  received: number;
  /** What comes after what is stored and what is being stored. */
  pending = "";
  /** Something is to be stored, be it only that the writer is still there. */
  isDirty = false;
  isStoring = false;
  waiting: Waiting[] = [];
  usedAt: number;
  /** The room's revision under which the writer's right was looked at last, and how it is looked at again. */
  revision = 0;
  mayWrite: Piece["mayWrite"] = async () => {};

  constructor(
    place: Pick<GrowingText, "message" | "room" | "principal">,
    length: number,
    clock: Clock,
  ) {
    this.message = place.message;
    this.room = place.room;
    this.principal = place.principal;
    this.stored = length;
    this.received = length;
    this.rate = new RateLimit(clock, limits.appendsPerSecond, limits.appendBurst);
    this.usedAt = clock.monotonic();
  }

  /** Gives up what was not stored. */
  fail(error: ProtocolError): void {
    const { waiting } = this;
    this.waiting = [];
    this.pending = "";
    this.isDirty = false;
    for (const { reject } of waiting) reject(error);
  }
}

export class OpenMessages {
  readonly #context: OpenMessagesContext;
  readonly #texts = new Map<EventId, GrowingText>();
  #waitingLength = 0;
  #isScheduled = false;
  #storing: Promise<void> | undefined;
  #isTelling = false;
  #isClosed = false;

  constructor(context: OpenMessagesContext) {
    this.#context = context;
  }

  /** How many of them are written through this node. */
  get count(): number {
    return this.#texts.size;
  }

  /**
   * The text of a message, looked up where this node does not know it.
   *
   * @param ref A message's id, or its number.
   * @throws ProtocolError `not_found` where it is not in this room, somebody else's, or deleted; `conflict` where it is not open.
   */
  async find(ref: string, room: RoomId, principal: Principal): Promise<GrowingText> {
    const known = this.#texts.get(ref as EventId);
    const text = known ?? (await this.#load(ref, room, principal));
    if (text.room !== room || text.principal !== principal) throw new ProtocolError("not_found");
    text.usedAt = this.#context.clock.monotonic();
    return text;
  }

  /* Security: whose it is is looked at before anything is said of it. */
  async #load(ref: string, room: RoomId, principal: Principal): Promise<GrowingText> {
    const { clock, log } = this.#context;
    const place = await log.findMessage(ref);
    if (place?.room !== room || place.principal !== principal || place.isDeleted) {
      throw new ProtocolError("not_found");
    }
    const stored = place.isOpen ? await log.openText(place.id, 0, 0) : undefined;
    if (stored === undefined) throw notOpen();
    const known = this.#texts.get(place.id);
    if (known !== undefined) return known;
    const text = new GrowingText({ message: place.id, room, principal }, stored.length, clock);
    this.#texts.set(place.id, text);
    return text;
  }

  /**
   * Takes a piece and gives it to readers. The writer's right is one under the room's present revision.
   *
   * @returns The length that is stored, once the piece is.
   * @throws ProtocolError `conflict` with the `length` that is stored where `at` is beyond what was received; nothing was taken then. Not with
   *   what was received: a writer that forgets the text before could not repeat it.
   */
  append(text: GrowingText, room: Room, { at, text: piece, mayWrite }: Piece): Promise<number> {
    const waitMs = text.rate.take();
    if (waitMs > 0) throw new ProtocolError("rate_limited", { retry_after_ms: waitMs });
    if (at > text.received) throw new ProtocolError("conflict", { length: text.stored });
    const fresh = piece.slice(text.received - at);
    if (!fresh.isWellFormed()) throw new ProtocolError("bad_request", { field: "text" });
    if (text.received + fresh.length > limits.openTextLength) {
      throw new ProtocolError("too_large", { field: "text", limit: limits.openTextLength });
    }
    if (this.#isClosed || this.#waitingLength + fresh.length > maxWaitingLength) {
      throw new ProtocolError("unavailable", { retry_after_ms: gatherMs });
    }
    const end = at + piece.length;
    // A repeat of what is stored. An empty piece is none: its writer says that it is there.
    if (piece !== "" && end <= text.stored) return Promise.resolve(text.stored);
    const { message, received } = text;
    if (fresh !== "") {
      text.pending += fresh;
      text.received += fresh.length;
      this.#waitingLength += fresh.length;
      room.signal({
        type: "message.appended",
        room: text.room,
        message_id: message,
        at: received,
        text: fresh,
      });
    }
    text.isDirty = true;
    text.revision = room.revision;
    text.mayWrite = mayWrite;
    this.#schedule();
    return new Promise((resolve, reject) => text.waiting.push({ end, resolve, reject }));
  }

  /** Stores what came for this message so far. Never fails: what could not be stored was told to its writer. */
  async flush(message: EventId): Promise<void> {
    for (;;) {
      const text = this.#texts.get(message);
      if (text === undefined || !(text.isDirty || text.isStoring)) return;
      await this.#store();
    }
  }

  /** The message was ended. */
  forget(message: EventId): void {
    const text = this.#texts.get(message);
    if (text !== undefined) this.#drop(text, notOpen());
  }

  /**
   * Tells this node's readers how much is stored of each open message, so that one who missed something, or heard of it from nobody,
   * notices although the writer pauses. Never fails.
   */
  async tellAll(): Promise<void> {
    const { clock, log, report, rooms } = this.#context;
    for (const text of this.#texts.values()) {
      const isUsed = text.isDirty || text.isStoring || clock.monotonic() - text.usedAt < forgetMs;
      if (!isUsed) this.#texts.delete(text.message);
    }
    const asked = [...rooms].filter(({ subscriptionCount }) => subscriptionCount > 0);
    if (asked.length === 0 || this.#isTelling) return;
    this.#isTelling = true;
    try {
      for (const { message, room, length } of await log.openMessages(
        asked.map(({ record }) => record.room),
      )) {
        rooms.get(room)?.deliverEphemeral({
          type: "message.appended",
          room,
          message_id: message,
          at: length,
          text: "",
        });
      }
    } catch (error) {
      if (!this.#isClosed) report("debug", "open_messages_unknown", { error });
    } finally {
      this.#isTelling = false;
    }
  }

  /** Stores what is here and takes nothing more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#store();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#context.clock.after(gatherMs, () => void this.#store());
  }

  /* One transaction after the other. What comes meanwhile is in the next. */
  async #store(): Promise<void> {
    this.#isScheduled = false;
    if (this.#storing !== undefined) await this.#storing;
    this.#storing ??= this.#storeNow().finally(() => {
      this.#storing = undefined;
    });
    await this.#storing;
  }

  async #storeNow(): Promise<void> {
    const { clock, log, report, tally } = this.#context;
    const dirty = [...this.#texts.values()].filter(({ isDirty }) => isDirty);
    await Promise.all(dirty.map((text) => this.#lookAgain(text)));
    const texts = dirty.filter((text) => text.isDirty && this.#texts.get(text.message) === text);
    if (texts.length === 0) return;
    const pieces = texts.map((text): TextPiece => {
      const { message, room, stored: at, pending, revision } = text;
      text.pending = "";
      text.isDirty = false;
      text.isStoring = true;
      return { message, room, at, text: pending, revision };
    });
    let results: readonly TextAppend[] = [];
    const begun = clock.monotonic();
    try {
      results = await log.appendTexts(pieces);
    } catch (error) {
      // Stored or not: the writers repeat, and what is there already is left out.
      report("warn", "open_texts_not_stored", { error });
    }
    tally.piecesMs.observe(clock.monotonic() - begun);
    for (const [index, text] of texts.entries()) {
      const { text: piece = "" } = pieces[index] ?? {};
      this.#waitingLength -= piece.length;
      text.isStoring = false;
      this.#settle(text, piece, results[index]);
    }
  }

  /* Security: who was put out after a piece came does not get it stored by the others' going on. */
  async #lookAgain(text: GrowingText): Promise<void> {
    const revision = this.#context.rooms.get(text.room)?.revision ?? text.revision;
    if (revision === text.revision) return;
    try {
      await text.mayWrite();
      text.revision = revision;
    } catch (error) {
      const refusal = error instanceof ProtocolError ? error : tryAgain();
      if (this.#texts.get(text.message) === text) this.#drop(text, refusal);
    }
  }

  #settle(text: GrowingText, piece: string, result: TextAppend | undefined): void {
    const room = this.#context.rooms.get(text.room);
    switch (result?.outcome) {
      case "stored": {
        text.stored += piece.length;
        const { message, stored } = text;
        if (piece !== "") {
          this.#context.tally.storedPieces += 1;
          room?.signal({
            type: "message.appended",
            room: text.room,
            message_id: message,
            at: stored,
            text: "",
          });
        }
        const done = text.waiting.filter(({ end }) => end <= stored);
        text.waiting = text.waiting.filter(({ end }) => end > stored);
        for (const { resolve } of done) resolve(stored);
        return;
      }
      case "moved":
        this.#drop(text, new ProtocolError("conflict", { length: result.length }));
        return;
      case "gone":
        this.#drop(text, notOpen());
        return;
      case "stale":
        // The next append looks at the right again, once this node knows what changed.
        room?.roles.forget();
        room?.repair();
        this.#drop(text, tryAgain());
        return;
      case undefined:
        this.#drop(text, tryAgain());
    }
  }

  #drop(text: GrowingText, error: ProtocolError): void {
    this.#texts.delete(text.message);
    this.#waitingLength -= text.pending.length;
    text.fail(error);
  }
}

/** The answer to whoever wants to change a message that is whole, or was never open. */
export function notOpen(): ProtocolError {
  return new ProtocolError("conflict", { field: "message_id" });
}

function tryAgain(): ProtocolError {
  return new ProtocolError("unavailable", { retry_after_ms: gatherMs });
}
