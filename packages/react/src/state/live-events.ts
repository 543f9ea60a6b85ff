/** What a live event changes in its room. Pure, like the reducer that uses it. */
import type { EventFrame } from "@parlance/client";
import { changesAfter } from "./changes.ts";
import { isMainMessage } from "./main-line.ts";
import type { OutgoingView, RoomState } from "./model.ts";
import { pinsAfter } from "./pins.ts";
import { withUpdates } from "./settings.ts";
import { withoutUser } from "./signals.ts";
import { isRead, mentionsReader } from "./unread.ts";

/**
 * A live event. What was seen is dropped by sequence; a room that is not open only counts. The SDK delivers
 * without holes, so a sequence further ahead means that this copy is older than a reload under way.
 */
export function addEvent(room: RoomState, event: EventFrame, me: string): RoomState {
  if (event.sequence <= room.head && !isNext(room, event)) return room;
  const isMessage = isMainMessage(event);
  const isMembership = event.type.startsWith("member.");
  const isOwn = isMessage && event.author === me;
  // Who answers has read.
  const before = isOwn && room.isHeldUnread ? { ...room, isHeldUnread: false } : room;
  const isNew = isMessage && !isOwn && !isRead(before);
  const isMention = isNew && mentionsReader(event, me);
  const next: RoomState = {
    ...withUpdates(before, [event]),
    head: Math.max(room.head, event.sequence),
    unread: isOwn && before.isReading ? 0 : room.unread + (isNew ? 1 : 0),
    mentions: isOwn && before.isReading ? 0 : room.mentions + (isMention ? 1 : 0),
    heard: heardAfter(room, event.sequence, { isOwn, isNew, isMention }),
    newAfter: newAfterEvent(room, event, me, isNew),
    outgoing: withoutStored(room.outgoing, [event], me),
    changes: changesAfter(room.changes, event),
    typing: withoutUser(room.typing, event),
    texts: withoutEnded(room.texts, event),
    role: roleAfter(room, event, me),
    ended: endedBy(room, event, me),
    endedFor: reasonOf(room, event, me),
    pins: pinsAfter(room.pins, event),
    members: isMembership ? undefined : room.members,
  };
  return isNext(room, event) ? { ...next, events: [...room.events, event] } : next;
}

/** A list is on its way for a moment only. */
const maxHeard = 200;

/** Who writes has read all that came before. */
function heardAfter(
  { heard }: RoomState,
  sequence: number,
  of: { readonly isOwn: boolean; readonly isNew: boolean; readonly isMention: boolean },
): RoomState["heard"] {
  if (of.isOwn) return [];
  return of.isNew ? [...heard, { sequence, isMention: of.isMention }].slice(-maxHeard) : heard;
}

/** What is whole says so itself. */
function withoutEnded(texts: RoomState["texts"], event: EventFrame): RoomState["texts"] {
  if ("erased" in event) return texts;
  if (event.type !== "message.closed" && event.type !== "message.deleted") return texts;
  const { [event.data.message_id]: _whole, ...others } = texts;
  return others;
}

/** The line moves when reading stops and something comes; it goes when the reader answers. */
function newAfterEvent(
  room: RoomState,
  event: EventFrame,
  me: string,
  isNew: boolean,
): number | undefined {
  if (isMainMessage(event) && event.author === me) return undefined;
  return isNew && room.unread === 0 ? event.sequence - 1 : room.newAfter;
}

function isNext(room: RoomState, event: EventFrame): boolean {
  const last = room.events.at(-1)?.sequence;
  if (room.status === "loading") return last === undefined || event.sequence === last + 1;
  return room.status === "ready" && event.sequence === (last ?? room.head) + 1;
}

function roleAfter(room: RoomState, event: EventFrame, me: string): RoomState["role"] {
  if ("erased" in event) return room.role;
  switch (event.type) {
    case "member.joined":
    case "member.role_changed":
      return event.data.user === me ? event.data.role : room.role;
    case "member.left":
    case "member.banned":
      return event.data.user === me ? undefined : room.role;
    default:
      return room.role;
  }
}

/** What was said to it. */
function reasonOf(room: RoomState, event: EventFrame, me: string): string | undefined {
  if (event.type !== "member.banned" || "erased" in event) return room.endedFor;
  return event.data.user === me ? event.data.reason : room.endedFor;
}

/** Why the reader is about to be told that the room is closed to them. */
function endedBy(room: RoomState, event: EventFrame, me: string): RoomState["ended"] {
  if ("erased" in event) return room.ended;
  if (event.type === "member.banned" && event.data.user === me) return "banned";
  if (event.type === "member.left" && event.data.user === me && event.author !== me)
    return "removed";
  return event.type === "member.joined" && event.data.user === me ? undefined : room.ended;
}

/** Own messages that are in none of the events. */
export function withoutStored(
  outgoing: readonly OutgoingView[],
  events: readonly EventFrame[],
  me: string,
): readonly OutgoingView[] {
  if (outgoing.length === 0) return outgoing;
  const stored = new Set<string>();
  for (const event of events) {
    if (event.author === me && event.client_message_id !== undefined) {
      stored.add(event.client_message_id);
    }
  }
  return stored.size === 0
    ? outgoing
    : outgoing.filter((entry) => !stored.has(entry.clientMessageId));
}
