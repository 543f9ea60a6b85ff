/** How people come to rooms and are kept out of them, as it is read. */
import type { Entrances, MemberCounts, MemberRecord } from "@parlance/core";
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
import type { Reads } from "./access.ts";
import { type MemberRow, memberSelect, toMemberRecord } from "./members.ts";

/** Of somebody `p` in a list: the name follows renames where there is a user's row. */
const person = `p.user_id AS "user", coalesce(u.name, p.name) AS name, coalesce(u.kind, 'external') AS "userKind",
  CASE WHEN u.kind IN ('account', 'guest') THEN u.number END AS "userNumber"`;

const inviteSelect = `SELECT id, room, role, uses_left AS "usesLeft", expires_at AS "expiresAt", made_by AS "by"
  FROM {invites}`;
const requestSelect = `SELECT ${person}, p.note AS text, p.asked_at AS "askedAt", p.refused_at AS "refusedAt"
  FROM {join_requests} p LEFT JOIN {users} u ON u.id = p.user_id`;

export function createEntrances(reads: Reads): Entrances {
  return {
    isBanned: (room, user) =>
      reads.each(async (session) => {
        const row = await session.get(
          "SELECT 1 AS found FROM {bans} WHERE room = ? AND user_id = ?",
          room,
          user,
        );
        return row !== undefined;
      }),

    bans: (room, limit) =>
      reads.each(async (session) => {
        const rows = await session.all<BanRow>(
          `SELECT ${person}, p.made_by AS "by", p.time, p.reason FROM {bans} p LEFT JOIN {users} u ON u.id = p.user_id
           WHERE p.room = ? ORDER BY p.sequence DESC LIMIT ?`,
          room,
          limit,
        );
        return rows.map(toBanRecord);
      }),

    invite: (id) =>
      reads.each(async (session) => {
        const row = await session.get<InviteRow>(`${inviteSelect} WHERE id = ?`, id);
        return row === undefined ? undefined : toInviteRecord(row);
      }),

    invites: (room, now, limit) =>
      reads.each(async (session) => {
        const rows = await session.all<InviteRow>(
          `${inviteSelect} WHERE room = ? AND expires_at > ? AND (uses_left IS NULL OR uses_left > 0)
           ORDER BY sequence DESC LIMIT ?`,
          room,
          now,
          limit,
        );
        return rows.map(toInviteRecord);
      }),

    joinRequest: (room, user) =>
      reads.each(async (session) => {
        const row = await session.get<JoinRequestRow>(
          `${requestSelect} WHERE p.room = ? AND p.user_id = ?`,
          room,
          user,
        );
        return row === undefined ? undefined : toJoinRequestRecord(row);
      }),

    joinRequests: (room, limit) =>
      reads.each(async (session) => {
        const rows = await session.all<JoinRequestRow>(
          `${requestSelect} WHERE p.room = ? AND p.refused_at IS NULL ORDER BY p.sequence LIMIT ?`,
          room,
          limit,
        );
        return rows.map(toJoinRequestRecord);
      }),

    memberCounts: (room) =>
      reads.each(async (session) => {
        const row = await session.get<MemberCounts>(
          `SELECT count(*) AS members, count(CASE WHEN role = 'owner' THEN 1 END) AS owners
           FROM {members} WHERE room = ?`,
          room,
        );
        return row ?? { members: 0, owners: 0 };
      }),

    peopleOf: (rooms) =>
      reads.each(async (session) => {
        const people = new Map<RoomId, MemberRecord[]>(rooms.map((room) => [room, []]));
        if (rooms.length === 0) return people;
        const rows = await session.all<MemberRow & { readonly room: RoomId }>(
          `${memberSelect.replace("SELECT", "SELECT m.room,")} WHERE m.room IN (?*)
           ORDER BY m.room, m.joined_sequence`,
          rooms,
        );
        for (const { room, ...row } of rows) {
          const found = people.get(room);
          if (found !== undefined && found.length < 10) found.push(toMemberRecord(row));
        }
        return people;
      }),

    directory: ({ user, words, after, limit }) =>
      reads.page(async (session) => {
        const matches = words.map(() => "AND r.terms LIKE ?").join(" ");
        const place =
          after === undefined ? "" : "AND (r.title > ? OR (r.title = ? AND r.room > ?))";
        const rows = await session.all<DirectoryRow>(
          `SELECT r.room, r.kind, r.title, r.settings,
             (SELECT count(*) FROM {members} m WHERE m.room = r.room) AS members,
             (SELECT count(*) FROM {members} m WHERE m.room = r.room AND m.user_id = ?) AS "isMember",
             (SELECT count(*) FROM {join_requests} j WHERE j.room = r.room AND j.user_id = ?) AS "hasAsked"
           FROM {rooms} r
           WHERE r.listed = 1 ${matches} ${place}
             AND NOT EXISTS (SELECT 1 FROM {bans} b WHERE b.room = r.room AND b.user_id = ?)
           ORDER BY r.title, r.room LIMIT ?`,
          user,
          user,
          ...words.map((word) => `% ${word}%`),
          ...(after === undefined ? [] : [after.title, after.title, after.room]),
          user,
          limit,
        );
        return rows.map(toDirectoryRoom);
      }),
  } satisfies Entrances;
}
