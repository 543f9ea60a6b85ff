/**
 * What the chat shows, as plain data, and how it changes. Pure: snapshots, events and the reader's own acts
 * go in, the next state comes out. A snapshot followed by events equals a newer snapshot (state.test.ts).
 */

import type { WireUser } from "@parlance/client";
import type { Action } from "./actions.ts";
import { nothingAsked, withNote, withoutNote, withVote } from "./asking.ts";
import { withChange, withoutChange } from "./changes.ts";
import { nothingKept } from "./kept.ts";
import { addEvent } from "./live-events.ts";
import type { ChatState, OutgoingView, RoomState, UploadView } from "./model.ts";
import { ownAfter } from "./own.ts";
import { followPeople, withListed, withOwn } from "./people.ts";
import { listedPins } from "./pins.ts";
import { listedPreferences, noPreferences, withRoomPreferences } from "./preferences.ts";
import { goneRoom, listRooms, openedRoom, openingRoom } from "./rooms.ts";
import { withOwnUpdate } from "./settings.ts";
import { byName, changeOnline, changeTyping, withMembers, withReadMark } from "./signals.ts";
import { reduceThreads, type ThreadAction, withoutThreadsOf, withThreadEvent } from "./threads.ts";
import { isRead, withMark } from "./unread.ts";
import { addBefore, addToWindow, emptyWindow, shownEvents } from "./window.ts";

/** The state of somebody who has just signed in. */
export function initialState(me: WireUser): ChatState {
  return {
    me,
    link: { kind: "connecting" },
    listing: "loading",
    rooms: {},
    kept: nothingKept,
    asking: nothingAsked,
    preferences: noPreferences,
    threads: {},
    answers: {},
    people: {},
    own: undefined,
  };
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
    case "own":
      return ownAfter(state, action.change);
    case "kept_listed":
      return { ...state, kept: { ...state.kept, ...action.kept } };
    case "noted":
      return { ...state, asking: withNote(state.asking, action.note) };
    case "note_dropped":
      return { ...state, asking: withoutNote(state.asking, action.id) };
    case "vote_known":
      return { ...state, asking: withVote(state.asking, action.message, action.choices) };
    case "typing_expired":
      return expireTyping(state, action.now);
    case "preferences_listed":
      return { ...state, preferences: listedPreferences(action.all) };
    case "preferred":
      return { ...state, preferences: { ...state.preferences, everywhere: action.preferences } };
    case "room_preferred":
      return {
        ...state,
        preferences: withRoomPreferences(state.preferences, action.of, action.preferences),
      };
    case "profiles_listed":
      return withListed(state, action.people);
    case "own_profile":
      return withOwn(state, action.own);
    case "room_opening":
      return setRoom(state, openingRoom(state.rooms[action.room], action));
    case "event": {
      const room = state.rooms[action.event.room];
      if (room === undefined) return state;
      const next = setRoom(state, addEvent(room, action.event, state.me.id));
      return next === state ? state : withThreadEvent(next, action.event);
    }
    case "threads_standing":
    case "thread_opening":
    case "thread_loaded":
    case "thread_failed":
    case "thread_older_loading":
    case "thread_reading":
      return reduceThreads(state, action);
    case "answer_changed":
      return { ...state, answers: withAnswer(state.answers, action.key, action.message) };
    default: {
      const room = state.rooms[action.room];
      if (room === undefined) return state;
      const next = followPeople(setRoom(state, reduceRoom(room, action, state.me.id)), action);
      const isGone = action.type === "room_refused" && action.status === "gone";
      return isGone ? withoutThreadsOf(next, action.room) : next;
    }
  }
}

type RoomAction = Exclude<Extract<Action, { readonly room: string }>, ThreadAction>;

function reduceRoom(
  room: RoomState,
  action: Exclude<RoomAction, { readonly type: "room_opening" }>,
  me: string,
): RoomState {
  switch (action.type) {
    case "room_opened":
      return openedRoom(room, action, me);
    case "room_refused":
      return action.status === "gone" ? goneRoom(room) : { ...room, status: action.status };
    case "room_updated":
      return withOwnUpdate(room, action);
    case "requests_listed":
      return { ...room, requests: action.requests };
    case "room_left":
      return {
        ...room,
        role: undefined,
        unread: 0,
        mentions: 0,
        heard: [],
        status: "known",
        events: [],
        newAfter: undefined,
      };
    case "room_trimmed":
      return {
        ...room,
        window: undefined,
        target: undefined,
        isHeldUnread: false,
        threads: {},
        events: room.events.slice(-action.keep),
      };
    case "text_grew":
      return { ...room, texts: { ...room.texts, [action.message]: action.text } };
    case "other_loaded":
      return { ...room, others: { ...room.others, [action.id]: action.view } };
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
        mentions: 0,
        heard: [],
        readMark: undefined,
        newAfter: undefined,
      };
    case "typing":
      return { ...room, typing: changeTyping(room, action) };
    case "people_listed":
      return { ...room, online: byName(action.online), arePeopleUnknown: false };
    case "people_failed":
      return { ...room, arePeopleUnknown: true };
    case "member_read":
      return withReadMark(room, action);
    case "members_listed":
      return withMembers(room, action.members);
    case "presence":
      return { ...room, online: changeOnline(room.online, action) };
    case "reading_changed":
      return readingRoom(room, action.isReading);
    case "mark_moved":
      return withMark(room, action, me);
    case "pins_listed":
      return { ...room, pins: listedPins(room, action.pins, action.head) };
    case "check_changed":
      return { ...room, check: action.check };
    default:
      return action satisfies never;
  }
}

function withAnswer(
  answers: ChatState["answers"],
  key: string,
  message: string | undefined,
): ChatState["answers"] {
  const { [key]: _before, ...others } = answers;
  return message === undefined ? others : { ...others, [key]: message };
}

function readingRoom(room: RoomState, isReading: boolean): RoomState {
  if (isReading === room.isReading) return room;
  const next = { ...room, isReading };
  return isRead(next) ? { ...next, unread: 0, mentions: 0 } : next;
}

function setRoom(state: ChatState, room: RoomState): ChatState {
  if (state.rooms[room.id] === room) return state;
  return { ...state, rooms: { ...state.rooms, [room.id]: room } };
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
