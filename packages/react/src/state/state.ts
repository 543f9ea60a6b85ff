/**
 * What the chat shows, as plain data, and how it changes. Pure: snapshots, events and the reader's own acts
 * go in, the next state comes out. A snapshot followed by events equals a newer snapshot (state.test.ts).
 */

import type { EventFrame, RoomView, Subscribed, WireUser } from "@parlance/client";
import type { Action } from "./actions.ts";
import { changesAfter, withChange, withoutChange } from "./changes.ts";
import { isMainMessage } from "./main-line.ts";
import type { ChatState, OutgoingView, RoomState, UploadView } from "./model.ts";
import { byName, changeOnline, changeTyping, withoutUser } from "./signals.ts";
import { addBefore, addToWindow, emptyWindow, shownEvents } from "./window.ts";

/** The state of somebody who has just signed in. */
export function initialState(me: WireUser): ChatState {
  return { me, link: { kind: "connecting" }, listing: "loading", rooms: {} };
}

/** The next state. Returns the same object when nothing changed. */
export function reduce(state: ChatState, action: Action): ChatState {
  switch (action.type) {
    case "link_changed":
      return { ...state, link: action.link };
    case "rooms_listed":
      return listRooms(state, action.joined, action.discoverable);
    case "rooms_failed":
      return state.listing === "ready" ? state : { ...state, listing: "failed" };
    case "typing_expired":
      return expireTyping(state, action.now);
    case "room_opening":
      return setRoom(state, openingRoom(state.rooms[action.room], action));
    case "event": {
      const room = state.rooms[action.event.room];
      return room === undefined ? state : setRoom(state, addEvent(room, action.event, state.me.id));
    }
    default: {
      const room = state.rooms[action.room];
      return room === undefined ? state : setRoom(state, reduceRoom(room, action, state.me.id));
    }
  }
}

type RoomAction = Extract<Action, { readonly room: string }>;

function reduceRoom(
  room: RoomState,
  action: Exclude<RoomAction, { readonly type: "room_opening" }>,
  me: string,
): RoomState {
  switch (action.type) {
    case "room_opened":
      return openedRoom(room, action.about, action.events, me);
    case "room_refused":
      return { ...room, status: action.status };
    case "room_left":
      return {
        ...room,
        role: undefined,
        unread: 0,
        status: "known",
        events: [],
        newAfter: undefined,
      };
    case "room_trimmed":
      return {
        ...room,
        window: undefined,
        target: undefined,
        events: room.events.slice(-action.keep),
      };
    case "text_grew":
      return { ...room, texts: { ...room.texts, [action.message]: action.text } };
    case "older_loading":
      return { ...room, older: "loading" };
    case "older_failed":
      return { ...room, older: "failed" };
    case "older_loaded":
      return addOlder(room, action);
    case "change_made":
      return withChange(room, action.change);
    case "change_gone":
      return withoutChange(room, action.key);
    case "upload_changed":
      return { ...room, uploads: withUpload(room.uploads, action.upload) };
    case "upload_gone":
      return { ...room, uploads: room.uploads.filter((one) => one.id !== action.id) };
    case "target_changed":
      return room.target === action.target ? room : { ...room, target: action.target };
    case "window_opening":
      return { ...room, window: emptyWindow(), older: "idle" };
    case "window_loaded":
      return addToWindow(room, action.part);
    case "window_newer_loading":
      return room.window === undefined
        ? room
        : { ...room, window: { ...room.window, newer: "loading" } };
    case "window_closed":
      return { ...room, window: undefined, target: undefined, older: "idle" };
    case "outgoing_changed":
      return changeOutgoing(room, action.entry);
    case "outgoing_discarded":
      return {
        ...room,
        outgoing: room.outgoing.filter((one) => one.clientMessageId !== action.id),
      };
    case "room_joined":
      // Who has just come has missed nothing: no line, and no count.
      return {
        ...room,
        role: room.role ?? "member",
        unread: 0,
        readMark: undefined,
        newAfter: undefined,
      };
    case "typing":
      return { ...room, typing: changeTyping(room, action) };
    case "people_listed":
      return { ...room, online: byName(action.online), arePeopleUnknown: false };
    case "people_failed":
      return { ...room, arePeopleUnknown: true };
    case "members_listed":
      return { ...room, members: action.members };
    case "presence":
      return { ...room, online: changeOnline(room.online, action.online, action.offline) };
    case "reading_changed":
      return action.isReading === room.isReading
        ? room
        : { ...room, isReading: action.isReading, unread: action.isReading ? 0 : room.unread };
    case "marked_read":
      // What came while the mark travelled is on the screen already.
      return { ...room, unread: room.isReading ? 0 : action.unread };
    case "check_changed":
      return { ...room, check: action.check };
    default:
      return action satisfies never;
  }
}

