import type { EventId, RoomId, UserId } from "@parlance/protocol";

/** Who is mentioned where, kept by the events of the rooms' logs. Same errors as `RoomLog`. */
export interface MentionIndex {
  /**
   * Messages that mention somebody by name, or all of a room that the user is a member of, whether it may still be read or not;
   * the newest first. Deleted ones are not among them, and of an edited one the newest version counts.
   */
  mentionsOf(query: MentionQuery): Promise<readonly MentionPlace[]>;
}

export interface MentionQuery {
  readonly user: UserId;
  readonly room?: RoomId;
  /** Only those with a smaller number. */
  readonly before?: number;
  readonly limit: number;
}

export interface MentionPlace {
  readonly room: RoomId;
  readonly id: EventId;
  /** Of the message among all of the install: the order of the list. */
  readonly number: number;
}
