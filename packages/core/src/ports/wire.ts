import type {
  ClientMessageId,
  Command,
  CommandId,
  ConnectionId,
  EphemeralEvent,
  Epoch,
  ErrorCode,
  EventFrame,
  Json,
  NoticeEvent,
  OwnEvent,
  Position,
  PresenceEvent,
  ProtocolError,
  Reply,
  RoomId,
} from "@parlance/protocol";
import type { Identity, Proof } from "./authenticator.ts";

/** Finished bytes for one kind of transport. Never changed after they were made. */
export type Bytes = Uint8Array;

/** What one frame carries: text, or bytes where the dialect is binary. */
export type Payload = string | Bytes;

/**
 * A wire dialect: translation only, total over any input. It never decides, and has no I/O: the same input in the
 * same state gives the same output.
 */
export interface Dialect {
  readonly name: string;
  /** Its clients carry no credential of ours, so the handshake may say who they are. */
  readonly readsHandshake?: true;
  /** Its frames are binary both ways; others are text both ways. */
  readonly isBinary?: true;
  /** Of the handshake it reads the path and query (`Doing.url`), and nothing that says who somebody is. */
  readonly readsUrl?: true;
  /** Its pages say that they go for good with 1001, and then the places of their device are forgotten. */
  readonly endsWithPage?: true;
  /** The close codes of its clients, where they read other meanings into ours. Undefined: as the error table has it. */
  closeCode?(code: ErrorCode): number | undefined;
  /** What a connection is told before it is closed. */
  farewell?(code: ErrorCode): Payload;
  /** What it does with one connection. Those without a state share one translator. */
  begin(): Translator;
  /**
   * Undefined where the dialect has no word for it. Same input, same output, whoever receives it.
   *
   * @param epoch Of a durable event's log, for dialects whose events carry their whole place.
   */
  encodeEvent(event: EventFrame | EphemeralEvent | NoticeEvent, epoch?: Epoch): Payload | undefined;
  /** The connection of its own that a durable event is not for, live or later. Absent where it knows none such. */
  excluded?(event: EventFrame): ConnectionId | undefined;
  /** What changed of a user's own. Absent where the dialect has no word for it. */
  encodeOwn?(event: OwnEvent): Payload;
}

/** One connection's part of a dialect. Called in order; nothing of it may throw. */
export interface Translator {
  /** The connection is there; nothing was received yet. */
  opened?(doing: Doing): void;
  /** One whole frame of the peer. */
  received(frame: string, doing: Doing): void;
  /** The same of a binary dialect. The bytes stay as they are. */
  receivedBytes?(frame: Bytes, doing: Doing): void;
  /** What it ran was done. Called before anything that follows from it is sent. */
  replied(task: Exclude<Task, Entry>, reply: Reply, doing: Doing): void;
  /** What it ran was not done. */
  refused(task: Task, error: ProtocolError, doing: Doing): void;
  /** The connection knows whose it is, after `doing.enter`. */
  entered?(identity: Identity, doing: Doing): void;
  /** Presence is told to each receiver by itself where this is there, else as `encodeEvent` has it. */
  heardPresence?(event: PresenceEvent, doing: Doing): void;
  /** Its user became a member of a room; `position` is where. A hint: it may be missed, and may come twice. */
  joined?(room: RoomId, position: Position, doing: Doing): void;
  /** What is told of the connection itself comes here where this is there, else as `encodeEvent` has it. */
  noticed?(notice: NoticeEvent, doing: Doing): void;
  /** An update of a document was erased before the connection was given it: what it said is in the document. */
  missed?(room: RoomId, doing: Doing): void;
  /** About once a second until somebody has come in. */
  waiting?(doing: Doing): void;
}

