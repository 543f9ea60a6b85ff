import type { EventId, Principal, RoomId } from "@parlance/protocol";

/**
 * Texts of open messages: what was written of them so far. An event that opens a message begins one (with the event's own text),
 * `message.closed` and `message.deleted` end it, each in its own transaction. Same errors as `RoomLog`. Lengths and positions are UTF-16
 * code units from the message's beginning.
 */
export interface OpenTexts {
  /**
   * Adds to texts, all in one transaction. Each is a compare-and-set on the text's length, so two nodes never interleave. One that
   * is refused leaves the others alone.
   *
   * @returns what became of each, in their order.
   */
  appendTexts(pieces: readonly TextPiece[]): Promise<readonly TextAppend[]>;

  /**
   * What is stored from a position on.
   *
   * @returns undefined if the message is not open.
   */
  openText(message: EventId, from: number, maxLength: number): Promise<OpenText | undefined>;

  /** Those of these rooms, with their lengths. One query. */
  openMessages(rooms: readonly RoomId[]): Promise<readonly OpenMessage[]>;

  /** Those that nobody appended to for `idleMs` by the database's clock, the longest silent first. */
  idleMessages(idleMs: number, limit: number): Promise<readonly IdleMessage[]>;
}

export interface TextPiece {
  readonly message: EventId;
  readonly room: RoomId;
  /** The length that the text has now. */
  readonly at: number;
  /** May be empty: the message is not idle. */
  readonly text: string;
  /** The room's revision under which the writer's right was looked at. */
  readonly revision: number;
}

export type TextAppend =
  | { readonly outcome: "stored" }
  /** Somebody else appended: the text is not so long as was thought. Nothing was stored. */
  | { readonly outcome: "moved"; readonly length: number }
  /** Rights changed since they were checked. Nothing was stored. */
  | { readonly outcome: "stale" }
  /** It is not open any more. */
  | { readonly outcome: "gone" };

export interface OpenText {
  /** Of all that is stored. */
  readonly length: number;
  readonly text: string;
}

export interface OpenMessage {
  readonly message: EventId;
  readonly room: RoomId;
  readonly length: number;
}

export interface IdleMessage extends OpenMessage {
  /** Whose it is. */
  readonly principal: Principal;
}
