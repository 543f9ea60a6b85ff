import {
  type Directory,
  type JoinedRoom,
  type Marks,
  type MemberRecord,
  matchesAny,
  type NewUser,
  type SessionRecord,
  type UserRecord,
} from "@parlance/core";
import type { RoomId, UserId } from "@parlance/protocol";
import { createMemoryDocuments } from "./documents.ts";
import { createMemoryEntrances } from "./entrances.ts";
import { createMemoryKeeping } from "./keeping.ts";
import { createMemoryLater } from "./later.ts";
import { mentionsAbove, mentionsOf } from "./mentions.ts";
import { placesOf, savePlaces } from "./places.ts";
import { createMemoryPolls } from "./polls.ts";
import { createMemoryPreferences } from "./preferences.ts";
import { createMemoryProfiles } from "./profiles.ts";
import { createMemorySlash } from "./slash.ts";
import {
  addControl,
  byTitle,
  type MemoryMember,
  type MemoryRoom,
  type MemoryState,
  type MemoryUser,
  recordOf,
} from "./state.ts";
import { createMemoryThreads } from "./threads.ts";

/** A directory over a memory state. Every call is done when it returns; its promise is resolved already. */
export function createMemoryDirectory(state: MemoryState): Directory {
  const { users, sessions, keys, rooms } = state;

  const endSessions = (user: UserId, except: string | undefined): void => {
    for (const session of sessions.values()) {
      if (session.user === user && session.id !== except) sessions.delete(session.id);
    }
  };

  return {
    user: async (id) => publicUser(users.get(id)),
    users: async (after, limit) =>
      [...users.values()]
        .filter(({ number }) => number > after)
        .sort((left, right) => left.number - right.number)
        .slice(0, limit)
        .map(withoutPassword),
    userByNumber: async (number) =>
      publicUser([...users.values()].find((user) => user.number === number)),
    userByUsername: async (username) =>
      publicUser(
        [...users.values()].find(
          (user) =>
            user.kind === "account" &&
            user.username !== undefined &&
            fold(user.username) === fold(username),
        ),
      ),
    accountByLogin: async (login) => {
      const found = findLogin(state, login);
      if (found?.passwordHash === undefined) return undefined;
      return { ...found, passwordHash: found.passwordHash };
    },
    createUser: async (user) => {
      if (users.has(user.id)) return "taken";
      for (const login of [user.username, user.email]) {
        if (login !== undefined && findLogin(state, login) !== undefined) return "taken";
      }
      return addUser(state, user);
    },
    upsertExternal: async (id, name, now) => {
      const known = users.get(id);
      if (known === undefined)
        return addUser(state, { id, kind: "external", name, createdAt: now });
      if (known.kind === "external") users.set(id, { ...known, name });
      return publicUser(users.get(id)) ?? known;
    },
    setPassword: async (id, passwordHash, exceptSession, now) => {
      const user = users.get(id);
      if (user !== undefined) users.set(id, { ...user, passwordHash });
      endSessions(id, exceptSession);
      const kept = exceptSession === undefined ? {} : { exceptSession };
      addControl(state, { type: "user_signed_out", user: id, ...kept }, now);
    },
    setDisabled: async (id, disabled, now) => {
      const user = users.get(id);
      if (user !== undefined) users.set(id, { ...user, disabled });
      if (!disabled) return;
      endSessions(id, undefined);
      addControl(state, { type: "user_disabled", user: id }, now);
    },
    setAdmin: async (id, isAdmin, now) => {
      const known = users.get(id);
      if (known !== undefined) {
        const { isAdmin: _, ...user } = known;
        users.set(id, isAdmin ? { ...user, isAdmin } : user);
      }
      addControl(state, { type: "admin_changed", user: id }, now);
    },
    setStatus: async (id, status) => {
      const known = users.get(id);
      if (known === undefined) return;
      const { status: _, ...user } = known;
      users.set(id, { ...user, ...(status === null ? {} : { status }) });
    },

    createSession: async (session) => {
      sessions.set(session.id, session);
    },
    session: async (id) => withUser(state, sessions.get(id)),
    revokeSession: async (id, now) => {
      if (!sessions.delete(id)) return false;
      addControl(state, { type: "session_revoked", session: id }, now);
      return true;
    },
    useTokenOnce: async (issuer, jti, expiresAt, now) => {
      const over = [...state.usedTokens].filter(([, until]) => until <= now);
      over.sort(([, left], [, right]) => left - right);
      for (const [token] of over.slice(0, 100)) state.usedTokens.delete(token);
      const token = JSON.stringify([issuer, jti]);
      if (state.usedTokens.has(token)) return false;
      state.usedTokens.set(token, expiresAt);
      return true;
    },
    isTokenUsed: async (issuer, jti, now) =>
      (state.usedTokens.get(JSON.stringify([issuer, jti])) ?? now) > now,

    createKey: async (key) => {
      keys.set(key.id, { ...key, revoked: false });
    },
    key: async (id) => keys.get(id),
    listKeys: async () => [...keys.values()],
    revokeKey: async (id, now) => {
      const key = keys.get(id);
      if (key === undefined || key.revoked) return false;
      keys.set(id, { ...key, revoked: true });
      addControl(state, { type: "key_revoked", principal: key.principal }, now);
      return true;
    },

    member: async (room, user) => {
      const member = rooms.get(room)?.members.get(user);
      return member === undefined ? undefined : memberRecord(state, member);
    },
    members: async (room, limit) =>
      [...(rooms.get(room)?.members.values() ?? [])]
        .sort((left, right) => left.joinedSequence - right.joinedSequence)
        .slice(0, limit)
        .map((member) => memberRecord(state, member)),
    roomsOf: async (user, limit, of = ["*"]) =>
      [...rooms.values()]
        .filter(({ room }) => matchesAny(of, room))
        .flatMap((room) => joinedRoom(state, room, user) ?? [])
        .sort(byTitle)
        .slice(0, limit),
    roomOf: async (user, id) => {
      const room = rooms.get(id);
      return room === undefined ? undefined : joinedRoom(state, room, user);
    },
    discoverable: async (user, limit, of = ["*"]) =>
      [...rooms.values()]
        .filter(({ room }) => matchesAny(of, room))
        .filter(({ kind, members }) => {
          return (kind === "public" || kind === "announcement") && !members.has(user);
        })
        .map(recordOf)
        .sort(byTitle)
        .slice(0, limit),

    ...createMemoryPreferences(),
    ...createMemoryProfiles(state),
    ...createMemoryPolls(state),
    ...createMemorySlash(),
    ...createMemoryDocuments(state),
    ...createMemoryEntrances(state, (room, user) => {
      const member = room.members.get(user);
      return member === undefined ? undefined : memberRecord(state, member);
    }),

    rooms: async (after, limit) =>
      [...rooms.values()]
        .filter(({ room }) => room > after)
        .sort((left, right) => (left.room < right.room ? -1 : 1))
        .slice(0, limit)
        .map((room) => {
          const last = room.events.at(-1);
          return {
            ...recordOf(room),
            members: room.members.size,
            ...(last === undefined ? {} : { lastAt: Date.parse(last.frame.time) }),
          };
        }),

    markRead: async (room, user, sequence) =>
      moveMarks(state, room, user, (mark, head) => Math.max(mark, Math.min(sequence, head))),
    markUnread: async (room, user, sequence) =>
      moveMarks(state, room, user, (mark) => Math.min(mark, sequence)),

    ...createMemoryThreads(state),
    mentionsOf: async (query) => mentionsOf(state, query),
    ...createMemoryKeeping(state),
    ...createMemoryLater(state),

    places: async (user, device) =>
      placesOf(state, user, device).map(({ room, epoch, offset }) => ({ room, epoch, offset })),
    savePlaces: async (rows) => savePlaces(state, rows),

    takeLease: async (name, holder, lifeMs) => {
      const lease = state.leases.get(name);
      const now = state.now();
      if (lease !== undefined && lease.holder !== holder && lease.endsAt > now) return false;
      state.leases.set(name, { holder, endsAt: now + lifeMs });
      return true;
    },
    giveBackLease: async (name, holder) => {
      if (state.leases.get(name)?.holder === holder) state.leases.delete(name);
    },
  } satisfies Directory;
}

