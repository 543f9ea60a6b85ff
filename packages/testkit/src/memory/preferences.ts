import { everywhere, type Preferences } from "@parlance/core";
import {
  applyPreferences,
  type OwnPreferences,
  type RoomId,
  type UserId,
} from "@parlance/protocol";

/** What people prefer, in memory. */
export function createMemoryPreferences(): Preferences {
  const kept = new Map<UserId, Map<RoomId, object>>();
  return {
    preferencesOf: async (user, limit) =>
      [...(kept.get(user) ?? [])]
        .sort(([left], [right]) => (left < right ? -1 : 1))
        .slice(0, limit)
        .map(([room, preferences]) => ({ room, preferences })),
    preferencesEverywhere: async (users) =>
      new Map(
        users.flatMap((user) => {
          const own = kept.get(user)?.get(everywhere);
          return own === undefined ? [] : [[user, own as OwnPreferences] as const];
        }),
      ),
    changePreferences: async (room, user, changes) => {
      const own = kept.get(user) ?? new Map<RoomId, object>();
      kept.set(user, own);
      const after = applyPreferences(own.get(room) ?? {}, changes);
      if (Object.keys(after).length === 0) own.delete(room);
      else own.set(room, after);
      return after;
    },
  } satisfies Preferences;
}
