/** How people come to rooms and are kept out of them, as it is read. */
import type {
  BanRecord,
  DirectoryQuery,
  DirectoryRoom,
  InviteRecord,
  JoinRequestRecord,
  MemberCounts,
  MemberRecord,
} from "@parlance/core";
import type { RoomId } from "@parlance/protocol";
import {
  type BanRow,
  type DirectoryRow,
  type InviteRow,
  type JoinRequestRow,
  toBanRecord,
  toDirectoryRoom,
  toInviteRecord,
  toJoinRequestRecord,
} from "../sql/entrance-rows.ts";
import type { Database } from "./database.ts";
import { type MemberRow, memberSelect, toMemberRecord } from "./member-rows.ts";

/** Called in a reader thread. */
export interface EntranceReads {
  isBanned(room: string, user: string): boolean;
  bans(room: string, limit: number): BanRecord[];
  invite(id: string): InviteRecord | undefined;
  invites(room: string, now: number, limit: number): InviteRecord[];
  joinRequest(room: string, user: string): JoinRequestRecord | undefined;
  joinRequests(room: string, limit: number): JoinRequestRecord[];
  memberCounts(room: string): MemberCounts;
  peopleOf(rooms: readonly string[]): ReadonlyMap<RoomId, MemberRecord[]>;
  directory(query: DirectoryQuery): DirectoryRoom[];
}

/** Of somebody `p` in a list: the name follows renames where there is a user's row. */
const person = `p.user AS user, coalesce(users.name, p.name) AS name, coalesce(users.kind, 'external') AS userKind,
  iif(users.kind IN ('account', 'guest'), users.number, NULL) AS userNumber`;

const inviteSelect = `SELECT id, room, role, uses_left AS usesLeft, expires_at AS expiresAt, made_by AS "by"
  FROM invites`;
const requestSelect = `SELECT ${person}, p.note AS text, p.asked_at AS askedAt, p.refused_at AS refusedAt
  FROM join_requests p LEFT JOIN users ON users.id = p.user`;

export function createEntranceReads(database: Database): EntranceReads {
  return {
    isBanned: (room, user) =>
      database.get("SELECT 1 FROM bans WHERE room = ? AND user = ?", room, user) !== undefined,

    bans: (room, limit) =>
      database
        .all<BanRow>(
          `SELECT ${person}, p.made_by AS "by", p.time, p.reason FROM bans p LEFT JOIN users ON users.id = p.user
           WHERE p.room = ? ORDER BY p.sequence DESC LIMIT ?`,
          room,
          limit,
        )
        .map(toBanRecord),

    invite: (id) => {
      const row = database.get<InviteRow>(`${inviteSelect} WHERE id = ?`, id);
      return row === undefined ? undefined : toInviteRecord(row);
    },

    invites: (room, now, limit) =>
      database
        .all<InviteRow>(
          `${inviteSelect} WHERE room = ? AND expires_at > ? AND (uses_left IS NULL OR uses_left > 0)
           ORDER BY sequence DESC LIMIT ?`,
          room,
          now,
          limit,
        )
        .map(toInviteRecord),

    joinRequest: (room, user) => {
      const row = database.get<JoinRequestRow>(
        `${requestSelect} WHERE p.room = ? AND p.user = ?`,
        room,
        user,
      );
      return row === undefined ? undefined : toJoinRequestRecord(row);
    },

    joinRequests: (room, limit) =>
      database
        .all<JoinRequestRow>(
          `${requestSelect} WHERE p.room = ? AND p.refused_at IS NULL ORDER BY p.sequence LIMIT ?`,
          room,
          limit,
        )
        .map(toJoinRequestRecord),

    memberCounts: (room) =>
      database.get<MemberCounts>(
        `SELECT count(*) AS members, coalesce(sum(role = 'owner'), 0) AS owners FROM members
         WHERE room = ?`,
        room,
      ) ?? { members: 0, owners: 0 },

    peopleOf: (rooms) => {
      const people = new Map<RoomId, MemberRecord[]>();
      for (const room of rooms) {
        const rows = database.all<MemberRow>(
          `${memberSelect} WHERE members.room = ? ORDER BY joined_sequence LIMIT 10`,
          room,
        );
        people.set(room as RoomId, rows.map(toMemberRecord));
      }
      return people;
    },

    directory: ({ user, words, after, limit }) => {
      const matches = words.map(() => "AND terms LIKE ?").join(" ");
      const place = after === undefined ? "" : "AND (title, rooms.room) > (?, ?)";
      return database
        .all<DirectoryRow>(
          `SELECT rooms.room, kind, title, settings,
             (SELECT count(*) FROM members WHERE members.room = rooms.room) AS members,
             EXISTS (SELECT 1 FROM members WHERE members.room = rooms.room AND user = ?) AS isMember,
             EXISTS (SELECT 1 FROM join_requests j WHERE j.room = rooms.room AND j.user = ?) AS hasAsked
           FROM rooms
           WHERE listed = 1 ${matches} ${place}
             AND NOT EXISTS (SELECT 1 FROM bans WHERE bans.room = rooms.room AND bans.user = ?)
           ORDER BY title, rooms.room LIMIT ?`,
          user,
          user,
          ...words.map((word) => `% ${word}%`),
          ...(after === undefined ? [] : [after.title, after.room]),
          user,
          limit,
        )
        .map(toDirectoryRoom);
    },
  };
}
