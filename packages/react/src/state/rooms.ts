/** Rooms as they are listed and opened. Pure, like the reducer that uses it. */
import type { EventFrame, RoomView } from "@parlance/client";
import type { Action } from "./actions.ts";
import { withoutStored } from "./live-events.ts";
import { isMainMessage } from "./main-line.ts";
import type { ChatState, RoomState } from "./model.ts";
import { withUpdates, withView } from "./settings.ts";
import { isRead } from "./unread.ts";

/** A room of which nothing is known but its id. */
function emptyRoom(id: string): RoomState {
  return {
    id,
    title: id,
    kind: "public",
    settings: {},
    with: undefined,
    requests: undefined,
    ended: undefined,
    endedFor: undefined,
    settingsAt: 0,
    role: undefined,
    listed: false,
    status: "known",
    epoch: "",
    head: 0,
    floor: 0,
    events: [],
    texts: {},
    older: "idle",
    unread: 0,
    readMark: undefined,
    mentions: 0,
    heard: [],
    isHeldUnread: false,
    isReading: false,
    newAfter: undefined,
    outgoing: [],
    changes: [],
    uploads: [],
    target: undefined,
    window: undefined,
    others: {},
    threads: {},
    typing: {},
    online: undefined,
    arePeopleUnknown: false,
    members: undefined,
    heardMarks: {},
    pins: undefined,
    check: { kind: "unchecked" },
  };
}

/** The list of rooms came. */
export function listRooms(
  state: ChatState,
  joined: readonly RoomView[],
  discoverable: readonly RoomView[],
): ChatState {
  const rooms: Record<string, RoomState> = {};
  for (const room of Object.values(state.rooms)) {
    // A room that is not listed any more stays only while it is being looked at.
    if (room.status !== "known") rooms[room.id] = { ...room, listed: false, role: undefined };
  }
  for (const view of [...joined, ...discoverable]) {
    const before = state.rooms[view.room] ?? emptyRoom(view.room);
    const readMark = view.unread_after ?? view.read_mark;
    // A list may have been read before what was heard while it was on its way.
    const counted = Math.max(view.head, readMark ?? 0);
    const heard =
      before.epoch === view.epoch ? before.heard.filter(({ sequence }) => sequence > counted) : [];
    const unread = (view.unread ?? 0) + heard.length;
    const mentions = (view.mentions ?? 0) + heard.filter(({ isMention }) => isMention).length;
    rooms[view.room] = {
      ...withView(before, view),
      listed: true,
      role: view.role,
      head: Math.max(before.epoch === view.epoch ? before.head : 0, view.head),
      epoch: before.status === "known" ? view.epoch : before.epoch,
      floor: before.status === "known" ? view.floor : before.floor,
      readMark,
      heard,
      unread: isRead(before) ? 0 : unread,
      isHeldUnread: before.isHeldUnread && unread > 0,
      mentions: isRead(before) ? 0 : mentions,
    };
  }
  return { ...state, listing: "ready", rooms };
}

/** Somebody looks at a room: what is loaded stays, unless it counts no longer. */
export function openingRoom(
  before: RoomState | undefined,
  action: Extract<Action, { readonly type: "room_opening" }>,
): RoomState {
  const room = before ?? emptyRoom(action.room);
  if (room.status === "ready" && action.anew !== true) return room;
  return {
    ...room,
    status: "loading",
    events: [],
    texts: {},
    older: "idle",
    window: undefined,
    pins: undefined,
    threads: {},
    others: {},
  };
}

/** The newest part of the log came. */
export function openedRoom(
  room: RoomState,
  { about, events: page, view }: Extract<Action, { readonly type: "room_opened" }>,
  me: string,
): RoomState {
  // What came live while the page was on its way goes after it.
  const last = page.at(-1)?.sequence ?? about.floor;
  const events = [...page, ...room.events.filter((event) => event.sequence > last)];
  // A direct room is called by who is in it, which only its view tells.
  const title = about.kind === "direct" && room.with !== undefined ? room.title : about.title;
  const known = { ...room, title, kind: about.kind, ended: undefined, endedFor: undefined };
  return {
    ...withUpdates(view === undefined ? known : withView(known, view), events),
    status: "ready",
    role: about.role ?? room.role,
    epoch: about.epoch,
    head: Math.max(about.head, events.at(-1)?.sequence ?? 0),
    floor: about.floor,
    events,
    older: "idle",
    newAfter: newLine(events, room.unread, room.readMark, me),
    outgoing: withoutStored(room.outgoing, events, me),
    check: room.epoch === about.epoch ? room.check : { kind: "unchecked" },
  };
}

/** The sequence after which everything is new to the reader, if anything is. */
function newLine(
  events: readonly EventFrame[],
  unread: number,
  readMark: number | undefined,
  me: string,
): number | undefined {
  if (unread === 0) return undefined;
  if (readMark !== undefined) return readMark;
  let left = unread;
  for (const event of events.toReversed()) {
    if (!isMainMessage(event) || event.author === me) continue;
    left -= 1;
    if (left === 0) return event.sequence - 1;
  }
  return events[0] === undefined ? undefined : events[0].sequence - 1;
}

/**
 * The room is closed to the reader: nothing of it stays but its name, why it ended, and what the reader wrote
 * and it did not take.
 */
export function goneRoom(room: RoomState): RoomState {
  const { id, kind, title, epoch, outgoing, ended, endedFor, listed } = room;
  const empty = emptyRoom(id);
  return { ...empty, kind, title, epoch, ended, endedFor, listed, outgoing, status: "gone" };
}
