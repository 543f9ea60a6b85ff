/** Members of rooms and their read marks. */
import type {
  JoinedRoom,
  Marks,
  MemberRecord,
  Members,
  ReadMarks,
  RoomAdmin,
} from "@parlance/core";
import type { Role, RoomId, UserId } from "@parlance/protocol";
import { likeAny } from "../sql/room-patterns.ts";
import type { Reads } from "./access.ts";
import type { Batch } from "./batch.ts";
import type { Lanes } from "./lanes.ts";
import { type RecordColumns, recordColumns, roomRecord } from "./rooms.ts";
import type { Session } from "./session.ts";

/**
 * A member's name and kind come from the user's row, which follows renames; somebody who has no row (a
 * stranger that a back end added) is known by the name of the joining event.
 */
export const memberSelect = `
  SELECT m.user_id AS "user", coalesce(u.name, m.name) AS name, coalesce(u.kind, 'external') AS "userKind",
    CASE WHEN u.kind IN ('account', 'guest') THEN u.number END AS "userNumber",
    m.role, m.joined_sequence AS "joinedSequence", k.public_sequence AS "readMark"
  FROM {members} m
  JOIN {read_marks} k ON k.room = m.room AND k.user_id = m.user_id
  LEFT JOIN {users} u ON u.id = m.user_id`;

export type MemberRow = Omit<MemberRecord, "userNumber"> & { readonly userNumber: number | null };

export function toMemberRecord({ userNumber, ...row }: MemberRow): MemberRecord {
  return userNumber === null ? row : { ...row, userNumber };
}

/** The rooms of one user, with what is unread. */
const joinedRooms = `SELECT ${recordColumns}, m.role, k.public_sequence AS "readMark",
    k.private_sequence AS "unreadAfter", r.countable - k.private_countable AS unread,
    (SELECT count(DISTINCT x.sequence) FROM {mentions} x
     WHERE x.room = r.room AND x.person IN ('', m.user_id)
       AND x.sequence > k.private_sequence AND x.root IS NULL) AS mentions
  FROM {members} m
  JOIN {rooms} r ON r.room = m.room
  JOIN {read_marks} k ON k.room = m.room AND k.user_id = m.user_id
  WHERE m.user_id = ?`;

type JoinedRow = RecordColumns & {
  readonly role: Role;
  readonly readMark: number;
  readonly unreadAfter: number;
  readonly unread: number;
  readonly mentions: number;
};

function joinedRoom(row: JoinedRow): JoinedRoom {
  const { role, readMark, unreadAfter, unread } = row;
  const mentions = Number(row.mentions);
  return { ...roomRecord(row), role, readMark, unreadAfter, unread, mentions };
}

export function createMembers(reads: Reads): Members {
  return {
    member: (room, user) =>
      reads.each(async (session) => {
        const row = await session.get<MemberRow>(
          `${memberSelect} WHERE m.room = ? AND m.user_id = ?`,
          room,
          user,
        );
        return row === undefined ? undefined : toMemberRecord(row);
      }),

    members: (room, limit) =>
      reads.each(async (session) => {
        const rows = await session.all<MemberRow>(
          `${memberSelect} WHERE m.room = ? ORDER BY m.joined_sequence LIMIT ?`,
          room,
          limit,
        );
        return rows.map(toMemberRecord);
      }),

    roomsOf: (user, limit, of) =>
      reads.each(async (session) => {
        const { sql, values } = likeAny("r.room", of);
        const rows = await session.all<JoinedRow>(
          `${joinedRooms} ${sql} ORDER BY r.title, r.room LIMIT ?`,
          user,
          ...values,
          limit,
        );
        return rows.map(joinedRoom);
      }),

    roomOf: (user, room) =>
      reads.each(async (session) => {
        const row = await session.get<JoinedRow>(`${joinedRooms} AND r.room = ?`, user, room);
        return row === undefined ? undefined : joinedRoom(row);
      }),

    discoverable: (user, limit, of) =>
      reads.each(async (session) => {
        const { sql, values } = likeAny("r.room", of);
        const rows = await session.all<RecordColumns>(
          `SELECT ${recordColumns} FROM {rooms} r
           WHERE r.kind IN ('public', 'announcement') AND NOT EXISTS
             (SELECT 1 FROM {members} m WHERE m.room = r.room AND m.user_id = ?) ${sql}
           ORDER BY r.title, r.room LIMIT ?`,
          user,
          ...values,
          limit,
        );
        return rows.map(roomRecord);
      }),
  } satisfies Members;
}

type SummaryRow = RecordColumns & { readonly members: number; readonly lastAt: number | null };

export function createRoomAdmin(reads: Reads): RoomAdmin {
  return {
    rooms: (after, limit) =>
      reads.each(async (session) => {
        const rows = await session.all<SummaryRow>(
          `SELECT ${recordColumns},
             (SELECT count(*) FROM {members} m WHERE m.room = r.room) AS members,
             (SELECT e.time FROM {events} e WHERE e.room = r.room AND e.sequence = r.head) AS "lastAt"
           FROM {rooms} r WHERE r.room > ? ORDER BY r.room LIMIT ?`,
          after,
          limit,
        );
        return rows.map((row) => ({
          ...roomRecord(row),
          members: row.members,
          ...(row.lastAt === null ? {} : { lastAt: row.lastAt }),
        }));
      }),
  } satisfies RoomAdmin;
}

export function createReadMarks(lanes: Lanes<Batch>): ReadMarks {
  /** @param to Where the private mark goes; the public one follows it up only. */
  const moveMarks = (
    room: RoomId,
    user: UserId,
    to: (mark: number, head: number) => number,
  ): Promise<Marks | undefined> =>
    lanes.call(room, undefined, async (batch) => {
      await batch.flush();
      const row = batch.room(room);
      const marks = await batch.session.get<{ public_sequence: number; private_sequence: number }>(
        "SELECT public_sequence, private_sequence FROM {read_marks} WHERE room = ? AND user_id = ?",
        room,
        user,
      );
      if (row === undefined || marks === undefined) return undefined;
      const unreadAfter = to(marks.private_sequence, row.head);
      const countable =
        unreadAfter === row.head
          ? row.countable
          : await countableAt(batch.session, room, unreadAfter);
      const readMark = Math.max(marks.public_sequence, unreadAfter);
      await batch.session.run(
        `UPDATE {read_marks} SET public_sequence = ?, private_sequence = ?, private_countable = ?
         WHERE room = ? AND user_id = ?`,
        readMark,
        unreadAfter,
        countable,
        room,
        user,
      );
      return { readMark, unreadAfter, unread: row.countable - countable };
    });
  return {
    markRead: (room, user, sequence) =>
      moveMarks(room, user, (mark, head) => Math.max(mark, Math.min(sequence, head))),
    markUnread: (room, user, sequence) => moveMarks(room, user, (mark) => Math.min(mark, sequence)),
  } satisfies ReadMarks;
}

async function countableAt(session: Session, room: string, sequence: number): Promise<number> {
  const row = await session.get<{ countable: number }>(
    "SELECT countable FROM {events} WHERE room = ? AND sequence = ?",
    room,
    sequence,
  );
  return row?.countable ?? 0;
}
