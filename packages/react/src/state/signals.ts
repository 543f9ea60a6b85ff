/** How typing and presence change what is shown of people. Pure, like the reducer that uses it. */

import type { EventFrame, MemberView, PresentUser } from "@parlance/client";
import type { Action } from "./actions.ts";
import { threadOf } from "./main-line.ts";
import type { RoomState, TypingView } from "./model.ts";

/** Somebody began, goes on or stopped. */
export function changeTyping(
  room: RoomState,
  action: Extract<Action, { readonly type: "typing" }>,
): RoomState["typing"] {
  const { user, name, thread, until } = action;
  const { [user]: before, ...others } = room.typing;
  if (until !== undefined) return { ...others, [user]: { name, until, thread } };
  // They stopped in one place, and may have gone on in another.
  return before?.thread === thread ? others : room.typing;
}

/** Who writes in the room itself, or in the thread under a root. */
export function typingIn(
  typing: RoomState["typing"],
  thread: string | undefined,
): readonly TypingView[] {
  return Object.values(typing).filter((one) => one.thread === thread);
}

/** Who has sent a message is not writing it any more. */
export function withoutUser(typing: RoomState["typing"], event: EventFrame): RoomState["typing"] {
  const known = typing[event.author];
  if (event.type !== "message.created" || known === undefined) return typing;
  if (known.thread !== threadOf(event)) return typing;
  const { [event.author]: _gone, ...others } = typing;
  return others;
}

/** How far somebody has read; such a mark only grows. */
export function withReadMark(
  room: RoomState,
  { user, readMark }: { readonly user: string; readonly readMark: number },
): RoomState {
  const heardMarks = { ...room.heardMarks, [user]: Math.max(readMark, room.heardMarks[user] ?? 0) };
  return { ...room, heardMarks, members: room.members && raised(room.members, heardMarks) };
}

/** The members, as they were when the list was made, with what was heard of them since. */
export function withMembers(room: RoomState, members: readonly MemberView[]): RoomState {
  return { ...room, heardMarks: {}, members: raised(members, room.heardMarks) };
}

function raised(
  members: readonly MemberView[],
  marks: RoomState["heardMarks"],
): readonly MemberView[] {
  return members.map((one) => {
    const mark = marks[one.user.id] ?? 0;
    return one.read_mark < mark ? { ...one, read_mark: mark } : one;
  });
}

/** Who came, who went, and who is seen otherwise. */
export function changeOnline(
  before: readonly PresentUser[] | undefined,
  { online, offline, changed = [] }: Extract<Action, { readonly type: "presence" }>,
): readonly PresentUser[] {
  const news = [...online, ...changed];
  const gone = new Set<string>([...offline, ...news.map((user) => user.id)]);
  return byName([...(before ?? []).filter((user) => !gone.has(user.id)), ...news]);
}

/** In the order of names, so that nobody jumps. */
export function byName(users: readonly PresentUser[]): readonly PresentUser[] {
  return users.toSorted((a, b) => a.name.localeCompare(b.name) || (a.id < b.id ? -1 : 1));
}
