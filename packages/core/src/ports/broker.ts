import type {
  ConnectionId,
  DeviceId,
  EphemeralEvent,
  Epoch,
  EventFrame,
  Json,
  OwnChange,
  Position,
  PresentUser,
  RoomId,
  Sequence,
  UserId,
} from "@parlance/protocol";

/**
 * Carries notices to every other node of the install. Best effort: may lose, repeat or reorder, never
 * invents and never blocks. Whatever it loses is found in the log.
 */
export interface Broker {
  /** Sends to every other node that listens to the subject. Never throws, never waits. */
  publish(subject: Subject, notice: Notice): void;
  /** Resolves once what is published from then on arrives (if nothing is lost). */
  subscribe(subject: Subject, listener: (notice: Notice) => void): Promise<Unsubscribe>;
  /** Called when notices may have been missed: after every reconnect. */
  onInterruption(listener: () => void): void;
  /** False: what is published reaches nobody, ever. */
  readonly carries: boolean;
  /** For `/ready`: whether notices flow now. */
  isConnected(): boolean;
  /** What it did since it was made. Absent where nothing travels. */
  counts?(): BrokerCounts;
  close(): Promise<void>;
}

/** What a broker did since it was made. */
export interface BrokerCounts {
  /** Messages (not notices) sent, and received of other nodes. */
  readonly sent: number;
  readonly received: number;
  /** Messages, notices or events that were corrupt, foreign, too large or of another version. */
  readonly ignored: number;
  /** Notices of a type that only newer nodes know. */
  readonly skipped: number;
  /** Notices and queued messages that were given up, because the broker was away or slow. */
  readonly dropped: number;
  /** Bytes that wait for the broker. */
  readonly queuedBytes: number;
  /** Times that the connection was made. */
  readonly connects: number;
}

export type Unsubscribe = () => void;
/** A room, or the install-wide subject: the head of the control log, who joined what, questions to all nodes and their answers. */
export type Subject = RoomId | "control";

export type Notice =
  /** Committed events of one room in ascending order, from one turn of one node. */
  | {
      readonly type: "committed";
      readonly epoch: Epoch;
      readonly events: readonly CommittedEvent[];
    }
  /**
   * `to`: only for that user's connections. `except`: for all but this connection. `revision`: the room's, where the event says what people wrote: a node that knows an
   * older one does not know who may read it.
   */
  | {
      readonly type: "ephemeral";
      readonly event: EphemeralEvent;
      readonly to?: UserId;
      readonly except?: ConnectionId;
      readonly revision?: number;
    }
  /**
   * All users that `node` has in the room; replaces what was known of that node. `isClosing`: it stops, so those whom it
   * names no more may be on their way to another node.
   */
  | {
      readonly type: "present";
      readonly node: string;
      readonly users: readonly PresentUser[];
      readonly isClosing?: true;
    }
  /** Asks the other nodes whom they have in the room: sent by one that has just begun to listen. */
  | { readonly type: "who" }
  | { readonly type: "control"; readonly head: Sequence }
  /** Something was committed in these rooms; on the install-wide subject, for whoever tells applications. */
  | { readonly type: "news"; readonly rooms: readonly RoomId[] }
  /** Somebody became a member of a room; on the install-wide subject, for that user's connections. */
  | { readonly type: "joined"; readonly fact: JoinedFact }
  /** Something of a user's own changed; on the install-wide subject, for that user's connections. */
  | { readonly type: "own"; readonly user: UserId; readonly change: OwnChange }
  /** Somebody signed in on this device at that time; on the install-wide subject, for the device's older connections. */
  | { readonly type: "device"; readonly fact: DeviceFact }
  /** `node` asks all others; on the install-wide subject, as the next. */
  | {
      readonly type: "ask";
      readonly node: string;
      /** Of the question, new each time. */
      readonly id: string;
      readonly question: string;
      readonly detail?: Json;
    }
  /** A part of what `node` answers to the node `to`: the text of a JSON value. `parts` 0: it has no answer. */
  | {
      readonly type: "told";
      readonly to: string;
      readonly node: string;
      readonly id: string;
      /** From 0. */
      readonly part: number;
      readonly parts: number;
      readonly text: string;
    };

/** Who became a member of what, and where in the log. */
export interface JoinedFact {
  readonly user: UserId;
  readonly room: RoomId;
  readonly position: Position;
}

/** That a user has a connection of this device since then: milliseconds since 1970, by the clock of the connection's node. */
export interface DeviceFact {
  readonly user: UserId;
  readonly device: DeviceId;
  readonly since: number;
}

/** An event as it came from the log; `frame` is absent when it is too large to carry. */
export interface CommittedEvent {
  readonly sequence: Sequence;
  readonly frame?: EventFrame;
  readonly revision: number;
  readonly countable: number;
}
