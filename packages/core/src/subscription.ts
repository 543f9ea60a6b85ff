import type { Sequence } from "@parlance/protocol";
import type { Connection } from "./connection.ts";
import type { Room } from "./room.ts";

/** One connection's live interest in one room. `Room` alone moves it between *live* and *behind*. */
export class Subscription {
  readonly connection: Connection;
  readonly room: Room;
  readonly wantsPresence: boolean;
  /** The last sequence that its reader does not read; see `floorFor`. */
  readonly floor: Sequence;
  /**
   * The last sequence put into the outbox while *behind*; -1 while *live*, when it is the room's own place.
   * So a live subscription costs nothing per event.
   */
  offset: Sequence = -1;
  /** A page is being read from the log for it. */
  isReading = false;
  /** Somebody came or went and it was not told, since its connection lagged. */
  missedPresence = false;
  isEnded = false;

  constructor(connection: Connection, room: Room, floor: Sequence, wantsPresence: boolean) {
    this.connection = connection;
    this.room = room;
    this.floor = floor;
    this.wantsPresence = wantsPresence;
  }

  get isLive(): boolean {
    return this.offset === -1;
  }
}
