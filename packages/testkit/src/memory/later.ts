/** What people have not sent yet, in a memory store. */
import type { DraftRecord, Later, ScheduledRecord } from "@parlance/core";
import type { ClientMessageId, UserId } from "@parlance/protocol";
import type { MemoryState } from "./state.ts";

/** As `Later` promises. */
export function createMemoryLater(state: MemoryState): Later {
  const draftKey = (user: UserId, { room, thread = "" }: DraftRecord): string =>
    JSON.stringify([user, room, thread]);
  const key = (user: UserId, id: ClientMessageId): string => JSON.stringify([user, id]);
  const draftsOf = (user: UserId): DraftRecord[] =>
    [...state.drafts.values()]
      .filter((one) => one.user === user && one.draft.text !== "")
      .map(({ draft }) => draft);
  const scheduledOf = (user: UserId): ScheduledRecord[] =>
    [...state.scheduled.values()].filter((one) => one.author.user === user);

  return {
    saveDraft: async (_room, user, draft, most) => {
      const there = state.drafts.get(draftKey(user, draft))?.draft;
      if (there !== undefined && there.editedAt > draft.editedAt) return there;
      const isOneMore = draft.text !== "" && (there?.text ?? "") === "";
      if (isOneMore && draftsOf(user).length >= most) return undefined;
      forgetEmptied(state, user, most);
      state.drafts.set(draftKey(user, draft), { user, draft });
      return draft;
    },
    drafts: async (user) =>
      draftsOf(user).sort(
        (left, right) => right.editedAt - left.editedAt || (left.room < right.room ? -1 : 1),
      ),
    schedule: async (room, user, message, most) => {
      const there = state.scheduled.get(key(user, message.key));
      if (there !== undefined && (there.state !== "waiting" || there.room !== room)) return "taken";
      if (there === undefined && scheduledOf(user).length >= most) return "full";
      state.scheduled.set(key(user, message.key), message);
      return "kept";
    },
    scheduled: async (user) =>
      scheduledOf(user).sort(
        (left, right) => left.at - right.at || (left.key < right.key ? -1 : 1),
      ),
    dueMessages: async (now, limit) =>
      [...state.scheduled.values()]
        .filter(({ state: is, at }) => is !== "refused" && at <= now)
        .sort((left, right) => left.at - right.at)
        .slice(0, limit)
        .map(({ room, author, key: id }) => ({ room, user: author.user, key: id })),
    claimScheduled: async (room, user, id, now) => {
      const there = state.scheduled.get(key(user, id));
      if (there === undefined || there.room !== room) return undefined;
      if (there.state === "refused" || there.at > now) return undefined;
      const claimed = { ...there, state: "sending" } as const;
      state.scheduled.set(key(user, id), claimed);
      return claimed;
    },
    settleScheduled: async (_room, user, id, refused) => {
      const there = state.scheduled.get(key(user, id));
      if (refused === undefined) state.scheduled.delete(key(user, id));
      else if (there !== undefined) {
        state.scheduled.set(key(user, id), { ...there, state: "refused", reason: refused });
      }
    },
    cancelScheduled: async (room, user, id) => {
      const there = state.scheduled.get(key(user, id));
      if (there === undefined || there.room !== room || there.state === "sending") return false;
      return state.scheduled.delete(key(user, id));
    },
  } satisfies Later;
}

/** Of emptied drafts the newest are remembered, one fewer than `most`. */
function forgetEmptied(state: MemoryState, user: UserId, most: number): void {
  const emptied = [...state.drafts].filter(([, one]) => one.user === user && one.draft.text === "");
  const times = emptied.map(([, { draft }]) => draft.editedAt).sort((one, other) => other - one);
  const last = times[most - 1];
  if (last === undefined) return;
  for (const [key, { draft }] of emptied) {
    if (draft.editedAt <= last) state.drafts.delete(key);
  }
}
