/** Which messages the browser tells of: those that mention the reader, what is said to them directly, and what they wish for. */
import type { EventFrame } from "@parlance/client";
import { type ChatState, isMentioned, isMuted, plainLine } from "@parlance/react";
import type { Notice } from "./notification.ts";

/** @param now Milliseconds since the epoch. @returns undefined where the message is not for the reader, or they want no notices of its room. */
export function messageNotice(
  event: EventFrame,
  state: ChatState,
  now: number,
): Notice | undefined {
  if ("erased" in event || event.type !== "message.created" || event.data.open === true) {
    return undefined;
  }
  const room = state.rooms[event.room];
  const me = state.me.id;
  if (room === undefined || event.author === me) return undefined;
  const wish = state.preferences.rooms[event.room];
  if (isMuted(wish, now) || wish?.level === "nothing") return undefined;
  const isEvery = wish?.level === "all" || (room.kind === "direct" && wish?.level !== "mentions");
  if (!isEvery && !isMentioned(event.data.mentions, me)) return undefined;
  const { author_name: name, text } = event.data;
  return {
    key: `${event.room}/${event.sequence}`,
    room: event.room,
    sequence: event.sequence,
    time: event.time,
    title: room.kind === "direct" ? name : `${name} · ${room.title}`,
    text: plainLine(text),
    target: undefined,
  };
}
