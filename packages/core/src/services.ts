import type { DeviceId, OwnChange, PresenceState, UserId } from "@parlance/protocol";
import type { Connection } from "./connection.ts";
import type { Files } from "./files.ts";
import type { Flusher } from "./flusher.ts";
import type { NodePorts, NodeSettings } from "./gate.ts";
import type { Happenings } from "./happenings.ts";
import type { OpenMessages } from "./open-messages.ts";
import type { People } from "./people.ts";
import type { PlaceWriter } from "./places.ts";
import type { CommandTrace, Identity, JoinedFact } from "./ports/index.ts";
import type { Rates } from "./rates/rates.ts";
import type { Registry } from "./registry.ts";
import type { Rooms } from "./rooms.ts";
import type { Tally } from "./tally.ts";
import type { UnderWay } from "./under-way.ts";

/** What commands work with: the ports, and what the node keeps in memory. */
export interface Services extends NodePorts {
  readonly settings: NodeSettings;
  readonly rooms: Rooms;
  readonly flusher: Flusher;
  readonly registry: Registry;
  readonly people: People;
  readonly rates: Rates;
  readonly devicePlaces: PlaceWriter;
  readonly tally: Tally;
  readonly happenings: Happenings;
  readonly openMessages: OpenMessages;
  /** Questions to the application that wait for their answer. */
  readonly questions: UnderWay;
  /** Tells a user's connections, on all nodes, of a room that the user belongs to from now on. */
  readonly tellJoined: (fact: JoinedFact) => void;
  /** Tells a user's connections, on all nodes, what changed of the user's own. */
  readonly tellOwn: (user: UserId, change: OwnChange) => void;
  /** What others see of somebody by their connections to all nodes. */
  readonly stateOf: (user: UserId) => Promise<PresenceState>;
  /** Absent where the node takes no files. */
  readonly files?: Files;
  /** False from the moment the node notices that it was asleep until it has looked around. */
  readonly isAwake: () => boolean;
}

/** One command's surroundings: who asks, and by which connection if by one. */
export interface CommandContext {
  readonly services: Services;
  readonly identity: Identity;
  readonly device?: DeviceId;
  readonly connection?: Connection;
  /** The dialect of the connection, `http`, or a door. */
  readonly via: string;
  /** Absent where the command is not watched. */
  readonly trace?: CommandTrace;
}

/** A command's surroundings where it came by a connection. */
export interface LiveContext extends CommandContext {
  readonly connection: Connection;
}
