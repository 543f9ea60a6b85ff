import type {
  DevicePlace,
  KeyRecord,
  MemberRecord,
  SessionRecord,
  UserRecord,
} from "@parlance/core";
import type {
  DeviceId,
  Principal,
  Role,
  RoomId,
  RoomKind,
  SessionId,
  UserId,
} from "@parlance/protocol";
import { foldLogin } from "../sql/fold.ts";
import { type OwnReadName, ownReads } from "../sql/own.ts";
import { globAny } from "../sql/room-patterns.ts";
import type { Database } from "./database.ts";
import { type MemberRow, memberSelect, toMemberRecord } from "./member-rows.ts";
import type { CopiedOutboxRow } from "./outbox-file.ts";
import { createEntranceReads, type EntranceReads } from "./read-entrances.ts";
import { type AtOnce, atOnce } from "./steps.ts";
import { tokenAsHash } from "./token-hash.ts";

/** The row of `rooms` without its hashes. */
export interface RoomColumns {
  readonly room: RoomId;
  readonly kind: RoomKind;
  readonly title: string;
  readonly epochPart: string;
  readonly head: number;
  readonly floor: number;
  readonly revision: number;
  readonly countable: number;
}

/** With what makes a `RoomRecord` of it. */
export interface RecordColumns extends RoomColumns {
  /** JSON; null where nothing is set. */
  readonly settings: string | null;
  readonly hasBans: number;
}

export interface JoinedRoomColumns extends RecordColumns {
  readonly role: Role;
  readonly readMark: number;
  readonly unreadAfter: number;
  readonly unread: number;
  readonly mentions: number;
}

export interface RoomSummaryColumns extends RecordColumns {
  readonly members: number;
  readonly lastAt: number | null;
}

/** Every read of the directory, by name. Called in a reader thread. */
export interface DirectoryReads extends EntranceReads, AtOnce<OwnReadName> {
  user(id: string): UserRecord | undefined;
  users(after: number, limit: number): UserRecord[];
  userByNumber(number: number): UserRecord | undefined;
  userByUsername(username: string): UserRecord | undefined;
  accountByLogin(login: string): (UserRecord & { passwordHash: string }) | undefined;
  session(id: string): (SessionRecord & { userRecord: UserRecord }) | undefined;
  isTokenUsed(issuer: string, jti: string, now: number): boolean;
  key(id: string): KeyRecord | undefined;
  listKeys(): KeyRecord[];
  member(room: string, user: string): MemberRecord | undefined;
  members(room: string, limit: number): MemberRecord[];
  roomsOf(user: string, limit: number, of?: readonly string[]): JoinedRoomColumns[];
  roomOf(user: string, room: string): JoinedRoomColumns | undefined;
  discoverable(user: string, limit: number, of?: readonly string[]): RecordColumns[];
  rooms(after: string, limit: number): RoomSummaryColumns[];
  places(user: string, device: string): DevicePlace[];
  /** Rows of the outbox that came with a copy, in the order of their numbers. */
  copiedOutbox(limit: number): CopiedOutboxRow[];
}

/** Columns of `users` that make a `UserRow`. */
export const userColumns =
  "users.id, number, kind, users.name, username, email, disabled, status, is_admin, users.created_at";

export interface UserRow {
  readonly id: UserId;
  readonly number: number;
  readonly kind: UserRecord["kind"];
  readonly name: string;
  readonly username: string | null;
  readonly email: string | null;
  readonly disabled: number;
  readonly status: string | null;
  readonly is_admin: number;
  readonly created_at: number;
}

export function toUserRecord(row: UserRow): UserRecord {
  return {
    id: row.id,
    number: row.number,
    kind: row.kind,
    name: row.name,
    ...(row.username === null ? {} : { username: row.username }),
    ...(row.email === null ? {} : { email: row.email }),
    disabled: row.disabled !== 0,
    ...(row.status === null ? {} : { status: row.status }),
    ...(row.is_admin === 0 ? {} : { isAdmin: true as const }),
    createdAt: row.created_at,
  };
}

/** Columns of `rooms` that make `RoomColumns`. */
export const roomColumns =
  "rooms.room, kind, title, epoch_part AS epochPart, head, floor, revision, countable";

/** Columns of `rooms` that make `RecordColumns`. */
export const recordColumns: string = `${roomColumns}, settings,
  EXISTS (SELECT 1 FROM bans WHERE bans.room = rooms.room) AS hasBans`;

