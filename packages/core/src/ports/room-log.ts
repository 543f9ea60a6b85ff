import type {
  AnyDurableEvent,
  ClientMessageId,
  DeviceId,
  Epoch,
  EventFrame,
  EventId,
  MessageView,
  Principal,
  Role,
  RoomId,
  RoomKind,
  RoomSettings,
  Sequence,
  UserId,
} from "@parlance/protocol";
import type { OpenTexts } from "./open-texts.ts";
import type { Search } from "./search.ts";

/**
 * The log of every room: durable, numbered 1, 2, 3 … without holes, the only truth about what was said.
 *
 * Failures that are not the caller's fault are `StorageError`s, which say whether the effect is surely
 * absent or unknown. Expected refusals are outcomes, not errors.
 */
export interface RoomLog extends OpenTexts, Search {
  /**
   * Appends one durable event and its projections in one transaction, or does neither.
   *
   * When this resolves with `stored` the event is committed and synced and its sequence is final. Calls for
   * one room commit in call order; different rooms are independent. One caller's refusal never fails another.
   *
   * @throws StorageError `effect: "none"` if surely not written, `effect: "unknown"` if it may have been.
   */
  append(append: Append): Promise<Appended>;

  /**
   * The room's row, created first if it is absent and `createAs` says how.
   *
   * @returns undefined if there is no such room (and `createAs` is absent).
   */
  open(room: RoomId, createAs?: NewRoom): Promise<RoomRecord | undefined>;

  /**
   * Events of one room in ascending order without holes, together with the room's state read in the same
   * snapshot. A page ends early when `maxBytes` is passed, but holds at least one event if there is one.
   */
  read(query: LogQuery): Promise<LogPage | undefined>;

  /**
   * Begins a new life of every room's log, unless that was done since `seen`: called by a node that knows of an event which
   * the log does not have any more, since a fail-over or somebody's hand took back what was committed. Without it a sequence
   * would name two things. Absent where nobody but this process can change the data.
   */
  renewEpochs?(seen: Epoch): Promise<void>;

  /** Where each of these rooms is now. Rooms that do not exist are absent from the answer. One query. */
  heads(rooms: readonly RoomId[]): Promise<ReadonlyMap<RoomId, RoomHead>>;

  /**
   * What proves `from..to`. The caller has checked the bounds against the protocol's limits.
   *
   * @param withheld Sequences of which only the commitment is told, as of erased ones.
   * @returns undefined if the room does not exist or the range is not wholly in the log.
   */
  proof(
    room: RoomId,
    from: Sequence,
    to: Sequence,
    withheld?: readonly Sequence[],
  ): Promise<ChainProof | undefined>;

  /**
   * Where a message is and who wrote it, also of a deleted one.
   *
   * @param ref Its id, or its number as a string of digits.
   */
  findMessage(ref: string): Promise<MessagePlace | undefined>;

  /**
   * A room's messages with edits and reactions folded in, ascending, together with the room's state read in the same
   * snapshot. A page ends early when `maxBytes` is passed, but holds at least one message if there is one.
   *
   * @returns undefined if there is no such room.
   */
  messages(query: MessageQuery): Promise<MessagePage | undefined>;

  /** Of the messages that are there. Undefined if there is no such room. */
  messageStats(room: RoomId): Promise<MessageStats | undefined>;

  /** Entries of the install-wide control log after `after`, ascending, at most 1,000. */
  control(after: Sequence): Promise<readonly ControlEntry[]>;
  /** The control log's last sequence; 0 if it is empty. */
  controlHead(): Promise<Sequence>;
}

