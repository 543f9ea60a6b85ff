import type { ConnectionId, EventId, RoomId, UserId } from "@parlance/protocol";

/** The only source of randomness. */
export interface Ids {
  event(): EventId;
  connection(): ConnectionId;
  user(): UserId;
  /** Not guessable, so that knowing one room's id tells nothing of others. */
  room(): RoomId;
  /** A number in [0, 1), for jitter. */
  random(): number;
}
