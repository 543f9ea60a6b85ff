/**
 * The calls of one room that are not over, folded from its log. Nothing of a call is kept elsewhere, so every node
 * and every start finds the same ones. No timers: a call that nobody answers, or that everybody left without a
 * word, is over for the next command that looks at it, which then says so in the log.
 */
import type { CallEndReason, CallId, EventFrame, Sequence, UserId } from "@parlance/protocol";
import { kinds } from "./kinds.ts";
import type { Clock, RoomLog, RoomRecord } from "./ports/index.ts";
import { Turns } from "./turns.ts";

/** Calls kept for one room. Over it the oldest is forgotten: it was never ended properly. */
export const maxOpenCalls = 64;
/** The newest events that are read to find calls, and their payload bytes. One that began before them is not found. */
const readBackEvents = 200;
const readBackBytes = 1_048_576;
/** A call that nobody answers rings so long. */
const ringMs = 45_000;
/** A call whose people are all away for so long is over. */
const awayMs = 60_000;
/** A node that has just opened a room has so long to hear who is there, from clients that come back and other nodes. */
const lookAroundMs = 30_000;

/** A call that is not over. Times are monotonic milliseconds of this node. */
export interface OpenCall {
  readonly id: CallId;
  readonly caller: UserId;
  /** Those who were rung and have not left. */
  readonly callees: Set<UserId>;
  /** Those of them who answered, and where. */
  readonly answered: Map<UserId, Sequence>;
  readonly startedAt: number;
  answeredAt: number | undefined;
  /** When one of its people was last known to be here. */
  seenAt: number;
  isCallerGone: boolean;
}

/** What calls need to know of their room. */
export interface CallsRoom {
  readonly record: Pick<RoomRecord, "room" | "kind">;
  readonly presence: { has(user: UserId): boolean };
}

export class RoomCalls {
  /** Commands that change calls take turns, so that two of them cannot end one call twice. */
  readonly turns: Turns = new Turns();
  readonly #room: CallsRoom;
  readonly #context: { readonly log: RoomLog; readonly clock: Clock };
  readonly #open = new Map<CallId, OpenCall>();
  #reading: Promise<void> | undefined;
  #isRead = false;
  /** What was read from the log; the room may deliver it once more. */
  #upTo: Sequence = 0;
  /** Events that came while the log was being read. */
  #early: EventFrame[] = [];

  constructor(room: CallsRoom, context: { readonly log: RoomLog; readonly clock: Clock }) {
    this.#room = room;
    this.#context = context;
  }

  /** A call that no event ended. @throws StorageError */
  async get(id: CallId): Promise<OpenCall | undefined> {
    await this.#read();
    return this.#open.get(id);
  }

  /** All calls that no event ended, the oldest first. @throws StorageError */
  async all(): Promise<readonly OpenCall[]> {
    await this.#read();
    return [...this.#open.values()];
  }

  /** Why a call is over although no event says so; undefined while it is not. */
  lapsed(call: OpenCall): CallEndReason | undefined {
    const now = this.#context.clock.monotonic();
    if (call.answeredAt === undefined) {
      const isOver = call.isCallerGone || call.callees.size === 0 || now - call.startedAt >= ringMs;
      return isOver ? "missed" : undefined;
    }
    if (call.isCallerGone || call.callees.size === 0) return "failed";
    if ([call.caller, ...call.answered.keys()].some((user) => this.#room.presence.has(user))) {
      call.seenAt = now;
    }
    return now - call.seenAt >= awayMs ? "failed" : undefined;
  }

  /** Milliseconds since the first answer; 0 without one. */
  durationMs(call: OpenCall): number {
    if (call.answeredAt === undefined) return 0;
    return Math.max(0, Math.round(this.#context.clock.monotonic() - call.answeredAt));
  }

  /** Somebody is, or was until now, here with a subscription. */
  seen(user: UserId): void {
    if (this.#open.size === 0) return;
    const now = this.#context.clock.monotonic();
    for (const call of this.#open.values()) {
      if (call.caller === user || call.answered.has(user)) call.seenAt = now;
    }
  }

  /** The next event of the room. The same one again changes nothing. */
  follow(frame: EventFrame): void {
    if ("erased" in frame || !concernsCalls(frame.type) || frame.sequence <= this.#upTo) return;
    if (this.#isRead) this.#fold(frame);
    else if (this.#reading !== undefined) this.#early.push(frame);
  }

  #read(): Promise<void> {
    if (this.#isRead) return Promise.resolve();
    this.#reading ??= this.#readBack().finally(() => {
      this.#reading = undefined;
      this.#early = [];
    });
    return this.#reading;
  }

  async #readBack(): Promise<void> {
    const page = await this.#context.log.read({
      room: this.#room.record.room,
      limit: readBackEvents,
      maxBytes: readBackBytes,
    });
    for (const { frame } of page?.events ?? []) this.#fold(frame);
    this.#upTo = page?.head ?? 0;
    this.#isRead = true;
    for (const frame of this.#early) this.follow(frame);
  }

  #fold(frame: EventFrame): void {
    if ("erased" in frame) return;
    switch (frame.type) {
      case "call.started": {
        const { call_id: id, callees } = frame.data;
        if (this.#open.has(id)) return;
        const [oldest] = this.#open.keys();
        if (this.#open.size >= maxOpenCalls && oldest !== undefined) this.#open.delete(oldest);
        this.#open.set(id, {
          id,
          caller: frame.author,
          callees: new Set(callees),
          answered: new Map(),
          startedAt: this.#momentOf(frame),
          answeredAt: undefined,
          seenAt: this.#seenSince(frame),
          isCallerGone: false,
        });
        return;
      }
      case "call.answered": {
        const call = this.#open.get(frame.data.call_id);
        if (call === undefined || !call.callees.has(frame.author)) return;
        call.answeredAt ??= this.#momentOf(frame);
        call.seenAt = Math.max(call.seenAt, this.#seenSince(frame));
        if (!call.answered.has(frame.author)) call.answered.set(frame.author, frame.sequence);
        return;
      }
      case "call.left": {
        const call = this.#open.get(frame.data.call_id);
        call?.callees.delete(frame.author);
        call?.answered.delete(frame.author);
        return;
      }
      case "call.ended":
        this.#open.delete(frame.data.call_id);
        return;
      case "member.left":
        this.#putOut(frame.data.user);
        return;
      default:
    }
  }

  /* Security: who was put out of a private room would go on getting offers and candidates, which tell addresses. */
  #putOut(user: UserId): void {
    if (kinds[this.#room.record.kind].read !== "members") return;
    for (const call of this.#open.values()) {
      if (call.caller === user) call.isCallerGone = true;
      call.callees.delete(user);
      call.answered.delete(user);
    }
  }

  #seenSince(frame: EventFrame): number {
    const now = this.#context.clock.monotonic();
    return Math.max(this.#momentOf(frame), now - awayMs + lookAroundMs);
  }

  /** When an event was, on this node's monotonic clock. */
  #momentOf(frame: EventFrame): number {
    const { clock } = this.#context;
    return clock.monotonic() - Math.max(0, clock.now() - Date.parse(frame.time));
  }
}

function concernsCalls(type: EventFrame["type"]): boolean {
  return type.startsWith("call.") || type === "member.left";
}
