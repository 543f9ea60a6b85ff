import type { ConnectionId, EventId, RoomId, UserId } from "@parlance/protocol";

/** The only source of randomness. */
export interface Ids {
  event(): EventId;
  connection(): ConnectionId;
  user(): UserId;
  /** Not guessable, so that knowing one room's id tells nothing of others. */
  room(): RoomId;
  /** 32 letters and digits that open what they were made for. */
  secret(): string;
  /** The SHA-256 of a text in lower-case hexadecimal: names what must be found again by the text, and does not tell it. */
  digest(text: string): string;
  /** A number in [0, 1), for jitter. */
  random(): number;
}