/** An event to be stored. */
export interface Append {
  readonly room: RoomId;
  /**
   * The room's revision under which the command was authorized. A newer one in the row refuses the append as
   * `stale`, known not done. Absent: the event does not depend on rights (its door has checked them).
   * A repeat is found before rights are looked at: what is stored cannot be refused any more.
   */
  readonly revision?: number;
  readonly id: EventId;
  /** Shown to readers. */
  readonly author: UserId;
  /** Who was authenticated: idempotence is per (room, principal, client message id). */
  readonly principal: Principal;
  readonly device?: DeviceId;
  readonly clientMessageId?: ClientMessageId;
  /** Milliseconds since 1970. Told to people; never decides order. */
  readonly time: number;
  /** Type and payload. Storage folds it into the projections:
   *  - `message.created` → `messages`, is countable, moves the author's read marks to its own sequence if the author is the principal;
   *  - `message.created` with `thread` → `messages` and the thread's running number instead, not countable; moves the author's mark in the
   *    thread and makes it follow; the root's author follows from the first on, with all of it unread;
   *  - `member.joined` → `members` (insert or change role), `read_marks` at its own sequence if new; bumps the revision; the user waits to be
   *    let in no longer; with `invite_id` one use of the link less, refused as `gone` where it is none that is good by `time`;
   *  - `member.role_changed` → `members`; bumps the revision;
   *  - `member.banned` → as `member.left` of a member, `bans`, the user waits to be let in no longer; `member.unbanned` → out of `bans`; both
   *    bump the revision;
   *  - `room.updated` → the room's title and settings; bumps the revision;
   *  - `invite.created`, `invite.revoked` → `invites`; `join.requested`, `join.refused` → `join_requests`;
   *  - `member.left` → removes from `members`, ends what the user follows there, bumps the revision, and writes `member_ended` to the control log;
   *  - `message.created` with `open` → the beginning of its text; refused as `full` where the principal has `limits.openMessages`;
   *  - `message.closed` → what the message says now, the end of its open text; refused as `moved` unless its text is as long as what is
   *    stored, so that nothing that came meanwhile is lost;
   *  - `mentions` of `message.created` and `message.edited` → the `MentionIndex`; who is mentioned in a thread follows it unless it said otherwise;
   *  - `message.edited` → what the message says now;
   *  - `message.deleted` → erases payload and nonce of the message and of all its versions, its open text, reactions and search terms, and
   *    writes `message_erased` to the control log;
   *  - `reaction.added`, `reaction.removed` → the message's reactions, of which one user has each kind at most once;
   *  - `file.shared` → the file's row in the `FileIndex` becomes visible; refused (`StorageError`) if the upload is gone;
   *  - `file.deleted` → the row becomes invisible, the payload and nonce of its `file.shared` are erased;
   *  - `message.pinned`, `message.unpinned` → the room's pins, of which each message has at most one and a room `limits.pins`; a deletion takes the pin off;
   *  - `poll.voted` → the votes of the principal, for its reader; refused as `moved` unless `before` is what is stored, as `gone` once the poll
   *    is ended; a deletion takes them away;
   *  - `poll.closed` → the end of the poll;
   *  - call events → nothing.
   *
   * Those about a message are refused as `gone` unless it is in this room and was not deleted. */
  readonly event: Pick<AnyDurableEvent, "type" | "data">;
  /**
   * The event as it was sent, where something else is stored (the application rewrote it): whether a client message id
   * comes again with the same body is decided by this. Of the same type as `event`.
   */
  readonly sent?: Append["event"];
  /** Make the room in the same transaction; refused as `exists` if it is there. Only with its first event. */
  readonly create?: NewRoom;
}

