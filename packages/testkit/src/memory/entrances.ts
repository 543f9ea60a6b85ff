/** How people come to rooms and are kept out of them, in memory. */
import type { Append, DirectoryRoom, Entrances, MemberRecord } from "@parlance/core";
import { foldedWords } from "@parlance/core/directory-words";
import {
  type AnyDurableEvent,
  applyRoomChanges,
  type DurablePayloads,
  type DurableType,
  type RoomId,
  type UserId,
} from "@parlance/protocol";
import { addControl, byTitle, type MemoryRoom, type MemoryState } from "./state.ts";
import { endFollowing } from "./threads.ts";

/** Tells of a member as `Directory.member` does. */
export type DescribeMember = (room: MemoryRoom, user: UserId) => MemberRecord | undefined;

export function createMemoryEntrances(state: MemoryState, describe: DescribeMember): Entrances {
  const { rooms, users, invites } = state;
  const person = (user: UserId, name: string) => {
    const known = users.get(user);
    const hasNumber = known?.kind === "account" || known?.kind === "guest";
    return {
      user,
      name: known?.name ?? name,
      userKind: known?.kind ?? ("external" as const),
      ...(hasNumber ? { userNumber: known.number } : {}),
    };
  };

  return {
    isBanned: async (room, user) => rooms.get(room)?.bans.has(user) === true,
    bans: async (room, limit) =>
      [...(rooms.get(room)?.bans ?? [])]
        .reverse()
        .slice(0, limit)
        .map(([user, { name, ...ban }]) => ({ ...person(user, name), ...ban })),
    invite: async (id) => invites.get(id),
    invites: async (room, now, limit) =>
      [...invites.values()]
        .reverse()
        .filter((one) => one.room === room && one.expiresAt > now && one.usesLeft !== 0)
        .slice(0, limit),
    joinRequest: async (room, user) => {
      const request = rooms.get(room)?.requests.get(user);
      if (request === undefined) return undefined;
      const { name, ...rest } = request;
      return { ...person(user, name), ...rest };
    },
    joinRequests: async (room, limit) =>
      [...(rooms.get(room)?.requests ?? [])]
        .filter(([, { refusedAt }]) => refusedAt === undefined)
        .slice(0, limit)
        .map(([user, { name, ...rest }]) => ({ ...person(user, name), ...rest })),
    memberCounts: async (room) => {
      const members = [...(rooms.get(room)?.members.values() ?? [])];
      const owners = members.filter(({ role }) => role === "owner");
      return { members: members.length, owners: owners.length };
    },
    peopleOf: async (ids) =>
      new Map(
        ids.map((id) => {
          const room = rooms.get(id);
          const members = [...(room?.members.values() ?? [])]
            .sort((left, right) => left.joinedSequence - right.joinedSequence)
            .slice(0, 10);
          const people = members.flatMap(({ user }) =>
            room === undefined ? [] : (describe(room, user) ?? []),
          );
          return [id, people] as const;
        }),
      ),
    directory: async ({ user, words, after, limit }) =>
      [...rooms.values()]
        .filter((room) => isListed(room) && !room.bans.has(user) && hasWords(room, words))
        .sort(byTitle)
        .filter((room) => after === undefined || byTitle(room, after) > 0)
        .slice(0, limit)
        .map(
          ({ room, kind, title, settings, members, requests }): DirectoryRoom => ({
            room,
            kind,
            title,
            settings,
            members: members.size,
            isMember: members.has(user),
            hasAsked: requests.has(user),
          }),
        ),
  } satisfies Entrances;
}

function isListed({ kind, settings }: MemoryRoom): boolean {
  return kind === "public" || kind === "announcement" || settings.listed === true;
}

function hasWords({ title, settings }: MemoryRoom, words: readonly string[]): boolean {
  const own = [...foldedWords(title), ...foldedWords(settings.topic ?? "")];
  return words.every((word) => own.some((one) => one.startsWith(word)));
}

/** Whether an answer about rights may be another one after an event of this type. */
export function changesRights(type: DurableType): boolean {
  return type.startsWith("member.") || type === "room.updated";
}

/** @returns `gone` where somebody comes by a link that is not good. */
export function inviteRefusal(
  { invites }: MemoryState,
  { room, time, event }: Append,
): "gone" | undefined {
  const { type, data } = event as AnyDurableEvent;
  if (type !== "member.joined" || data.invite_id === undefined) return undefined;
  const invite = invites.get(data.invite_id);
  const isGood = invite?.room === room && invite.expiresAt > time && invite.usesLeft !== 0;
  return isGood ? undefined : "gone";
}

/** Somebody comes in. */
export function letIn(
  { invites }: MemoryState,
  room: MemoryRoom,
  { user, invite_id: id }: DurablePayloads["member.joined"],
): void {
  room.requests.delete(user);
  const invite = id === undefined ? undefined : invites.get(id);
  if (invite?.usesLeft === undefined) return;
  invites.set(invite.id, { ...invite, usesLeft: invite.usesLeft - 1 });
}

type EntranceEvent = Extract<
  AnyDurableEvent,
  {
    readonly type:
      | "room.updated"
      | "member.role_changed"
      | "member.banned"
      | "member.unbanned"
      | `invite.${string}`
      | `join.${string}`;
  }
>;

/** Follows one stored event. */
export function projectEntrance(
  state: MemoryState,
  room: MemoryRoom,
  { author, time }: Append,
  event: EntranceEvent,
): void {
  switch (event.type) {
    case "room.updated": {
      const { editor_name: _, ...changes } = event.data;
      room.settings = applyRoomChanges(room.settings, changes);
      room.title = changes.title ?? room.title;
      return;
    }
    case "member.role_changed": {
      const { user, name, role } = event.data;
      const known = room.members.get(user);
      if (known !== undefined) room.members.set(user, { ...known, name, role });
      return;
    }
    case "member.banned": {
      const { user, name, reason } = event.data;
      room.members.delete(user);
      endFollowing(state, room.room, event.data);
      room.requests.delete(user);
      room.bans.delete(user);
      room.bans.set(user, {
        name,
        by: author,
        time,
        ...(reason === undefined ? {} : { reason }),
      });
      const { room: id, events } = room;
      const fact = {
        type: "member_ended",
        room: id as RoomId,
        user,
        sequence: events.length,
      } as const;
      addControl(state, fact, time);
      return;
    }
    case "member.unbanned":
      room.bans.delete(event.data.user);
      return;
    case "invite.created": {
      for (const [id, invite] of state.invites) {
        if (invite.room === room.room && invite.expiresAt <= time) state.invites.delete(id);
      }
      const { invite_id: id, role, uses, expires_at: expiresAt } = event.data;
      state.invites.set(id, {
        id,
        room: room.room,
        role,
        ...(uses === undefined ? {} : { usesLeft: uses }),
        expiresAt: Date.parse(expiresAt),
        by: author,
      });
      return;
    }
    case "invite.revoked":
      if (state.invites.get(event.data.invite_id)?.room === room.room) {
        state.invites.delete(event.data.invite_id);
      }
      return;
    case "join.requested": {
      const { user, name, text } = event.data;
      room.requests.delete(user);
      room.requests.set(user, { name, ...(text === undefined ? {} : { text }), askedAt: time });
      return;
    }
    case "join.refused": {
      const request = room.requests.get(event.data.user);
      if (request !== undefined)
        room.requests.set(event.data.user, { ...request, refusedAt: time });
      return;
    }
    default:
      event satisfies never;
  }
}
