import type { KeptProfile, PictureRecord, ProfileRecord, Profiles } from "@parlance/core";
import type { UserId } from "@parlance/protocol";
import { applyPreferences } from "@parlance/protocol/changes";
import { addControl, type MemoryState } from "./state.ts";

/** Who people are, in memory. */
export function createMemoryProfiles(state: MemoryState): Profiles {
  const kept = new Map<UserId, KeptProfile>();
  const seen = new Map<UserId, number>();
  const pictures = new Map<string, PictureRecord>();
  const recordOf = (id: UserId): ProfileRecord | undefined => {
    const user = state.users.get(id);
    if (user === undefined) return undefined;
    const { number, kind, name, username } = user;
    const seenAt = seen.get(id);
    return {
      id,
      number,
      kind,
      name,
      ...(username === undefined ? {} : { username }),
      profile: kept.get(id) ?? {},
      ...(seenAt === undefined ? {} : { seenAt }),
    };
  };
  return {
    profilesOf: async (users) => users.flatMap((user) => recordOf(user) ?? []),
    shareRoom: async (one, other) =>
      [...state.rooms.values()].some(({ members }) => members.has(one) && members.has(other)),
    changeProfile: async (id, { name, ...changes }, now) => {
      const user = state.users.get(id);
      if (user === undefined) return undefined;
      if (name !== undefined && user.kind !== "external") state.users.set(id, { ...user, name });
      kept.set(id, applyPreferences(kept.get(id) ?? {}, changes));
      const renamed = name === undefined ? {} : { renamed: true as const };
      addControl(state, { type: "profile_changed", user: id, ...renamed }, now);
      return recordOf(id);
    },
    setPicture: async (id, picture, now) => {
      if (!state.users.has(id)) return undefined;
      const before = kept.get(id)?.picture;
      if (before !== undefined) pictures.delete(before);
      if (picture !== null) pictures.set(picture.id, picture);
      const change = { picture: picture?.id ?? null };
      kept.set(id, applyPreferences(kept.get(id) ?? {}, change));
      addControl(state, { type: "profile_changed", user: id }, now);
      return recordOf(id);
    },
    picture: async (id) => pictures.get(id),
    noteSeen: async (users, at) => {
      for (const user of users) seen.set(user, Math.max(seen.get(user) ?? 0, at));
    },
  };
}