export interface NewRoom {
  readonly kind: RoomKind;
  readonly title: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

export type Appended =
  /** Committed. `repeated`: it was stored before under the same key and body; the place is the first one. */
  | {
      readonly outcome: "stored";
      readonly epoch: Epoch;
      readonly sequence: Sequence;
      readonly id: EventId;
      /** Of the stored event, which for a repeat is the first one's. Milliseconds. */
      readonly time: number;
      readonly repeated: boolean;
      /** Room's revision and number of countable events after this event. */
      readonly revision: number;
      readonly countable: number;
    }
  /** The same client message id was stored with another body. */
  | { readonly outcome: "conflict" }
  /** Rights changed since they were checked: ask again. Known not done. */
  | { readonly outcome: "stale"; readonly revision: number }
  | { readonly outcome: "absent" }
  /** `create` was asked for a room that exists. */
  | { readonly outcome: "exists" }
  /** The message that the event is about is not in this room, or was deleted. Known not done. */
  | { readonly outcome: "gone" }
  /** The reaction or pin is there already, or is not there to be removed. Nothing was stored. */
  | { readonly outcome: "unchanged"; readonly epoch: Epoch }
  /** The open message's text is longer than the event says, or the vote before was another one. Known not done. */
  | { readonly outcome: "moved" }
  /** The message has `limits.reactionKinds` other kinds of reactions, or the principal that many open messages as it may. Known not done. */
  | { readonly outcome: "full" };

/** A room's row. */
export interface RoomRecord extends RoomHead {
  readonly room: RoomId;
  readonly kind: RoomKind;
  readonly title: string;
  readonly settings: RoomSettings;
  /** Whether somebody is banned from it. */
  readonly hasBans: boolean;
}

/** Where a room's log is. */
export interface RoomHead {
  readonly epoch: Epoch;
  readonly head: Sequence;
  readonly floor: Sequence;
  /** Grows with every change of membership, role, bans and settings, and with nothing else. */
  readonly revision: number;
  /** Countable events up to the head, those below the floor included. */
  readonly countable: number;
}

export interface LogQuery {
  readonly room: RoomId;
  /** Events after this sequence, ascending from it. Excludes `before`. */
  readonly after?: Sequence;
  /** The nearest events before this sequence. Neither: the newest ones. */
  readonly before?: Sequence;
  /** With `after`: no event above this sequence. */
  readonly upTo?: Sequence;
  /** At most so many events, above 0. */
  readonly limit: number;
  /** UTF-8 bytes of payload after which the page ends. */
  readonly maxBytes?: number;
}

export interface LogPage extends RoomHead {
  readonly events: readonly StoredEvent[];
}

/** A stored event, ready for readers. */
export interface StoredEvent {
  readonly frame: EventFrame;
  /** Running number of countable events up to and including this one. */
  readonly countable: number;
}

/** Where a message is. */
export interface MessagePlace {
  readonly room: RoomId;
  readonly id: EventId;
  readonly sequence: Sequence;
  readonly author: UserId;
  readonly principal: Principal;
  readonly isDeleted: boolean;
  /** Its text is among the `OpenTexts`. */
  readonly isOpen: boolean;
  /** The root of the thread that it is in. */
  readonly thread?: EventId;
}

export interface MessageQuery {
  readonly room: RoomId;
  /** Absent: the room's main line, without what is in threads. */
  readonly line?: "all" | { readonly thread: EventId };
  /** Only these, of whatever line. This and the next four exclude each other; without any: the newest. */
  readonly ids?: readonly EventId[];
  /** The nearest ones before this sequence. */
  readonly before?: Sequence;
  /** The nearest ones after this sequence. */
  readonly after?: Sequence;
  /** `limit / 2` before this sequence, rounded down, and the rest from it on. */
  readonly around?: Sequence;
  /**
   * As `around` the first event of that time or later, in milliseconds since 1970. Found by halving, as times grow with the
   * sequence; where clocks of nodes disagreed, an event nearby may be taken for it.
   */
  readonly at?: number;
  /** At most so many, above 0. */
  readonly limit: number;
  /** UTF-8 bytes of payload after which the page ends. */
  readonly maxBytes?: number;
}

export interface MessagePage extends RoomHead {
  /** Ready for readers; deleted ones are among them, without payload. */
  readonly messages: readonly MessageView[];
}

export interface MessageStats {
  readonly messages: number;
  /** Different ones. */
  readonly authors: number;
  /** Milliseconds since 1970, of the first and the last message that is there. Absent: there is none. */
  readonly firstAt?: number;
  readonly lastAt?: number;
}

/** Hex strings; `commitments` has one entry for each event of the range. */
export interface ChainProof {
  readonly epoch: Epoch;
  readonly hashBefore: string;
  readonly hashAfter: string;
  readonly commitments: readonly ({ readonly nonce: string } | { readonly commitment: string })[];
}

/** What every node must hear within two seconds, broker or not. */
export type ControlFact =
  | {
      readonly type: "member_ended";
      readonly room: RoomId;
      readonly user: UserId;
      readonly sequence: Sequence;
    }
  /** Payloads that nobody may be shown any more: a message and its versions. */
  | {
      readonly type: "message_erased";
      readonly room: RoomId;
      readonly sequences: readonly Sequence[];
    }
  | { readonly type: "session_revoked"; readonly session: string }
  /** All identities of the user end, except possibly one session. */
  | { readonly type: "user_signed_out"; readonly user: UserId; readonly exceptSession?: string }
  | { readonly type: "user_disabled"; readonly user: UserId }
  /** It became an administrator, or is one no longer. */
  | { readonly type: "admin_changed"; readonly user: UserId }
  /** What somebody says of themselves is different; `renamed`: their name too, which others remember. */
  | { readonly type: "profile_changed"; readonly user: UserId; readonly renamed?: true }
  | { readonly type: "key_revoked"; readonly principal: Principal };

export interface ControlEntry {
  readonly sequence: Sequence;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly fact: ControlFact;
}

/** A member's standing, as `Directory` returns it. */
export interface MemberRecord {
  readonly user: UserId;
  readonly name: string;
  readonly userKind: "account" | "guest" | "external" | "service";
  /** Of accounts and guests. */
  readonly userNumber?: number;
  readonly role: Role;
  /** Sequence of the `member.joined` that made this membership. */
  readonly joinedSequence: Sequence;
  /** The mark that others may see; only grows. */
  readonly readMark: Sequence;
}
