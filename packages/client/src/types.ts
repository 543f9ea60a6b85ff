/** The SDK's public types. What travels is typed by the protocol itself. */
import type {
  ClientMessageId,
  ClosedReason,
  Command,
  CommandType,
  EphemeralEvent,
  Epoch,
  EventFrame,
  EventId,
  HistoryPage,
  Json,
  JsonObject,
  MarkedRead,
  MembershipChanged,
  MemberView,
  MentionWish,
  MessageList,
  OwnChange,
  PollWish,
  Position,
  Published,
  Reply,
  Role,
  RoomChanges,
  RoomId,
  RoomList,
  RoomUpdated,
  RoomView,
  SearchResult,
  Sequence,
  SignedIn,
  Subscribed,
  UnsubscribedEvent,
  WireUser,
} from "@parlance/protocol";
import type { ClientError } from "./errors.ts";
import type { RoomAsking } from "./types-asking.ts";
import type { ClientKeeping, RoomKeeping } from "./types-keeping.ts";
import type { ClientPeople, RoomPeople } from "./types-people.ts";
import type { ClientProfiles } from "./types-profiles.ts";
import type { ClientReading, RoomReading } from "./types-reading.ts";

/** Gives the credential to sign in with; called before every connect and every refresh. */
export type TokenSource = () => string | Promise<string>;

/** The part of the WebSocket API that the SDK uses. */
export interface WebSocketLike {
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  send(data: string): void;
  close(code?: number, reason?: string): void;
}
/** A WebSocket constructor: the platform's, or one of a library. */
export type WebSocketConstructor = new (url: string) => WebSocketLike;

/** How to reach the server, and as whom. Give exactly one of `token` and `guest`. */
export interface ClientOptions {
  /** Address of the endpoint, `ws://host/ws` or `wss://host/ws`. `http` and `https` are understood alike. */
  readonly url: string;
  /**
   * A JWT, session token or API key. A function is asked again before each connect and before the token
   * ends, so that a long session outlives its first token.
   */
  readonly token?: string | TokenSource;
  /** Come in as a guest. `token` is the one that `onToken` gave earlier: it brings the same guest back. */
  readonly guest?: { readonly name: string; readonly token?: string };
  /** Receives the guest's token after the first sign-in; store it to be the same guest next time. */
  readonly onToken?: (token: string) => void;
  /** Names this installation. A second connection of one user and device replaces the first for good. */
  readonly deviceId?: string;
  /** Which WebSocket to use; the platform's if absent. */
  readonly WebSocket?: WebSocketConstructor;
  /** Milliseconds that a command (not a message) waits for the line and its answer. 15,000 if absent. */
  readonly commandTimeoutMs?: number;
  /**
   * Milliseconds of silence on a busy line after which it is checked with a `ping`; 1,000 if absent. Doubles
   * while nothing happens, up to the server's heartbeat, so a quiet client costs next to nothing.
   */
  readonly pingIntervalMs?: number;
}

/** What the connection is doing. Times are milliseconds since 1970. */
export type ClientState =
  /** `connect` was not called yet. */
  | { readonly status: "idle" }
  /** Opening a socket or signing in. `error` says why the line before it ended. */
  | { readonly status: "connecting"; readonly error?: ClientError }
  /** Signed in; subscriptions are being resumed and waiting messages sent. */
  | { readonly status: "online"; readonly user: WireUser }
  /** The line is down; the next attempt is at `retryAt`. */
  | { readonly status: "waiting"; readonly retryAt: number; readonly error: ClientError }
  /** No attempt will be made. `error` is absent where the application closed it. */
  | { readonly status: "closed"; readonly error?: ClientError };

/** What a client tells its listeners. */
export interface ClientEvents {
  readonly state: ClientState;
  /** Something that should not be: a violation of the protocol, or a token source that failed. */
  readonly error: ClientError;
  /** Something of the user's own changed, on whichever device; may be lost. */
  readonly own: OwnChange;
}

/** Takes a listener away again. Harmless when called twice. */
export type Unlisten = () => void;

