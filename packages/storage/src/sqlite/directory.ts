import type { Directory, JoinedRoom } from "@parlance/core";
import { createOwn } from "./own.ts";
import type { JoinedRoomColumns } from "./read-directory.ts";
import type { Readers } from "./readers.ts";
import { roomRecord } from "./room-log.ts";
import type { Writer } from "./writer.ts";

export function createDirectory(writer: Writer, readers: Readers): Directory {
  const { installPart } = writer.greeting;
  return {
    user: (id) => readers.call("user", id),
    users: (after, limit) => readers.call("users", after, limit),
    userByNumber: (number) => readers.call("userByNumber", number),
    userByUsername: (username) => readers.call("userByUsername", username),
    accountByLogin: (login) => readers.call("accountByLogin", login),
    createUser: (user) => writer.call("createUser", user),
    upsertExternal: async (id, name, now) => {
      // Most sign-ins change nothing: no need to stand in the writer's queue.
      const known = await readers.call("user", id);
      if (known !== undefined && (known.kind !== "external" || known.name === name)) return known;
      return writer.call("upsertExternal", id, name, now);
    },
    setPassword: (id, hash, exceptSession, now) =>
      writer.call("setPassword", id, hash, exceptSession, now),
    setDisabled: (id, disabled, now) => writer.call("setDisabled", id, disabled, now),
    setAdmin: (id, isAdmin, now) => writer.call("setAdmin", id, isAdmin, now),
    setStatus: (id, status, now) => writer.call("setStatus", id, status, now),
    changeProfile: (user, changes, now) => writer.call("changeProfile", user, changes, now),
    setPicture: (user, picture, now) => writer.call("setPicture", user, picture, now),
    noteSeen: async (users, at) => {
      if (users.length > 0) await writer.call("noteSeen", users, at);
    },

    createSession: (session) => writer.call("createSession", session),
    session: (id) => readers.call("session", id),
    revokeSession: (id, now) => writer.call("revokeSession", id, now),
    useTokenOnce: (issuer, jti, expiresAt, now) =>
      writer.call("useTokenOnce", issuer, jti, expiresAt, now),
    isTokenUsed: (issuer, jti, now) => readers.call("isTokenUsed", issuer, jti, now),

    createKey: (key) => writer.call("createKey", key),
    key: (id) => readers.call("key", id),
    listKeys: () => readers.call("listKeys"),
    revokeKey: (id, now) => writer.call("revokeKey", id, now),

    member: (room, user) => readers.call("member", room, user),
    members: (room, limit) => readers.call("members", room, limit),
    roomsOf: async (user, limit, of) => {
      const rows = await readers.call("roomsOf", user, limit, of);
      return rows.map((row) => joinedRoom(row, installPart));
    },
    roomOf: async (user, room) => {
      const row = await readers.call("roomOf", user, room);
      return row === undefined ? undefined : joinedRoom(row, installPart);
    },
    discoverable: async (user, limit, of) => {
      const rows = await readers.call("discoverable", user, limit, of);
      return rows.map((row) => roomRecord(row, installPart));
    },

    isBanned: (room, user) => readers.call("isBanned", room, user),
    bans: (room, limit) => readers.call("bans", room, limit),
    invite: (id) => readers.call("invite", id),
    invites: (room, now, limit) => readers.call("invites", room, now, limit),
    joinRequest: (room, user) => readers.call("joinRequest", room, user),
    joinRequests: (room, limit) => readers.call("joinRequests", room, limit),
    memberCounts: (room) => readers.call("memberCounts", room),
    peopleOf: (rooms) => readers.call("peopleOf", rooms),
    directory: (query) => readers.call("directory", query),

    rooms: async (after, limit) => {
      const rows = await readers.call("rooms", after, limit);
      return rows.map((row) => ({
        ...roomRecord(row, installPart),
        members: row.members,
        ...(row.lastAt === null ? {} : { lastAt: row.lastAt }),
      }));
    },

    markRead: (room, user, sequence) => writer.call("markRead", room, user, sequence),
    markUnread: (room, user, sequence) => writer.call("markUnread", room, user, sequence),

    ...createOwn(writer, readers),

    places: (user, device) => readers.call("places", user, device),
    savePlaces: async (rows) => {
      if (rows.length > 0) await writer.call("savePlaces", rows);
    },

    takeLease: (name, holder, lifeMs) => writer.call("takeLease", name, holder, lifeMs),
    giveBackLease: (name, holder) => writer.call("giveBackLease", name, holder),
  } satisfies Directory;
}

function joinedRoom(row: JoinedRoomColumns, installPart: string): JoinedRoom {
  const { role, readMark, unreadAfter, unread, mentions } = row;
  return { ...roomRecord(row, installPart), role, readMark, unreadAfter, unread, mentions };
}
