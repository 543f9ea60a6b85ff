import type {
  DeviceId,
  Position,
  Principal,
  Role,
  RoomId,
  Sequence,
  SessionId,
  UserId,
} from "@parlance/protocol";
import type { DocumentStates } from "./document-states.ts";
import type { Entrances } from "./entrances.ts";
import type { Keeping } from "./keeping.ts";
import type { Later } from "./later.ts";
import type { MentionIndex } from "./mentions.ts";
import type { PollVotes } from "./polls.ts";
import type { Preferences } from "./preferences.ts";
import type { Profiles } from "./profiles.ts";
import type { MemberRecord, RoomRecord } from "./room-log.ts";
import type { SlashCommands } from "./slash.ts";
import type { Threads } from "./threads.ts";

/**
 * Users, sessions, keys, members, read marks and leases. Reads follow one's own writes. Same errors as `RoomLog`.
 * Grouped by what it is about, so that each user of it asks for its part only.
 */
export interface Directory
  extends Users,
    Sessions,
    Keys,
    Members,
    Entrances,
    Preferences,
    Profiles,
    RoomAdmin,
    ReadMarks,
    Threads,
    MentionIndex,
    Keeping,
    Later,
    PollVotes,
    SlashCommands,
    DocumentStates,
    Places,
    Leases {}