/** One connection to a server, kept up as long as the application wants it. */
export interface Client extends ClientKeeping, ClientPeople, ClientProfiles, ClientReading {
  readonly state: ClientState;
  /** Who is signed in; stays known while the line is down. */
  readonly user: WireUser | undefined;
  /** The server's answer to the last sign-in, with its limits. */
  readonly session: SignedIn | undefined;
  /**
   * Connects and stays connected. Resolves at the first sign-in; rejects if the client is closed before, by
   * `close` or for good by the server. May be ignored: `state` tells the same.
   */
  connect(): Promise<WireUser>;
  /** Closes the line and stays closed until `connect`. What waits to be sent stays waiting. */
  close(): void;
  on<K extends keyof ClientEvents>(event: K, listener: (value: ClientEvents[K]) => void): Unlisten;
  /** The room of that id; always the same object. Asks the server nothing. */
  room(id: string): Room;
  listRooms(): Promise<RoomList>;
  createRoom(room: NewRoom): Promise<RoomView>;
  /** The direct room with these people, the same each time. */
  openDirect(users: readonly string[]): Promise<RoomView>;
  /** Finds messages by what they say now, the newest first. `next` of a page is the `cursor` of the one behind it. */
  search(query: string, options?: SearchOptions): Promise<SearchResult>;
  /**
   * Asks the application behind the server and resolves with its answer. Rejects with `rpc_failed` and the application's
   * own words where it refuses, and after `commandTimeoutMs`; what it did is not known then.
   */
  rpc(method: string, data?: Json): Promise<Json>;
  /**
   * Sends any command and resolves with its reply. Waits for the line, at most `commandTimeoutMs` in all. Not
   * sent again when the line breaks after it went out: then it rejects with `offline`.
   */
  request<T extends CommandType>(command: CommandBody<T>): Promise<Reply<T>>;
}

/** A command without its `id`, which the SDK gives. */
export type CommandBody<T extends CommandType> =
  Command<T> extends infer C ? Omit<C, "id"> & { readonly type: T } : never;

/** How a search is narrowed, and how much of it is asked for. */
export type SearchOptions = Omit<CommandBody<"search">, "type" | "query">;

/** What `createRoom` needs. `room` wishes for an id, where the kind allows one. */
export interface NewRoom {
  readonly kind: "public" | "private" | "announcement" | "document";
  readonly title: string;
  readonly room?: string;
}

/** Where live delivery begins: `last` events before the head (0-200, 0 if absent), or after `position`. */
export interface SubscribeOptions {
  readonly last?: number;
  readonly position?: Position;
  /** Also deliver `presence` events. */
  readonly presence?: boolean;
}

/** At most one of `before` and `after`; neither means the newest page. */
export interface HistoryQuery {
  readonly before?: Sequence;
  readonly after?: Sequence;
  /** 1-200, 50 if absent. */
  readonly limit?: number;
}

/** At most one of `before`, `after`, `around` and `at`; none means the newest page. */
export type MessagesQuery = Omit<CommandBody<"list_messages">, "type" | "room">;

/** What a room tells its listeners. */
export interface RoomEvents {
  /** A durable event, in order, each once. The type may be one that this version does not know. */
  readonly event: EventFrame;
  /** Typing, presence and read marks; may be lost. */
  readonly ephemeral: EphemeralEvent;
  /** An open message grew, or is whole. Only the newest counts: some growths may be told together. */
  readonly text: GrowingText;
  /**
   * The room's log began anew, or what was missed is gone: forget its events. Delivery goes on from
   * `position` without a hole.
   */
  readonly reset: RoomReset;
  /** The server ended the subscription, or refused to begin it again. */
  readonly unsubscribed: Pick<UnsubscribedEvent, "room" | "code">;
  /** Live delivery began or went on after an interruption. */
  readonly subscribed: Subscribed;
  /** An outgoing message changed its state, or is new. */
  readonly outgoing: Outgoing;
}

/** An open message as far as this client has it. */
export interface GrowingText {
  readonly message_id: EventId;
  /** All of it. Once it is not open any more: what is stored, which may be less than was shown before. */
  readonly text: string;
  readonly open: boolean;
  /** How it ended. */
  readonly reason?: ClosedReason;
}

/** Where a message belongs, and whom it mentions. Messages of the room are named by their ids. */
export interface PublishOptions {
  /** It is written in the thread under this one. */
  readonly thread?: EventId;
  /** It answers this one. */
  readonly replyTo?: EventId;
  /** Whom it mentions beside those whose user names the text has behind an `@`. */
  readonly mentions?: MentionWish;
  /** It asks, with its text as the question. Not of one that grows. */
  readonly poll?: PollWish;
}

/** What an open message begins with. */
export interface OpenOptions extends PublishOptions {
  readonly text?: string;
  /** Beside the text, at most 32 KiB of JSON. */
  readonly data?: JsonObject;
}

/** `failed`: the server refused it, `ended` says why. */
export type WritingState = "opening" | "open" | "ended" | "failed";

/** An open message that this client writes. It goes on over reconnects, from what is stored. */
export interface Writing {
  readonly room: RoomId;
  readonly state: WritingState;
  /** Once it is opened. */
  readonly messageId: EventId | undefined;
  /** How much of it is stored, in UTF-16 code units. */
  readonly length: number;
  /** Never throws; does nothing once it is closed or ended. An empty text tells the server that it is still being written. */
  append(text: string): void;
  /** Sends what is left and closes. Resolves as `ended`. */
  close(): Promise<ClosedReason>;
  /**
   * Resolves when it is whole: `done` by this client, or `cancelled` or `abandoned`, of which a client hears at once if it subscribes to the
   * room, else with its next append. Rejects if the server refuses it.
   */
  readonly ended: Promise<ClosedReason>;
}

