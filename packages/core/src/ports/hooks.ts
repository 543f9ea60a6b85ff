import type {
  ClientMessageId,
  EventId,
  Json,
  JsonObject,
  MentionWish,
  RoomId,
  RoomKind,
} from "@parlance/protocol";
import type { Identity } from "./authenticator.ts";

/** What a transport saw of a connection's beginning, for whoever decides whose it is. */
export interface HandshakeFacts {
  /** A bearer token, or the token of a session cookie that came together with a listed Origin. */
  readonly token?: string;
  /** Fields by lower-case name; cookies are left out where the page's Origin is not listed. */
  readonly headers: Readonly<Record<string, string>>;
  /** Path and query. */
  readonly url: string;
  readonly address: string;
  readonly dialect: string;
}

/**
 * Questions to the application. Each has a deadline and an answer of its own for silence; what the application says
 * can only narrow what the server would allow, but for `connect`, where it vouches for its own users. One that is absent is
 * never asked.
 */
export interface Hooks {
  /**
   * Whose connection this is, by the application's own login.
   *
   * @returns undefined where the application has no answer and another way may be tried.
   * @throws ProtocolError `unauthenticated` where it refuses, `unavailable` where it is silent and silence refuses.
   */
  connect?(handshake: HandshakeFacts): Promise<VouchedUser | undefined>;
  /** Whether somebody may come into a room that the rules would let them into. */
  readonly join?: Hook<JoinQuestion, void>;
  /** What becomes of a message that its writer may write. */
  readonly publish?: Hook<PublishQuestion, PublishAnswer>;
  /**
   * What the application answers to a client's question: JSON of at most `limits.rpcAnswerBytes`.
   *
   * @throws ProtocolError `not_found` for a method that nobody answers, `rpc_failed` with the application's own words,
   *   `unavailable` where it is silent: whether it did what was asked is not known then.
   */
  rpc?(question: RpcQuestion): Promise<Json>;
}

/** One kind of question. */
export interface Hook<Question, Answer> {
  /** Whether this one is asked at all: immediate, so that whatever needs no answer does not wait. */
  concerns(question: Question): boolean;
  /** @throws ProtocolError where the application refuses, or is silent and silence refuses. */
  ask(question: Question): Promise<Answer>;
}

/** Who asks, always verified, and over which wire. */
export interface Asker {
  readonly identity: Identity;
  /** `http` or the name of a door where no connection asks. */
  readonly dialect: string;
}

/** Somebody subscribes, joins, reads or writes. Refused with `forbidden`. */
export interface JoinQuestion extends Asker {
  readonly room: RoomId;
  readonly kind: RoomKind;
}

/** A message, or an edit of one, that is about to be stored. Refused with `rejected`. */
export interface PublishQuestion extends Asker, Said {
  readonly room: RoomId;
  readonly clientMessageId?: ClientMessageId;
  /** The message that it replaces. */
  readonly edits?: EventId;
  /** As in `publish`. */
  readonly thread?: string;
  readonly reply_to?: string;
}

/** What is to be stored. What is absent beside text and data stays as it was sent; of an edit only `mentions` counts. */
export interface PublishAnswer extends Said {
  /** A message of the room, by id or number; null for none. */
  readonly thread?: string | null;
  readonly reply_to?: string | null;
  /** Words that the writer alone sees, once the message is stored. Not of an edit. */
  readonly only_you?: string;
  /** In place of those whom the writer named beside the text. */
  readonly mentions?: MentionWish;
}

/** What a message says. */
export interface Said {
  readonly text: string;
  readonly data?: JsonObject;
}

export interface RpcQuestion extends Asker {
  readonly method: string;
  readonly data?: Json;
}

/** Somebody whom the application, or a network that is trusted, says to be there. */
export interface VouchedUser {
  /** A number stays one on wires that know numbers. */
  readonly user: string | number;
  readonly name?: string;
}