export interface UserRecord {
  readonly id: UserId;
  /** 1, 2, 3 … beside the opaque id, for systems whose users are numbers. */
  readonly number: number;
  readonly kind: "account" | "guest" | "external" | "service";
  /** Display name. */
  readonly name: string;
  /** Of accounts: unique without regard to case. */
  readonly username?: string;
  readonly email?: string;
  readonly disabled: boolean;
  /** May look at everything that operators see. */
  readonly isAdmin?: true;
  /** What somebody says about themselves: one line of 1-64 UTF-16 code units. */
  readonly status?: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

export interface Users {
  user(id: UserId): Promise<UserRecord | undefined>;
  /** Those with a number above `after`, in the order of their numbers; 0 begins. */
  users(after: number, limit: number): Promise<readonly UserRecord[]>;
  /** By `UserRecord.number`. */
  userByNumber(number: number): Promise<UserRecord | undefined>;
  /** An account by its user name, without regard to case. No e-mail address and no other kind of user is found. */
  userByUsername(username: string): Promise<UserRecord | undefined>;
  /** By user name or e-mail, without regard to case, with the password hash. */
  accountByLogin(
    login: string,
  ): Promise<(UserRecord & { readonly passwordHash: string }) | undefined>;
  /** @returns `"taken"` if the id, user name or e-mail belongs to somebody: they stay as they are. */
  createUser(user: NewUser): Promise<UserRecord | "taken">;
  /** Makes the user that a verified token speaks of, or updates its display name. */
  upsertExternal(id: UserId, name: string, now: number): Promise<UserRecord>;
  /** Also ends all sessions of the user but one, in the same transaction as the control log's entry. */
  setPassword(
    id: UserId,
    passwordHash: string,
    exceptSession: SessionId | undefined,
    now: number,
  ): Promise<void>;
  /** Disabling ends all sessions too. */
  setDisabled(id: UserId, disabled: boolean, now: number): Promise<void>;
  /** Also tells the control log, since others remember who is one. */
  setAdmin(id: UserId, isAdmin: boolean, now: number): Promise<void>;
  /** @param status One line of 1-64 UTF-16 code units (checked by the caller); null takes it away. */
  setStatus(id: UserId, status: string | null, now: number): Promise<void>;
}

export interface NewUser {
  readonly id: UserId;
  readonly kind: "account" | "guest" | "service";
  readonly name: string;
  readonly username?: string;
  readonly email?: string;
  readonly passwordHash?: string;
  readonly createdAt: number;
}

/** A login of a built-in account or guest. Its secret is kept as a SHA-256 only. */
export interface SessionRecord {
  readonly id: SessionId;
  readonly user: UserId;
  readonly secretHash: string;
  readonly device?: DeviceId;
  readonly createdAt: number;
  readonly expiresAt: number;
}

export interface Sessions {
  createSession(session: SessionRecord): Promise<void>;
  /** Undefined if absent, revoked or of a disabled user. Expiry is the caller's to check. */
  session(
    id: SessionId,
  ): Promise<(SessionRecord & { readonly userRecord: UserRecord }) | undefined>;
  /** @returns false if it was not there. */
  revokeSession(id: SessionId, now: number): Promise<boolean>;
  /**
   * Remembers a one-time token until `expiresAt`. Each call forgets some of those that are over by `now`, at most
   * 100, so that what is remembered does not grow for ever.
   *
   * @returns false if (issuer, jti) was used before and is still remembered.
   */
  useTokenOnce(issuer: string, jti: string, expiresAt: number, now: number): Promise<boolean>;
  /** Whether (issuer, jti) was used and is still remembered by `now`. */
  isTokenUsed(issuer: string, jti: string, now: number): Promise<boolean>;
}

/** A back end's key. `name` outlives a change of key: principal and author are made from it. */
export interface KeyRecord {
  readonly id: string;
  readonly name: string;
  readonly principal: Principal;
  readonly secretHash: string;
  readonly scopes: readonly string[];
  /** Patterns of the names of rooms that it is for, reading too; absent: all. */
  readonly rooms?: readonly string[];
  /** It is a bot's: whoever comes with it is the user that `principal` names, with that user's display name. */
  readonly bot?: true;
  readonly createdAt: number;
  readonly revoked: boolean;
}

export interface Keys {
  createKey(key: Omit<KeyRecord, "revoked">): Promise<void>;
  key(id: string): Promise<KeyRecord | undefined>;
  listKeys(): Promise<readonly KeyRecord[]>;
  revokeKey(id: string, now: number): Promise<boolean>;
}

export interface Members {
  /** Undefined if the user is not a member. */
  member(room: RoomId, user: UserId): Promise<MemberRecord | undefined>;
  members(room: RoomId, limit: number): Promise<readonly MemberRecord[]>;
  /**
   * Rooms that the user is a member of, with the member's marks. Ordered by title, then id.
   *
   * @param of Patterns of the rooms to be found; all if absent.
   */
  roomsOf(user: UserId, limit: number, of?: readonly string[]): Promise<readonly JoinedRoom[]>;
  /** One of those; undefined if the user is not a member of it. */
  roomOf(user: UserId, room: RoomId): Promise<JoinedRoom | undefined>;
  /** Public and announcement rooms that the user is not a member of. Ordered by title, then id. `of` as in `roomsOf`. */
  discoverable(user: UserId, limit: number, of?: readonly string[]): Promise<readonly RoomRecord[]>;
}

/** What operators are told of rooms. */
export interface RoomAdmin {
  /** All rooms with an id above `after`, in the order of their ids, by code points; `""` begins. */
  rooms(after: string, limit: number): Promise<readonly RoomSummary[]>;
}

export interface RoomSummary extends RoomRecord {
  readonly members: number;
  /** When its last event was stored, in milliseconds since 1970; absent where there is none. */
  readonly lastAt?: number;
}

export interface JoinedRoom extends RoomRecord {
  readonly role: Role;
  readonly readMark: Sequence;
  /** The private mark: what lies above it is unread. */
  readonly unreadAfter: Sequence;
  readonly unread: number;
  /** Messages of the main line above the private mark that mention the user or everybody; deleted ones are not counted. */
  readonly mentions: number;
}

export interface ReadMarks {
  /**
   * Raises both marks of a member to `sequence`, at most to the head. A mark that is higher stays.
   *
   * @returns where the marks are now, or undefined if the user is no member.
   */
  markRead(room: RoomId, user: UserId, sequence: Sequence): Promise<Marks | undefined>;
  /** Lowers the private mark to `sequence`; one that is lower stays. @returns as `markRead`. */
  markUnread(room: RoomId, user: UserId, sequence: Sequence): Promise<Marks | undefined>;
}

/** A member's marks in one room. */
export interface Marks {
  /** The public mark; never falls. */
  readonly readMark: Sequence;
  /** The private mark. */
  readonly unreadAfter: Sequence;
  /** Messages of the main line above the private mark. */
  readonly unread: number;
}

/** How far one device has read in one room, kept for clients whose protocol has no positions. */
export interface DevicePlace extends Position {
  readonly room: RoomId;
}

/** For clients whose protocol has no positions: where each of their devices is, so that they get what they missed once. */
export interface Places {
  /** Of one device, the one saved last first. */
  places(user: UserId, device: DeviceId): Promise<readonly DevicePlace[]>;
  /**
   * Saves in one transaction. What was saved later, by `now`, stays. Of a device the 1,000 rooms saved last are kept, and each
   * call forgets some places that were not saved for 30 days, at most 100.
   */
  savePlaces(rows: readonly SavedPlace[]): Promise<void>;
}

export interface SavedPlace extends DevicePlace {
  readonly user: UserId;
  readonly device: DeviceId;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/**
 * Lets one node at a time do something. How long a lease lasts is measured by one clock, the database's own: nodes' clocks are
 * never compared.
 */
export interface Leases {
  /**
   * Takes a lease that is free, over, or the holder's own already.
   *
   * @param holder One for each start of a node.
   * @param lifeMs How long it lasts from now on, unless it is taken again.
   * @returns false if another holder has it.
   */
  takeLease(name: string, holder: string, lifeMs: number): Promise<boolean>;
  /** Makes it free at once. Nothing happens where it is not the holder's. */
  giveBackLease(name: string, holder: string): Promise<void>;
}
