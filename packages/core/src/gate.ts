/**
 * What the outer packages see of a node: the gateway brings connections, HTTP and other doors bring single
 * commands, the server starts and stops it. `createNode` in `node.ts` makes one.
 */
import type {
  Command,
  CommandType,
  ConnectionId,
  DeviceId,
  ErrorCode,
  Json,
  Position,
  PresenceState,
  ProtocolError,
  Reply,
  RoomId,
  UserId,
} from "@parlance/protocol";
import type { Happenings } from "./happenings.ts";
import type {
  Authenticator,
  Broker,
  Clock,
  Directory,
  Documents,
  HandshakeFacts,
  Hooks,
  Identity,
  Ids,
  Link,
  Moments,
  NewRoom,
  Payload,
  RateStore,
  RoomLog,
  Signatures,
  Task,
  Tickets,
  Tracer,
  WebhookPresent,
  Whisper,
  Wire,
} from "./ports/index.ts";
import type { RateView } from "./rates/rates.ts";
import type { RateCost, RateRule } from "./rates/rules.ts";
import type { NodeTally } from "./tally.ts";

/** What a node is made of. All I/O arrives here. */
export interface NodePorts {
  /** Names this node among its install's nodes; new at every start. */
  readonly nodeId: string;
  readonly log: RoomLog;
  readonly directory: Directory;
  readonly broker: Broker;
  readonly authenticator: Authenticator;
  /** Told of tickets that are in use. Absent: nobody comes with one. */
  readonly tickets?: Pick<Tickets, "hold">;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly report: Report;
  /** Absent: no application signs for its pages. */
  readonly signatures?: Signatures;
  /** Asks the application. Absent: there is none to ask. */
  readonly hooks?: Hooks;
  /** The nodes that live, this one among them or not. Absent: there is no other. @throws StorageError */
  readonly nodes?: () => Promise<readonly { readonly id: string }[]>;
  /** Follows commands step by step. Absent: nobody does. */
  readonly tracer?: Tracer;
  /** Is told what happens. Absent: nobody listens. */
  readonly moments?: Moments;
  /** What documents say. Absent: this node has none. */
  readonly documents?: Documents;
  /** Shares the buckets of `rates` with other nodes. Absent: there are none. */
  readonly rateStore?: RateStore;
  /** Told of every commit of this node, at once and in its turn: must not take long. */
  readonly onCommitted?: (room: RoomId) => void;
  /** Told what connections of this node did that nobody keeps, at once and in its turn: must not take long. */
  readonly onUnkept?: (fact: UnkeptFact) => void;
}

/** Something that is in no log. */
export type UnkeptFact =
  | (Pick<Whisper, "room" | "name" | "data"> & {
      readonly type: "whisper";
      readonly connectionId: ConnectionId;
      /** Absent where nobody has shown who it is. */
      readonly user?: UserId;
    })
  /** Somebody asked for the last message of a room that has none. */
  | { readonly type: "no_last_message"; readonly room: RoomId };

/** Where a node tells the operator what happened. Fixed names, fields in `snake_case`; never a text or a token. */
export interface Report {
  (
    level: "debug" | "info" | "warn" | "error",
    event: string,
    fields: Readonly<Record<string, unknown>>,
  ): void;
}

/** Numbers that an operator may set. */
/** How rooms are made that the install names, by their ids. */
export type NamedRooms = ReadonlyMap<RoomId, Pick<NewRoom, "kind" | "title">>;

export interface NodeSettings {
  readonly guestsAllowed: boolean;
  /** Rooms that clients of some dialect expect to be there. The first use makes them; nobody else can. */
  readonly namedRooms: NamedRooms;
  /** Commands a second that one connection may send, and how many at once. 0: not limited. */
  readonly commandsPerSecond: number;
  readonly commandBurst: number;
  /** What users, back ends and networks may do, beside each connection's own rate. */
  readonly rates: readonly RateRule[];
  /** Bytes unsent above which a connection is *lagging* and reads from the log instead of a queue. */
  readonly outboxBytes: number;
  /** A connection that takes nothing for so long, with bytes waiting, is ended. */
  readonly stallTimeoutMs: number;
  readonly signInTimeoutMs: number;
  /** How often the heads of active rooms are compared with the log. */
  readonly pollMs: number;
  /** How often the control log is asked for its head. */
  readonly controlPollMs: number;
  readonly heartbeatMs: number;
  /** How often presence changes of a room are told. */
  readonly presenceFlushMs: number;
  /** An open message that nobody appended to for so long is closed as abandoned. */
  readonly openMessageIdleMs: number;
  /** What one document may have: bytes of its updates together. */
  readonly documentBytes: number;
}

