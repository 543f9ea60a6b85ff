import type { EventId, MessageVersion, RoomId, UserId } from "@parlance/protocol";

/** Messages that are kept at hand. Same errors as `RoomLog`. */
export interface Keeping {
  /** What a message said, oldest first, at most the newest `limit`; empty once it is deleted. */
  messageVersions(room: RoomId, id: EventId, limit: number): Promise<readonly MessageVersion[]>;
  /** Pins of a room, the one pinned last first. */
  pins(room: RoomId): Promise<readonly PinRecord[]>;
  /**
   * Saves a message for somebody, or forgets it. What is so already stays as it is.
   *
   * @returns false where the user keeps `most` already; nothing was done then.
   */
  saveMessage(
    room: RoomId,
    id: EventId,
    user: UserId,
    saved: boolean,
    most: number,
  ): Promise<boolean>;
  /** What somebody saved, whether it may still be read or not; the one saved last first. */
  savedMessages(query: SavedQuery): Promise<readonly KeptMessage[]>;
}

export interface PinRecord {
  readonly id: EventId;
  readonly by: UserId;
  /** Milliseconds since 1970. */
  readonly time: number;
}

export interface SavedQuery {
  readonly user: UserId;
  /** Only those with a smaller number. */
  readonly before?: number;
  readonly limit: number;
}

/** A saved message and its number among what its user ever saved. */
export interface KeptMessage {
  readonly room: RoomId;
  readonly id: EventId;
  readonly number: number;
}
