/** Mentions of a memory store, folded from the messages whenever somebody asks. */
import type { MentionPlace, MentionQuery } from "@parlance/core";
import type { EventId, MessageView, UserId } from "@parlance/protocol";
import { messagePage } from "./messages.ts";
import type { MemoryRoom, MemoryState } from "./state.ts";
import { followFrom, rootOf } from "./threads.ts";

/* Most rooms mention nobody, and folding a whole room for each question would make every test slow. */
function viewsOf(state: MemoryState, room: MemoryRoom): readonly MessageView[] {
  const isMentioning = room.events.some(({ frame }) => "data" in frame && "mentions" in frame.data);
  if (!isMentioning) return [];
  const query = { room: room.room, line: "all", limit: Number.MAX_SAFE_INTEGER } as const;
  return messagePage(state, room, query).messages;
}

function names({ mentions, author }: MessageView, user: UserId): boolean {
  const people = [...(mentions?.users ?? []), ...(mentions?.here ?? [])];
  return author !== user && people.includes(user);
}

/** How many messages of the main line above a place mention somebody, or everybody. */
export function mentionsAbove(
  state: MemoryState,
  room: MemoryRoom,
  user: UserId,
  mark: number,
): number {
  return viewsOf(state, room).filter(
    (view) =>
      view.thread === undefined &&
      view.sequence > mark &&
      (names(view, user) || view.mentions?.room === true),
  ).length;
}

/** As `MentionIndex` promises. */
export function mentionsOf(
  state: MemoryState,
  { user, room, before = Number.POSITIVE_INFINITY, limit }: MentionQuery,
): MentionPlace[] {
  return [...state.rooms.values()]
    .filter((one) => room === undefined || one.room === room)
    .flatMap((one) =>
      viewsOf(state, one).filter((view) => {
        const isForAll = view.mentions?.room === true && one.members.has(user);
        return names(view, user) || (isForAll && view.author !== user);
      }),
    )
    .filter(({ number }) => number < before)
    .sort((left, right) => right.number - left.number)
    .slice(0, limit)
    .map(({ room: where, id, number }) => ({ room: where, id, number }));
}

/** Who is mentioned in a thread follows it, unless it said otherwise. */
export function followMentioned(state: MemoryState, room: MemoryRoom, id: EventId): void {
  const root = rootOf(state, id);
  if (root === undefined) return;
  const [view] = messagePage(state, room, { room: room.room, ids: [id], limit: 1 }).messages;
  if (view === undefined) return;
  for (const user of [...(view.mentions?.users ?? []), ...(view.mentions?.here ?? [])]) {
    if (user !== view.author) followFrom(state, root, id, user);
  }
}