export function createDirectoryReads(database: Database): DirectoryReads {
  const userWhere = (condition: string, value: string | number): UserRecord | undefined => {
    const row = database.get<UserRow>(`SELECT ${userColumns} FROM users WHERE ${condition}`, value);
    return row === undefined ? undefined : toUserRecord(row);
  };

  return {
    ...atOnce<AtOnce<OwnReadName>>(database, ownReads),
    ...createEntranceReads(database),

    user: (id) => userWhere("id = ?", id),
    userByNumber: (number) => userWhere("number = ?", number),
    userByUsername: (username) =>
      userWhere("username_folded = ? AND kind = 'account'", foldLogin(username)),

    users: (after, limit) =>
      database
        .all<UserRow>(
          `SELECT ${userColumns} FROM users WHERE number > ? ORDER BY number LIMIT ?`,
          after,
          limit,
        )
        .map(toUserRecord),

    accountByLogin: (login) => {
      const folded = foldLogin(login);
      const row = database.get<UserRow & { password_hash: string }>(
        `SELECT ${userColumns}, password_hash FROM users
         WHERE (username_folded = ? OR email_folded = ?) AND password_hash IS NOT NULL`,
        folded,
        folded,
      );
      if (row === undefined) return undefined;
      return { ...toUserRecord(row), passwordHash: row.password_hash };
    },

    isTokenUsed: (issuer, jti, now) => {
      // Those that came from another engine are known by their hash only.
      const row = database.get(
        `SELECT 1 FROM used_tokens
         WHERE (issuer, jti) IN (VALUES (?, ?), (?, ?)) AND expires_at > ?`,
        issuer,
        jti,
        ...tokenAsHash(issuer, jti),
        now,
      );
      return row !== undefined;
    },

    session: (id) => {
      const row = database.get<
        UserRow & {
          session: SessionId;
          secret_hash: string;
          device: DeviceId | null;
          made_at: number;
          expires_at: number;
        }
      >(
        `SELECT ${userColumns}, sessions.id AS session, secret_hash, device,
           sessions.created_at AS made_at, expires_at
         FROM sessions JOIN users ON users.id = sessions.user
         WHERE sessions.id = ? AND disabled = 0`,
        id,
      );
      if (row === undefined) return undefined;
      return {
        id: row.session,
        user: row.id,
        secretHash: row.secret_hash,
        ...(row.device === null ? {} : { device: row.device }),
        createdAt: row.made_at,
        expiresAt: row.expires_at,
        userRecord: toUserRecord(row),
      };
    },

    key: (id) => {
      const row = database.get<KeyRow>(`${keySelect} WHERE k.id = ?`, id);
      return row === undefined ? undefined : toKeyRecord(row);
    },

    listKeys: () =>
      database.all<KeyRow>(`${keySelect} ORDER BY k.created_at, k.id`).map(toKeyRecord),

    member: (room, user) => {
      const row = database.get<MemberRow>(
        `${memberSelect} WHERE members.room = ? AND members.user = ?`,
        room,
        user,
      );
      return row === undefined ? undefined : toMemberRecord(row);
    },

    members: (room, limit) =>
      database
        .all<MemberRow>(
          `${memberSelect} WHERE members.room = ? ORDER BY joined_sequence LIMIT ?`,
          room,
          limit,
        )
        .map(toMemberRecord),

    roomsOf: (user, limit, of) => {
      const { sql, values } = globAny("rooms.room", of);
      return database.all<JoinedRoomColumns>(
        `${joinedRooms} ${sql} ORDER BY title, rooms.room LIMIT ?`,
        user,
        ...values,
        limit,
      );
    },
    roomOf: (user, room) =>
      database.get<JoinedRoomColumns>(`${joinedRooms} AND rooms.room = ?`, user, room),

    discoverable: (user, limit, of) => {
      const { sql, values } = globAny("rooms.room", of);
      return database.all<RecordColumns>(
        `SELECT ${recordColumns} FROM rooms
         WHERE kind IN ('public', 'announcement')
           AND NOT EXISTS (SELECT 1 FROM members WHERE members.room = rooms.room AND user = ?) ${sql}
         ORDER BY title, rooms.room LIMIT ?`,
        user,
        ...values,
        limit,
      );
    },

    rooms: (after, limit) =>
      database.all<RoomSummaryColumns>(
        `SELECT ${recordColumns},
           (SELECT count(*) FROM members WHERE members.room = rooms.room) AS members,
           (SELECT time FROM events WHERE events.room = rooms.room AND sequence = head) AS lastAt
         FROM rooms WHERE rooms.room > ? ORDER BY rooms.room LIMIT ?`,
        after,
        limit,
      ),

    places: (user, device) =>
      database.all<DevicePlace>(
        `SELECT room, epoch, last_sequence AS "offset" FROM places WHERE user = ? AND device = ?
         ORDER BY saved_at DESC, room`,
        user,
        device,
      ),

    copiedOutbox: (limit) =>
      database.all<CopiedOutboxRow>("SELECT * FROM outbox ORDER BY number LIMIT ?", limit),
  };
}

/** The rooms of one user, with what is unread. */
const joinedRooms = `SELECT ${recordColumns}, role, public_sequence AS readMark,
    private_sequence AS unreadAfter, countable - private_countable AS unread,
    (SELECT count(DISTINCT sequence) FROM mentions
     WHERE mentions.room = rooms.room AND person IN ('', members.user)
       AND sequence > private_sequence AND root IS NULL) AS mentions
  FROM members
  JOIN rooms ON rooms.room = members.room
  JOIN read_marks ON read_marks.room = members.room AND read_marks.user = members.user
  WHERE members.user = ?`;

const keySelect = `SELECT k.id, k.name, k.principal, k.secret_hash, k.scopes, k.created_at, k.revoked, l.rooms, l.bot
  FROM api_keys k LEFT JOIN key_limits l ON l.id = k.id`;

interface KeyRow {
  readonly id: string;
  readonly name: string;
  readonly principal: Principal;
  readonly secret_hash: string;
  readonly scopes: string;
  readonly created_at: number;
  readonly revoked: number;
  readonly rooms: string | null;
  readonly bot: number | null;
}

function toKeyRecord(row: KeyRow): KeyRecord {
  return {
    id: row.id,
    name: row.name,
    principal: row.principal,
    secretHash: row.secret_hash,
    scopes: JSON.parse(row.scopes) as string[],
    createdAt: row.created_at,
    revoked: row.revoked !== 0,
    ...(row.rooms === null ? {} : { rooms: JSON.parse(row.rooms) as string[] }),
    ...(row.bot === 1 ? { bot: true } : {}),
  };
}
