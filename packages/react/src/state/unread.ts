/** What is unread, and what of it needs the reader. Pure, like the reducer that uses it. */
import type { EventFrame, Mentions } from "@parlance/client";
import type { Action } from "./actions.ts";
import { isMainMessage } from "./main-line.ts";
import type { RoomState } from "./model.ts";

/** Whether somebody is mentioned: by name, as one of the room, or as one who was there. */
export function isMentioned(mentions: Mentions | undefined, user: string): boolean {
  if (mentions === undefined) return false;
  const isNamed = (list: readonly string[] | undefined): boolean => list?.includes(user) === true;
  return mentions.room === true || isNamed(mentions.users) || isNamed(mentions.here);
}

/** Whether an event is a message of the main line, by somebody else, that mentions the reader. */
export function mentionsReader(event: EventFrame, me: string): boolean {
  if (!isMainMessage(event) || event.author === me) return false;
  if ("erased" in event || event.type !== "message.created") return false;
  return isMentioned(event.data.mentions, me);
}

/** Whether what comes into a room is read at once. */
export function isRead(room: Pick<RoomState, "isReading" | "isHeldUnread">): boolean {
  return room.isReading && !room.isHeldUnread;
}

/**
 * The reader's mark is at `unreadAfter` now, with so many messages above it. A mark that went back was put there by hand: what is on a
 * screen that somebody looks at stays unread then, until they go away or write.
 */
export function withMark(
  room: RoomState,
  { unreadAfter, unread, byHand, isEcho }: Extract<Action, { readonly type: "mark_moved" }>,
  me: string,
): RoomState {
  const isLower = room.readMark !== undefined && unreadAfter < room.readMark;
  const isBack = byHand === true || (isLower && isEcho !== true);
  // Where nobody looks just now, coming to look is reading.
  const isHeldUnread =
    unread > 0 && (byHand === true || (isBack && room.isReading) || room.isHeldUnread);
  const left = room.isReading && !isHeldUnread ? 0 : unread;
  return {
    ...room,
    readMark: unreadAfter,
    isHeldUnread,
    unread: left,
    mentions: left === 0 ? 0 : mentionsAbove(room, unreadAfter, left, me),
    newAfter: isBack ? unreadAfter : room.newAfter,
  };
}

function mentionsAbove(room: RoomState, mark: number, unread: number, me: string): number {
  const first = room.events[0]?.sequence;
  // What is not loaded cannot be counted: the next listing does.
  if (first === undefined || first > mark + 1) return Math.min(room.mentions, unread);
  return room.events.filter((event) => event.sequence > mark && mentionsReader(event, me)).length;
}

/** Messages of others from a sequence on, as far as they are loaded. */
export function countFrom(room: RoomState, sequence: number, me: string): number {
  return room.events.filter(
    (event) => event.sequence >= sequence && event.author !== me && isMainMessage(event),
  ).length;
}
