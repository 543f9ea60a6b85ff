/** What the application signed for on one connection: rooms that it may read, and what it whispers in them. */
import { limits, ProtocolError, type RoomId } from "@parlance/protocol";
import type { Clock } from "./ports/index.ts";
import { RateLimit } from "./rates/rate-limit.ts";

export class SignedRooms {
  readonly #granted = new Set<RoomId>();
  /** Rooms that it was put out of. */
  readonly #withdrawn = new Set<RoomId>();
  readonly #whispers: RateLimit;

  constructor(clock: Clock) {
    const { whispersPerSecond } = limits;
    this.#whispers = new RateLimit(clock, whispersPerSecond, whispersPerSecond);
  }

  /** Whether it may read and write in the room without being a member. */
  has(room: RoomId): boolean {
    return this.#granted.has(room);
  }

  /* Security: a signature is good for one connection and as long as that lives. Without this, somebody who was put out would come
   * back with the one that they have. */
  /** The application signed for the room. @throws ProtocolError `forbidden`. */
  grant(room: RoomId): void {
    if (this.#withdrawn.has(room)) throw new ProtocolError("forbidden");
    this.#granted.add(room);
  }

  /** Its subscription is over, or did not come about. */
  end(room: RoomId): void {
    this.#granted.delete(room);
  }

  /** It was put out of the room. */
  withdraw(room: RoomId): void {
    this.#withdrawn.add(room);
  }

  /** @returns 0 if it may whisper now, else the milliseconds until it may. */
  takeWhisper(): number {
    return this.#whispers.take();
  }
}