export interface Node {
  /** Reads the control log's place and begins the periodic checks. */
  start(): Promise<void>;
  /** A new connection. It may speak at once; it has `signInTimeoutMs` to sign in. */
  connect(link: Link, wire: Wire, peer: Peer): Inlet;
  /**
   * Executes one command for somebody without a connection (REST, doors, plug-ins).
   *
   * @throws ProtocolError for every expected failure.
   */
  execute<T extends ConnectionlessType>(
    identity: Identity,
    command: Command<T>,
    cause?: Cause,
  ): Promise<Reply<T>>;
  /**
   * Tells all connections to come back after moments spread over `spreadMs`, closes each at its moment with
   * 1012, lets commands that are under way finish. Resolves when no connection is left.
   */
  drain(spreadMs: number): Promise<void>;
  /** Stops timers and lets go of the broker. Connections left are ended at once. */
  close(): Promise<void>;
  /**
   * Asks all nodes of the install, this one included, and waits for their answers.
   *
   * @returns answers, this node's first; and who gave none: in time, because it does not know the question, or because the
   *   broker does not carry now.
   * @throws StorageError if it is not known who lives.
   */
  askAll(question: string, detail: Json | undefined, options: AskOptions): Promise<FleetAnswers>;
  /** Says who answers a question on this node. Once for each, when the node is put together. */
  onQuestion(question: string, answerer: Answerer): void;
  /**
   * Counts what somebody without a connection has looked up by no command.
   *
   * @throws ProtocolError `rate_limited`.
   */
  spend(identity: Identity, cost: RateCost): Promise<void>;
  /** How much more somebody without a connection may ask for; undefined: not limited. */
  rate(identity: Identity, cost: RateCost): RateView | undefined;
  /** Whether the rates of users and networks hold over all nodes now; undefined where this is the only one. */
  ratesAreShared(): boolean | undefined;
  counts(): NodeCounts;
  /** Live connections by dialect. */
  dialects(): ReadonlyMap<string, number>;
  /** Users with a live subscription on this node, once for each room that they are in. */
  presentHere(): number;
  /** Open messages that are written through this node, or were a minute ago. */
  openMessagesHere(): number;
  /** What it has counted since it was made; the object stays the same and grows. */
  readonly tally: NodeTally;
  /** What it did with events lately. */
  readonly happenings: Pick<Happenings, "of">;
  /** The rooms that are open here, for operators. */
  openRooms(): readonly OpenRoomView[];
  /** The live connections, for operators. */
  connections(): readonly ConnectionView[];
  /** What others may see of somebody by the connections of this node alone. */
  stateHere(user: UserId): PresenceState;
  /** Who is here by a connection of this node, and may be seen: in a room, or in `""` if connected at all. Each once. */
  present(): readonly WebhookPresent[];
}

/** Answers a question of a node. `detail` is what came with it, from a node that may be of another version. */
export type Answerer = (detail: Json | undefined) => Json | Promise<Json>;

export interface AskOptions {
  readonly timeoutMs: number;
}

/** What the nodes of an install answered. */
export interface FleetAnswers {
  readonly answers: readonly { readonly node: string; readonly answer: Json }[];
  /** Ids of nodes that live and gave no answer. */
  readonly silent: readonly string[];
}

/** Commands that make sense without a live connection. */
export type ConnectionlessType = Exclude<
  CommandType,
  | "sign_in"
  | "refresh"
  | "subscribe"
  | "resume"
  | "unsubscribe"
  | "ping"
  | "set_idle"
  | "set_awareness"
>;

/** How a command came that no connection brought. */
export interface Cause {
  /** `http`, or the name of a door. Default: `none`. One of a few names, as numbers are kept for each. */
  readonly via?: string;
  /** W3C Trace Context: what the command is a part of, as its sender says. */
  readonly traceparent?: string;
}

