/** Rows about how people come to rooms, under names that all engines give them. */
import type {
  BanRecord,
  DirectoryRoom,
  InviteRecord,
  JoinRequestRecord,
  MemberRecord,
} from "@parlance/core";
import type { InviteId, InviteRole, RoomId, RoomKind, UserId } from "@parlance/protocol";
import { readSettings } from "./room-settings.ts";

interface PersonRow {
  readonly user: UserId;
  readonly name: string;
  readonly userKind: MemberRecord["userKind"];
  readonly userNumber: number | null;
}

export interface BanRow extends PersonRow {
  readonly by: UserId;
  readonly time: number;
  readonly reason: string | null;
}

export interface InviteRow {
  readonly id: InviteId;
  readonly room: RoomId;
  readonly role: InviteRole;
  readonly usesLeft: number | null;
  readonly expiresAt: number;
  readonly by: UserId;
}

export interface JoinRequestRow extends PersonRow {
  readonly text: string | null;
  readonly askedAt: number;
  readonly refusedAt: number | null;
}

export interface DirectoryRow {
  readonly room: RoomId;
  readonly kind: RoomKind;
  readonly title: string;
  readonly settings: string | null;
  readonly members: number;
  /** Truth is 0 and 1, or what the driver makes of it. */
  readonly isMember: number | boolean;
  readonly hasAsked: number | boolean;
}

function personOf({ user, name, userKind, userNumber }: PersonRow): Omit<BanRecord, "by" | "time"> {
  return { user, name, userKind, ...(userNumber === null ? {} : { userNumber }) };
}

export function toBanRecord(row: BanRow): BanRecord {
  const { by, time, reason } = row;
  return { ...personOf(row), by, time, ...(reason === null ? {} : { reason }) };
}

export function toInviteRecord({ usesLeft, ...row }: InviteRow): InviteRecord {
  return usesLeft === null ? row : { ...row, usesLeft };
}

export function toJoinRequestRecord(row: JoinRequestRow): JoinRequestRecord {
  return {
    ...personOf(row),
    ...(row.text === null ? {} : { text: row.text }),
    askedAt: row.askedAt,
    ...(row.refusedAt === null ? {} : { refusedAt: row.refusedAt }),
  };
}

export function toDirectoryRoom(row: DirectoryRow): DirectoryRoom {
  const { room, kind, title, members } = row;
  return {
    room,
    kind,
    title,
    settings: readSettings(row.settings),
    members,
    isMember: Boolean(row.isMember),
    hasAsked: Boolean(row.hasAsked),
  };
}
