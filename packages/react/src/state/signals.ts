/** How typing and presence change what is shown of people. Pure, like the reducer that uses it. */

import type { EventFrame, PresentUser } from "@parlance/client";
import type { Action } from "./actions.ts";
import type { RoomState } from "./model.ts";

/** Somebody began, goes on or stopped. */
export function changeTyping(
  room: RoomState,
  action: Extract<Action, { readonly type: "typing" }>,
): RoomState["typing"] {
  const { [action.user]: _before, ...others } = room.typing;
  return action.until === undefined
    ? others
    : { ...others, [action.user]: { name: action.name, until: action.until } };
}

/** Who has sent a message is not writing it any more. */
export function withoutUser(typing: RoomState["typing"], event: EventFrame): RoomState["typing"] {
  if (event.type !== "message.created" || typing[event.author] === undefined) return typing;
  const { [event.author]: _gone, ...others } = typing;
  return others;
}

/** How far somebody has read; such a mark only grows. */
export function withReadMark(
  members: RoomState["members"],
  { user, readMark }: { readonly user: string; readonly readMark: number },
): RoomState["members"] {
  return members?.map((one) =>
    one.user.id === user && one.read_mark < readMark ? { ...one, read_mark: readMark } : one,
  );
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