/** What a translator may do with its connection. */
export interface Doing {
  /** Does one task, in order with everything else of the connection. */
  run(task: Exclude<Task, Entry>): void;
  /** Finds out whose connection it is. */
  enter(entry: Entry): void;
  send(payload: Payload): void;
  /** Closes for a reason of the error table, after what was sent. */
  end(code: ErrorCode): void;
  /** The frame was not understood. Too many in a row end the connection. */
  badFrame(): void;
  /** Not a name that its user chose for itself: an id for what has none. */
  newMessageId(): ClientMessageId;
  readonly identity: Identity | undefined;
  readonly connectionId: ConnectionId;
  /** Path and query that the handshake asked for, where the dialect reads it; else empty. May hold a secret. */
  readonly url: string;
  /** Where this device was in a room when it went, if its places are kept. */
  placeIn(room: RoomId): Position | undefined;
  /** The device left the room on purpose: when it comes back it begins anew. */
  forgetPlace(room: RoomId): void;
  /** Runs something once, after so many milliseconds, if the connection is still there. */
  after(ms: number, run: () => void): void;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/**
 * Asks whose connection it is. A ticket is looked at first, then what came with the handshake, then the frame's token,
 * then the application is asked (`Hooks`), then a claimed id counts where the network is trusted; the first that gives an
 * answer binds the connection.
 */
export interface Entry {
  readonly type: "enter";
  /** Given in a frame. */
  readonly token?: string;
  /** A connection ticket, and all rooms that are asked for with it. A token beside it must be of the same session. */
  readonly ticket?: { readonly text: string; readonly rooms: readonly RoomId[] };
  /** An id that a frame claims. Whatever else says who it is must agree with it. */
  readonly claim?: {
    readonly user: string | number;
    /** Where numbers count: built-in accounts, or users whom the application numbers. */
    readonly of: "accounts" | "application";
  };
  /** Where nothing says who it is, a nobody may come in, if guests may. A nobody may become somebody later. */
  readonly anonymous?: true;
  /** With `anonymous`: also where guests may not. Such a nobody sees what the application signs for it, and nothing else. */
  readonly onlyGranted?: true;
  /** With `anonymous`: it reads what is public, also where guests may not come in. */
  readonly readsPublic?: true;
  /**
   * With `anonymous`: its page may say a moment later who it is. What is subscribed by a signature within so many milliseconds after
   * that is held until it has said so or they are over, and then comes in the log's order behind what was missed.
   */
  readonly awaitsSignInMs?: number;
  /** Who the application says it is, under its signature. What a nobody reads it goes on reading. */
  readonly signed?: SignedUser;
  /** The token is refused while another connection uses it. */
  readonly exclusive?: true;
  /** A token alone makes nobody: its user must be in the directory. */
  readonly mustBeKnown?: true;
  /** Keeps this device's places: by the token or session, or one for all devices of the user. */
  readonly keepsPlaces?: "credential" | "user";
}

/** Somebody for whom the application signed. */
export interface SignedUser {
  readonly proof: Proof;
  /** What the signed text says. */
  readonly user: string;
  readonly name?: string;
  /** Tells the devices of one user apart, 1-48 visible ASCII characters. Absent: they share their places. */
  readonly device?: string;
}

/**
 * Subscribes as `subscribe_kept`, with what the application signed for this connection and room: the right to read and to write as
 * long as the subscription lasts, no membership. It brings the room into being.
 */
export interface SubscribeSigned {
  readonly type: "subscribe_signed";
  readonly subscribe: Command<"subscribe">;
  /** Absent: by the connection's own rights. */
  readonly proof?: Proof;
  /** Whose connection it is by the same signature. */
  readonly user?: Omit<SignedUser, "proof">;
  /** What others in the room are told of them; at most 1 KiB. */
  readonly info?: Json;
  /** Its last message is given in any case, where there is one near the head: else nothing is before the head. */
  readonly withLastMessage?: true;
}

/** Tells a room's other connections something that nobody keeps. For those who are subscribed and may write. */
export interface Whisper {
  readonly type: "whisper";
  readonly room: RoomId;
  readonly name: string;
  readonly data: string;
}

/**
 * Writes one message under a name that its writer chose for itself and nobody has checked. Rights and idempotence stay
 * the connection's; readers are told that the name is unverified, and whether an account here goes by it.
 */
export interface PublishAs {
  readonly type: "publish_as";
  readonly name: string;
  readonly publish: Command<"publish">;
}

/**
 * Subscribes from the place that this device has in the room when the task's turn has come, which may be after an `enter`
 * that was under way when it was given. Where no place is kept it begins at the head. `last` of the command counts here
 * too: so many events before the head are given in any case.
 */
export interface SubscribeKept {
  readonly type: "subscribe_kept";
  readonly subscribe: Command<"subscribe">;
}

/** What a connection may be asked to do. */
export type Task = Command | Entry | PublishAs | SubscribeKept | SubscribeSigned | Whisper;

export type Decoded =
  | { readonly ok: true; readonly command: Command }
  /** `id` is given where it could be read, so that the answer finds its command. */
  | { readonly ok: false; readonly id?: CommandId; readonly error: ProtocolError };

/**
 * A dialect over a kind of transport: what makes finished bytes. All connections with the same wire share
 * each encoding, so fan-out encodes once per wire.
 */
export interface Wire {
  readonly dialect: Dialect;
  /** One payload as a finished frame. */
  frame(payload: Payload): Bytes;
  /** Several finished frames as one chunk. */
  join(frames: readonly Bytes[]): Bytes;
}

/** The sending half of one live transport. */
export interface Link {
  /** Hands over one chunk, in order. Ignored once closed. Returns nothing: look at `unsentBytes`. */
  write(chunk: Bytes): void;
  /** Bytes taken by `write` that the peer has not yet been sent. */
  readonly unsentBytes: number;
  /**
   * Ends in good order: what was written is sent, then the closing handshake with this code and reason
   * (at most 123 UTF-8 bytes).
   */
  close(code: number, reason: string): void;
  /** Ends at once; used where the peer takes nothing. */
  terminate(): void;
  /** Asks the peer to answer behind everything written so far; `Inlet.confirmed` tells. Absent where it cannot. */
  probe?(mark: number): void;
  /** The node tells the connection this; its bytes are queued behind what was queued before. For transports that act on it. */
  told?(notice: NoticeEvent): void;
}
