import type { Json, Sequence } from "@parlance/protocol";
import type { Connection } from "./connection.ts";
import type { Room } from "./room.ts";

/** What of a subscription never changes. */
export interface SubscriptionFacts {
  readonly floor: Sequence;
  readonly wantsPresence: boolean;
  readonly info?: Json;
}

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
  /** Where it began. */
  began: Sequence = 0;
  /** It was told of these when it went back to what was before them. */
  given: { readonly after: Sequence; readonly upTo: Sequence } | undefined;
  /** What the application says of its user in this room. */
  readonly info: Json | undefined;
  /** A page is being read from the log for it. */
  isReading = false;
  /** It is *behind* and stays so: who reads may be known in a moment, and have missed something. */
  isHeld = false;
  /** Somebody came or went and it was not told, since its connection lagged. */
  missedPresence = false;
  isEnded = false;

  constructor(
    connection: Connection,
    room: Room,
    { floor, wantsPresence, info }: SubscriptionFacts,
  ) {
    this.connection = connection;
    this.room = room;
    this.floor = floor;
    this.wantsPresence = wantsPresence;
    this.info = info;
  }

  get isLive(): boolean {
    return this.offset === -1;
  }
}
