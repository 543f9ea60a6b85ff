/** Threads: how the reader stands in them, and those that are open. Pure, like the reducer that uses it. */
import type { EventFrame, ThreadPage, ThreadStanding } from "@parlance/client";
import { threadOf } from "./main-line.ts";
import type { ChatState, RoomState, ThreadState } from "./model.ts";
import { isMentioned } from "./unread.ts";
import { shownEvents } from "./window.ts";

/** What can happen to threads. */
export type ThreadAction =
  /** As the server has them now. */
  | { readonly type: "threads_standing"; readonly threads: readonly ThreadStanding[] }
  | { readonly type: "thread_opening"; readonly room: string; readonly thread: string }
  | {
      readonly type: "thread_loaded";
      readonly room: string;
      readonly thread: string;
      readonly page: ThreadPage;
      /** There may be more before it. */
      readonly hasOlder: boolean;
      /** The page before what is there; else the newest. */
      readonly isOlder: boolean;
    }
  | { readonly type: "thread_failed"; readonly room: string; readonly thread: string }
  | { readonly type: "thread_older_loading"; readonly room: string; readonly thread: string }
  | {
      readonly type: "thread_reading";
      readonly room: string;
      readonly thread: string;
      readonly isReading: boolean;
    };

const opening: ThreadState = {
  status: "loading",
  root: undefined,
  views: [],
  asOf: 0,
  hasOlder: false,
  older: "idle",
  newAfter: undefined,
  isReading: false,
};

/** The next state. */
export function reduceThreads(state: ChatState, action: ThreadAction): ChatState {
  if (action.type === "threads_standing") {
    return action.threads.reduce(
      (next, one) => withStanding(next, isReadHere(next, one) ? { ...one, unread: 0 } : one),
      state,
    );
  }
  const room = state.rooms[action.room];
  if (room === undefined) return state;
  const before = room.threads[action.thread] ?? opening;
  if (action.type === "thread_opening") {
    const isThere = before.status === "ready";
    return isThere
      ? state
      : withThread(state, room, action.thread, { ...opening, isReading: before.isReading });
  }
  if (room.threads[action.thread] === undefined) return state;
  switch (action.type) {
    case "thread_failed":
      return withThread(
        state,
        room,
        action.thread,
        before.status === "ready"
          ? { ...before, older: "failed" }
          : { ...before, status: "failed" },
      );
    case "thread_older_loading":
      return withThread(state, room, action.thread, { ...before, older: "loading" });
    case "thread_reading": {
      const next = withThread(state, room, action.thread, {
        ...before,
        isReading: action.isReading,
      });
      const standing = state.threads[action.thread];
      const isRead = action.isReading && before.status === "ready" && standing !== undefined;
      return isRead ? withStanding(next, { ...standing, unread: 0 }) : next;
    }
    case "thread_loaded":
      return action.isOlder
        ? addOlder(state, room, action, before)
        : addNewest(state, room, action, before);
    default:
      return action satisfies never;
  }
}

type Loaded = Extract<ThreadAction, { readonly type: "thread_loaded" }>;

function addNewest(
  state: ChatState,
  room: RoomState,
  action: Loaded,
  before: ThreadState,
): ChatState {
  const { root, messages, head, following, read_mark, unread } = action.page;
  const thread: ThreadState = {
    ...before,
    status: "ready",
    root,
    views: messages,
    asOf: head,
    hasOlder: action.hasOlder,
    older: "idle",
    newAfter: following && unread > 0 ? Math.max(read_mark, root.sequence) : undefined,
  };
  const standing = {
    room: action.page.room,
    thread: action.page.thread,
    following,
    read_mark,
    unread,
  };
  return withStanding(withThread(state, room, action.thread, thread), standing);
}

function addOlder(
  state: ChatState,
  room: RoomState,
  action: Loaded,
  before: ThreadState,
): ChatState {
  const first = before.views[0]?.sequence ?? Number.POSITIVE_INFINITY;
  const older = action.page.messages.filter((one) => one.sequence < first);
  // Events after the older of two readings are laid over both; doing so twice changes nothing.
  const views = [...older, ...before.views];
  const { hasOlder } = action;
  return withThread(state, room, action.thread, { ...before, views, hasOlder, older: "idle" });
}

/** A live message of a thread that nobody looks at is unread for those who follow it. */
export function withThreadEvent(state: ChatState, event: EventFrame): ChatState {
  const root = threadOf(event);
  if (root === undefined || "erased" in event || event.type !== "message.created") return state;
  const before = state.threads[root];
  const place = { room: event.room, thread: root as ThreadStanding["thread"] };
  if (event.author === state.me.id) {
    return withStanding(state, { ...place, following: true, read_mark: event.sequence, unread: 0 });
  }
  if (before === undefined && !followsFromHere(state, event, root)) return state;
  const standing = before ?? {
    ...place,
    following: true,
    read_mark: event.sequence - 1,
    unread: 0,
  };
  const isRead = state.rooms[event.room]?.threads[root]?.isReading === true;
  return withStanding(state, { ...standing, unread: isRead ? 0 : standing.unread + 1 });
}

/** The thread at a place of a room that is loaded: the one that its message is in, or, with `under`, the one below it. */
export function threadAt(
  room: RoomState | undefined,
  sequence: number,
  under: boolean,
): string | undefined {
  if (room === undefined) return undefined;
  const event = shownEvents(room).find((one) => one.sequence === sequence);
  if (event === undefined) return undefined;
  return threadOf(event) ?? (under ? event.id : undefined);
}

/** A room is closed to the reader: how they stood in its threads, and what they were about to answer, is forgotten. */
export function withoutThreadsOf(state: ChatState, room: string): ChatState {
  const threads = Object.entries(state.threads).filter(([, one]) => one.room !== room);
  const answers = Object.entries(state.answers).filter(
    ([key]) => key !== room && !key.startsWith(`${room}/`),
  );
  return { ...state, threads: Object.fromEntries(threads), answers: Object.fromEntries(answers) };
}

/** The author of a root follows from the first message on, and so does whoever is mentioned. */
function followsFromHere(state: ChatState, event: EventFrame, root: string): boolean {
  const me = state.me.id;
  const mentions =
    "erased" in event || event.type !== "message.created" ? undefined : event.data.mentions;
  if (isMentioned(mentions, me)) return true;
  return (
    state.rooms[event.room]?.events.some((one) => one.id === root && one.author === me) === true
  );
}

function isReadHere(state: ChatState, { room, thread }: ThreadStanding): boolean {
  return state.rooms[room]?.threads[thread]?.isReading === true;
}

function withStanding(state: ChatState, standing: ThreadStanding): ChatState {
  return { ...state, threads: { ...state.threads, [standing.thread]: standing } };
}

function withThread(state: ChatState, room: RoomState, id: string, thread: ThreadState): ChatState {
  const next = { ...room, threads: { ...room.threads, [id]: thread } };
  return { ...state, rooms: { ...state.rooms, [room.id]: next } };
}