function addUser(
  state: MemoryState,
  user: Omit<NewUser, "kind"> & { readonly kind: UserRecord["kind"] },
): UserRecord {
  const made = { ...user, number: state.users.size + 1, disabled: false };
  state.users.set(user.id, made);
  return withoutPassword(made);
}

function findLogin(state: MemoryState, login: string): MemoryUser | undefined {
  const folded = fold(login);
  for (const user of state.users.values()) {
    if ([user.username, user.email].some((own) => own !== undefined && fold(own) === folded)) {
      return user;
    }
  }
  return undefined;
}

function fold(login: string): string {
  return login.normalize("NFKC").toLowerCase().normalize("NFKC");
}

function publicUser(user: MemoryUser | undefined): UserRecord | undefined {
  return user === undefined ? undefined : withoutPassword(user);
}

function withoutPassword({ passwordHash: _, ...user }: MemoryUser): UserRecord {
  return user;
}

function withUser(
  state: MemoryState,
  session: SessionRecord | undefined,
): (SessionRecord & { readonly userRecord: UserRecord }) | undefined {
  if (session === undefined) return undefined;
  const userRecord = publicUser(state.users.get(session.user));
  return userRecord === undefined || userRecord.disabled ? undefined : { ...session, userRecord };
}

function memberRecord(state: MemoryState, member: MemoryMember): MemberRecord {
  const user = state.users.get(member.user);
  return {
    user: member.user,
    name: user?.name ?? member.name,
    userKind: user?.kind ?? "external",
    ...(user?.kind === "account" || user?.kind === "guest" ? { userNumber: user.number } : {}),
    role: member.role,
    joinedSequence: member.joinedSequence,
    readMark: member.readMark,
  };
}

function moveMarks(
  state: MemoryState,
  id: RoomId,
  user: UserId,
  to: (mark: number, head: number) => number,
): Marks | undefined {
  const room = state.rooms.get(id);
  const member = room?.members.get(user);
  if (room === undefined || member === undefined) return undefined;
  const unreadAfter = to(member.privateMark, room.events.length);
  member.readMark = Math.max(member.readMark, unreadAfter);
  member.privateMark = unreadAfter;
  member.privateCountable = room.events[unreadAfter - 1]?.countable ?? 0;
  const { readMark, privateCountable } = member;
  return { readMark, unreadAfter, unread: room.countable - privateCountable };
}

function joinedRoom(state: MemoryState, room: MemoryRoom, user: UserId): JoinedRoom | undefined {
  const member = room.members.get(user);
  if (member === undefined) return undefined;
  const { role, readMark } = member;
  const unread = room.countable - member.privateCountable;
  const mentions = mentionsAbove(state, room, user, member.privateMark);
  const { privateMark: unreadAfter } = member;
  return { ...recordOf(room), role, readMark, unreadAfter, unread, mentions };
}