export interface RoomReset {
  readonly room: RoomId;
  readonly position: Position;
}

/** One room, as this client deals with it. */
export interface Room extends RoomAsking, RoomKeeping, RoomPeople, RoomReading {
  readonly id: RoomId;
  /** The last answer to a subscription; undefined before the first and after its end. */
  readonly subscription: Subscribed | undefined;
  /** The last event that was delivered; undefined before the first subscription. */
  readonly position: Position | undefined;
  /** Own messages that are not in the log yet as far as this client knows, oldest first: waiting and failed. */
  readonly outgoing: readonly Outgoing[];
  on<K extends keyof RoomEvents>(event: K, listener: (value: RoomEvents[K]) => void): Unlisten;
  /**
   * Begins live delivery and keeps it up over reconnects; may be called before `connect`. Resolves with the
   * room's standing; rejects if the server refuses.
   */
  subscribe(options?: SubscribeOptions): Promise<Subscribed>;
  /** Ends live delivery; nothing is delivered from now on. */
  unsubscribe(): Promise<void>;
  /**
   * Puts a message into the outbox, from where it is sent, again and again if need be, until the server has
   * answered. Messages of one room reach its log in the order of these calls. Never throws.
   */
  publish(text: string, options?: PublishOptions): Outgoing;
  /** Opens a message that grows until it is closed. Never throws: `ended` tells. Does not wait for what `publish` has not sent yet. */
  open(options?: OpenOptions): Writing;
  /** What is known of an open message's text; undefined of others. */
  textOf(messageId: EventId): string | undefined;
  /** Ends an open message of somebody else, where one may. */
  cancel(messageId: EventId): Promise<void>;
  history(query?: HistoryQuery): Promise<HistoryPage>;
  /** A page of messages as they are now, with edits and reactions folded in: also around a place or a time, to jump there. */
  messages(query?: MessagesQuery): Promise<MessageList>;
  join(): Promise<MembershipChanged>;
  leave(): Promise<MembershipChanged>;
  addMember(user: string, role?: Role): Promise<MembershipChanged>;
  removeMember(user: string): Promise<MembershipChanged>;
  members(): Promise<readonly MemberView[]>;
  /** Sets title, topic and how the room behaves; null takes a setting back. */
  update(changes: RoomChanges): Promise<RoomUpdated>;
  /** Moves the read mark; to the last delivered event if `sequence` is absent. */
  markRead(sequence?: Sequence): Promise<MarkedRead>;
  /** Says that the user is writing, or stopped. A signal: lost without a word where it cannot be sent. */
  typing(active: boolean): void;
  /** Who is in the room now. */
  presence(): Promise<readonly WireUser[]>;
  /**
   * Proves that the log from `from` (the oldest stored if absent) to `to` (the head if absent) is complete
   * and unchanged: recomputes the running hash from what the server sends now, and compares it with what
   * this client was delivered live (the last 10,000 events).
   *
   * @throws ClientError where the server could not be asked; a failed proof is a result, not an error.
   */
  verify(range?: { readonly from?: Sequence; readonly to?: Sequence }): Promise<Verification>;
}

/** Where an own message stands. */
export type OutgoingState = "waiting" | "sent" | "failed";

/** One own message on its way. */
export interface Outgoing {
  readonly room: RoomId;
  /** Made once and kept over every retry, so that the message is stored once. */
  readonly clientMessageId: ClientMessageId;
  readonly text: string;
  /** Where it belongs. */
  readonly options: PublishOptions;
  /** When it was written, in milliseconds since 1970. */
  readonly createdAt: number;
  readonly state: OutgoingState;
  /** Why it failed. */
  readonly error: ClientError | undefined;
  /** Where it is in the log, once the server said so in an answer or by its event. */
  readonly published: Published | undefined;
  /** Resolves when it is stored, rejects when it failed. A rejection may be ignored: `state` tells the same. */
  readonly done: Promise<Published>;
  /** After `failed`: into the outbox again, with the same id, behind what waits there. Else nothing. */
  retry(): void;
  /** Forgets a message that failed. Else nothing. */
  discard(): void;
}

/** What `verify` found. */
export type Verification =
  | {
      readonly complete: true;
      readonly epoch: Epoch;
      readonly from: Sequence;
      readonly to: Sequence;
    }
  | {
      readonly complete: false;
      readonly reason: VerificationFailure;
      /** The first sequence that is wrong, or the end of the range whose hash is. */
      readonly sequence: Sequence;
    };

export type VerificationFailure =
  /** An event of the range is not there. */
  | "missing"
  /** The events and nonces do not give the running hash. */
  | "hash_mismatch"
  /** The server sends another event now than it delivered live. */
  | "differs_from_delivered"
  /** The log began a new life; what was delivered cannot be compared with it. */
  | "other_epoch";