function setRoom(state: ChatState, room: RoomState): ChatState {
  if (state.rooms[room.id] === room) return state;
  return { ...state, rooms: { ...state.rooms, [room.id]: room } };
}

/** A room of which nothing is known but its id. */
function emptyRoom(id: string): RoomState {
  return {
    id,
    title: id,
    kind: "public",
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
    isReading: false,
    newAfter: undefined,
    outgoing: [],
    changes: [],
    uploads: [],
    target: undefined,
    window: undefined,
    typing: {},
    online: undefined,
    arePeopleUnknown: false,
    members: undefined,
    check: { kind: "unchecked" },
  };
}

function listRooms(
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
    rooms[view.room] = {
      ...before,
      listed: true,
      kind: view.kind,
      title: view.title,
      role: view.role,
      head: Math.max(before.epoch === view.epoch ? before.head : 0, view.head),
      epoch: before.status === "known" ? view.epoch : before.epoch,
      floor: before.status === "known" ? view.floor : before.floor,
      readMark: view.read_mark,
      unread: before.isReading ? 0 : (view.unread ?? 0),
    };
  }
  return { ...state, listing: "ready", rooms };
}

function openingRoom(
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
  };
}

function openedRoom(
  room: RoomState,
  about: Subscribed,
  page: readonly EventFrame[],
  me: string,
): RoomState {
  // What came live while the page was on its way goes after it.
  const last = page.at(-1)?.sequence ?? about.floor;
  const events = [...page, ...room.events.filter((event) => event.sequence > last)];
  return {
    ...room,
    status: "ready",
    title: about.title,
    kind: about.kind,
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
 * A live event. What was seen is dropped by sequence; a room that is not open only counts. The SDK delivers
 * without holes, so a sequence further ahead means that this copy is older than a reload under way.
 */
function addEvent(room: RoomState, event: EventFrame, me: string): RoomState {
  if (event.sequence <= room.head && !isNext(room, event)) return room;
  const isMessage = isMainMessage(event);
  const isMembership = event.type.startsWith("member.");
  const isNew = isMessage && event.author !== me && !room.isReading;
  const next: RoomState = {
    ...room,
    head: Math.max(room.head, event.sequence),
    unread: room.unread + (isNew ? 1 : 0),
    newAfter: newAfterEvent(room, event, me, isNew),
    outgoing: withoutStored(room.outgoing, [event], me),
    changes: changesAfter(room.changes, event),
    typing: withoutUser(room.typing, event),
    texts: withoutEnded(room.texts, event),
    role: roleAfter(room, event, me),
    members: isMembership ? undefined : room.members,
  };
  return isNext(room, event) ? { ...next, events: [...room.events, event] } : next;
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

function addOlder(
  room: RoomState,
  { events, views, floor }: Extract<Action, { readonly type: "older_loaded" }>,
): RoomState {
  const first = shownEvents(room)[0]?.sequence ?? room.head + 1;
  const older = events.filter((event) => event.sequence < first);
  return { ...addBefore(room, older, views ?? []), older: "idle", floor };
}

function withUpload(uploads: readonly UploadView[], upload: UploadView): readonly UploadView[] {
  return uploads.some((one) => one.id === upload.id)
    ? uploads.map((one) => (one.id === upload.id ? upload : one))
    : [...uploads, upload];
}

/** A new or changed entry. One that is stored and already in the log as far as it is loaded is not needed. */
function changeOutgoing(room: RoomState, entry: OutgoingView): RoomState {
  const before = room.outgoing.find((one) => one.clientMessageId === entry.clientMessageId);
  if (before === undefined) {
    return entry.state === "sent" ? room : { ...room, outgoing: [...room.outgoing, entry] };
  }
  if (before.state === "failed" && entry.state === "waiting") {
    // Tried again, it goes behind what was written meanwhile, here as on the server.
    const others = room.outgoing.filter((one) => one !== before);
    return { ...room, outgoing: [...others, entry] };
  }
  const outgoing = room.outgoing.map((one) => (one === before ? entry : one));
  return { ...room, outgoing };
}

function withoutStored(
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

function expireTyping(state: ChatState, now: number): ChatState {
  let next = state;
  for (const room of Object.values(state.rooms)) {
    const kept = Object.entries(room.typing).filter(([, { until }]) => until > now);
    if (kept.length !== Object.keys(room.typing).length) {
      next = setRoom(next, { ...room, typing: Object.fromEntries(kept) });
    }
  }
  return next;
}