/** Who is at the other end of a transport, for logs and limits. */
export interface Peer {
  readonly address: string;
  readonly transport: "websocket" | "sse" | "socketio";
  /** Absent where the dialect does not ask for it. */
  readonly handshake?: HandshakeFacts;
  /** Path and query of the handshake, where the dialect asks for them. */
  readonly url?: string;
  /** The operator trusts what comes this way to say who it is. */
  readonly isTrustedNetwork?: boolean;
}

/** The receiving half of a connection: the gateway calls these, in order, from the socket's events. */
export interface Inlet {
  readonly connectionId: string;
  /** Whose connection it is, once it is known. */
  readonly identity: Identity | undefined;
  /** The peer gave a sign of life that is no frame: it answered the transport's ping, or sent one. */
  heard(): void;
  /** One whole frame: text, or bytes of a binary dialect. Never throws. */
  receive(frame: Payload): void;
  /**
   * Does one task as if a frame had asked for it, in order with the connection's frames. For transports whose library
   * reads the frames. Never throws; `answer` is told at completion, before what follows from it is written.
   *
   * @param length What it counts while it waits behind others, in characters.
   */
  perform(task: Task, answer: Answer, length?: number): void;
  /**
   * From now on the places of this device in its rooms are kept. For dialects whose clients bring back a name that
   * this connection was given, and which they can tell only when it is known whose it is.
   *
   * @returns where the device was in its rooms when it left; empty if nothing is known of it.
   * @throws StorageError
   */
  keepPlaces(device: DeviceId): Promise<ReadonlyMap<RoomId, Position>>;
  /** Writes one payload of the dialect, in order with everything else that the connection gets. */
  send(payload: Payload): void;
  /** Ends the connection for a reason of the error table: what is queued goes out first. */
  end(code: ErrorCode): void;
  /** The peer has everything that was written before `Link.probe(mark)`. */
  confirmed(mark: number): void;
  /** The link's unsent bytes fell, or reached zero. */
  drained(): void;
  /** The transport is gone; nothing can be sent. `code` as seen on the wire, 1006 if none. */
  closed(code: number): void;
}

/** Who is told what became of a task. */
export interface Answer {
  done(reply: Reply): void;
  failed(error: ProtocolError): void;
}

export interface NodeCounts {
  readonly connections: number;
  readonly rooms: number;
  readonly subscriptions: number;
  readonly lagging: number;
  /** Bytes queued by the node itself, beyond what the links hold. */
  readonly outboxBytes: number;
}

/** Which connections an operator asks for. */
export interface ConnectionFilter {
  /** An id of a node. */
  readonly node?: string;
  readonly user?: string;
  /** Those that are subscribed to it. */
  readonly room?: string;
  /** Only what comes after this one: by the ids of nodes, then by numbers. */
  readonly after?: { readonly node: string; readonly number: number };
  readonly limit?: number;
}

/** What a node answers to the question `connections`. */
export interface ConnectionReport {
  /** Of all connections of the node. */
  readonly counts: NodeCounts;
  /** How many match, listed or not. */
  readonly matching: number;
  readonly connections: readonly ConnectionView[];
}

/** A room that is open on a node. */
export interface OpenRoomView {
  readonly room: RoomId;
  readonly title: string;
  readonly kind: string;
  /** Sequence of its last event. */
  readonly last: number;
  readonly subscriptions: number;
  /** Users here, on this node. */
  readonly present: number;
}

export interface ConnectionView {
  readonly connection_id: string;
  /** 1, 2, 3 … of this node's connections since its start. */
  readonly number: number;
  readonly dialect: string;
  readonly transport: string;
  readonly address: string;
  readonly user?: string;
  readonly name?: string;
  /** Of a nobody: whom its last message was shown to be by. */
  readonly shown_as?: string;
  readonly connected_ms: number;
  /** Since anything came from the peer, pongs too. Of an event stream: since its request, as nothing follows. */
  readonly heard_ms: number;
  readonly unsent_bytes: number;
  readonly lagging: boolean;
  /** How many rooms it is subscribed to. */
  readonly rooms: number;
}
