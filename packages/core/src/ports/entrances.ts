import type {
  InviteId,
  InviteRole,
  RoomId,
  RoomKind,
  RoomSettings,
  UserId,
} from "@parlance/protocol";
import type { MemberRecord } from "./room-log.ts";

/** How people come to rooms and are kept out of them. Changed by events only; see `Append`. */
export interface Entrances {
  isBanned(room: RoomId, user: UserId): Promise<boolean>;
  /** The newest first. */
  bans(room: RoomId, limit: number): Promise<readonly BanRecord[]>;
  /** Undefined where there is none of that id; whether it is good is the caller's to see. */
  invite(id: InviteId): Promise<InviteRecord | undefined>;
  /** Those of a room that are good by `now`, the newest first. */
  invites(room: RoomId, now: number, limit: number): Promise<readonly InviteRecord[]>;
  /** Also one that was refused. */
  joinRequest(room: RoomId, user: UserId): Promise<JoinRequestRecord | undefined>;
  /** Those that wait for an answer, who asked first is first. */
  joinRequests(room: RoomId, limit: number): Promise<readonly JoinRequestRecord[]>;
  /** How many members a room has, and how many of them are owners. */
  memberCounts(room: RoomId): Promise<MemberCounts>;
  /** Everybody in these rooms, who joined first is first. For rooms of few: at most 10 of each. */
  peopleOf(rooms: readonly RoomId[]): Promise<ReadonlyMap<RoomId, readonly MemberRecord[]>>;
  /** Public, announcement and listed private rooms that the user is not banned from, by title, then id. */
  directory(query: DirectoryQuery): Promise<readonly DirectoryRoom[]>;
}

export interface MemberCounts {
  readonly members: number;
  readonly owners: number;
}

/** Somebody without being a member, named as `MemberRecord` names members. */
type Person = Pick<MemberRecord, "user" | "name" | "userKind" | "userNumber">;

export interface BanRecord extends Person {
  readonly by: UserId;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly reason?: string;
}

export interface InviteRecord {
  readonly id: InviteId;
  readonly room: RoomId;
  readonly role: InviteRole;
  /** Absent: any number. */
  readonly usesLeft?: number;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  readonly by: UserId;
}

export interface JoinRequestRecord extends Person {
  readonly text?: string;
  /** Milliseconds since 1970. */
  readonly askedAt: number;
  /** Absent: it waits for an answer. */
  readonly refusedAt?: number;
}

export interface DirectoryQuery {
  readonly user: UserId;
  /** Each has to begin a word of the title or topic. As `directoryWords` gives them. */
  readonly words: readonly string[];
  /** Only what comes after this room. */
  readonly after?: { readonly title: string; readonly room: RoomId };
  readonly limit: number;
}

export interface DirectoryRoom {
  readonly room: RoomId;
  readonly kind: RoomKind;
  readonly title: string;
  readonly settings: RoomSettings;
  readonly members: number;
  readonly isMember: boolean;
  readonly hasAsked: boolean;
}
