import type { RoomId, Sequence, UserId } from "@parlance/protocol";

/**
 * States of documents: what the updates of a room's log say together up to a sequence. A document is read from the newest one and
 * the events behind it; the others are its history. Same errors as `RoomLog`.
 */
export interface DocumentStates {
  /** @param sequence Absent: the newest one. */
  documentState(room: RoomId, sequence?: Sequence): Promise<StoredDocumentState | undefined>;
  /** Newest first, without what they say. @param before Only those of earlier sequences. */
  documentStates(
    room: RoomId,
    before: Sequence | undefined,
    limit: number,
  ): Promise<readonly DocumentStateRecord[]>;
  /**
   * Stores one, or gives the one that is there a name.
   *
   * @param after Sequence of the newest one that the caller knows, 0 for none. Where there is a newer one, one without a name is not stored.
   * @returns false where it was not, or where the one of this sequence has a name already.
   */
  putDocumentState(room: RoomId, state: NewDocumentState, after: Sequence): Promise<boolean>;
  /**
   * Erases payload and nonce of updates that are in a state of `before` or earlier, in milliseconds since 1970. Hash and place stay.
   *
   * @returns how many.
   */
  eraseDocumentUpdates(room: RoomId, before: number, now: number): Promise<number>;
  /** Removes those of these sequences that have no name and are not the newest. */
  dropDocumentStates(room: RoomId, sequences: readonly Sequence[]): Promise<void>;
}

export interface DocumentStateRecord {
  /** It has all updates up to here. */
  readonly sequence: Sequence;
  /** When it was stored; milliseconds since 1970. */
  readonly time: number;
  /** Length of what it says. */
  readonly bytes: number;
  /** Somebody named it: it is kept for ever. */
  readonly named?: DocumentStateName;
}

export interface DocumentStateName {
  readonly name: string;
  readonly author: UserId;
  readonly authorName: string;
}

export interface NewDocumentState {
  readonly sequence: Sequence;
  readonly time: number;
  readonly state: Uint8Array;
  readonly named?: DocumentStateName;
}

export interface StoredDocumentState extends DocumentStateRecord {
  /** An update of the first encoding. */
  readonly state: Uint8Array;
}
