import type { Inlet, Link, Notice, RoomLog } from "@parlance/core";
import type { RoomId, UserId } from "@parlance/protocol";
import type { Random } from "./random.ts";
import type { FaultyStore } from "./store.ts";

/** What a tampered part may look at and use. */
export interface Tools {
  readonly random: Random;
  readonly store: FaultyStore;
  /** Tells all nodes but its own, as the broker would. */
  announce(room: RoomId, notice: Notice): void;
}

/** Parts of a run replaced by worse ones, to see that the checker notices. An honest run has none. */
export interface Tampering {
  readonly log?: (log: RoomLog, tools: Tools) => RoomLog;
  readonly link?: (link: Link, tools: Tools) => Link;
  readonly inlet?: (inlet: Inlet, tools: Tools) => Inlet;
  /** Puts somebody out of a room in another way than by command. */
  readonly kick?: (room: RoomId, user: UserId, tools: Tools) => void;
  /** Clients make another client message id for each attempt. */
  readonly clientsForgetIds?: boolean;
}
