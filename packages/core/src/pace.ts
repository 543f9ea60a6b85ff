/**
 * Slow mode of one room: how long each person has to wait before the next message. It goes by the log, so that it holds whichever node
 * somebody writes through; only messages that are committed on two nodes at the same moment do not see each other.
 */
import type { RoomId, UserId } from "@parlance/protocol";
import type { Clock, RoomLog, RoomRecord } from "./ports/index.ts";

/** People remembered; over it those who wrote longest ago are forgotten, and may write once too early. */
const maxPeople = 10_000;
/** How much of the log is looked through for what was written before this node listened. */
const lookBackPages = 5;
const pageEvents = 200;
const pageBytes = 1_048_576;

interface PacedRoom {
  readonly record: Pick<RoomRecord, "room" | "settings">;
}

interface PaceContext {
  readonly log: Pick<RoomLog, "read">;
  readonly clock: Clock;
}

export class Pace {
  readonly #room: PacedRoom;
  readonly #context: PaceContext;
  /** Monotonic milliseconds of the last message; who wrote longest ago first. */
  readonly #wroteAt = new Map<UserId, number>();
  #looked: Promise<void> | undefined;

  constructor(room: PacedRoom, context: PaceContext) {
    this.#room = room;
    this.#context = context;
  }

  /** Whether there is anything to wait for. */
  get isSlow(): boolean {
    return this.#intervalMs > 0;
  }

  get #intervalMs(): number {
    return (this.#room.record.settings.slow_mode_s ?? 0) * 1_000;
  }

  /** A message of this person was committed, here or elsewhere. */
  wrote(user: UserId): void {
    if (this.isSlow) this.#note(user, this.#context.clock.monotonic());
  }

  /** To be awaited before `take`: knows what was written before this node listened. @throws StorageError */
  ready(): Promise<void> {
    this.#looked ??= this.#lookBack().catch((error: unknown) => {
      this.#looked = undefined;
      throw error;
    });
    return this.#looked;
  }

  /**
   * Takes the person's turn to write.
   *
   * @returns 0 if it is theirs, else how many milliseconds they have to wait.
   */
  take(user: UserId): number {
    const now = this.#context.clock.monotonic();
    const before = this.#wroteAt.get(user);
    const waitMs = before === undefined ? 0 : before + this.#intervalMs - now;
    if (waitMs > 0) return Math.ceil(waitMs);
    this.#note(user, now);
    return 0;
  }

  /** Nothing new was stored by the turn that was taken. */
  giveBack(user: UserId): void {
    this.#wroteAt.delete(user);
  }

  #note(user: UserId, at: number): void {
    this.#wroteAt.delete(user);
    this.#wroteAt.set(user, at);
    if (this.#wroteAt.size <= maxPeople) return;
    for (const oldest of this.#wroteAt.keys()) {
      this.#wroteAt.delete(oldest);
      break;
    }
  }

  async #lookBack(): Promise<void> {
    const { clock, log } = this.#context;
    const { room }: { readonly room: RoomId } = this.#room.record;
    let before: number | undefined;
    for (let page = 0; page < lookBackPages; page += 1) {
      const from = before === undefined ? {} : { before };
      const found = await log.read({ room, ...from, limit: pageEvents, maxBytes: pageBytes });
      const first = found?.events[0];
      if (found === undefined || first === undefined) return;
      for (const { frame } of found.events.toReversed()) {
        const agoMs = Math.max(0, clock.now() - Date.parse(frame.time));
        if (agoMs >= this.#intervalMs) return;
        if (frame.type !== "message.created" || this.#wroteAt.has(frame.author)) continue;
        this.#note(frame.author, clock.monotonic() - agoMs);
      }
      if (first.frame.sequence === 1) return;
      before = first.frame.sequence;
    }
  }
}
