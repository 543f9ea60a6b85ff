/** Threads of one chat: loaded when they are opened, followed, and marked as read. */
import type { Client } from "@parlance/client";
import type { Action } from "../state/actions.ts";
import type { ChatState, RoomState, ThreadState } from "../state/model.ts";
import { createReadMarks } from "./read-marks.ts";

/** Messages of one page of a thread. */
const pageMessages = 50;
/** Followed threads that are known from the start. */
const knownThreads = 50;

/** Acts on threads. Nothing here throws; what fails is in the state. `thread` is the id of the root. */
export interface Threads {
  /** Loads the newest part of a thread, unless it is there. It stays live as long as its room is. */
  openThread(room: string, thread: string): Promise<void>;
  /** The page above what is shown. */
  loadOlderReplies(room: string, thread: string): Promise<void>;
  /** Follows a thread, or stops. Shown at once; as it was, where the server refuses. */
  followThread(room: string, thread: string, on: boolean): void;
  /** Its end is on a screen that somebody looks at, or not any more. */
  setReadingThread(room: string, thread: string, isReading: boolean): void;
  /** Asks for the threads that the reader follows. */
  listThreads(): Promise<void>;
}

/** What threads need of the chat around them. */
export interface ThreadsHost {
  readonly client: Client;
  get(): ChatState;
  dispatch(action: Action): void;
}

/** @returns The acts, what is told of each live event, and what ends it all. */
export function createThreads(
  host: ThreadsHost,
): Threads & { receive(room: string, thread: string): void; close(): void } {
  const { client, dispatch, get } = host;
  const roomState = (id: string): RoomState | undefined => get().rooms[id];
  const threadState = (room: string, id: string): ThreadState | undefined =>
    roomState(room)?.threads[id];
  const placeOf = (room: string, thread: string): string => `${room} ${thread}`;
  const marks = createReadMarks(async (place, sequence) => {
    const [room = "", thread = ""] = place.split(" ");
    const standing = await client.room(room).markThreadRead(thread, sequence);
    dispatch({ type: "threads_standing", threads: [standing] });
  });
  const unlisten = client.on("own", (change) => {
    if (change.what === "thread") dispatch({ type: "threads_standing", threads: [change.thread] });
  });

  const lastOf = (room: string, thread: string): number => {
    const state = threadState(room, thread);
    const live = roomState(room)?.events.findLast(
      (one) => !("erased" in one) && one.type === "message.created" && one.data.thread === thread,
    );
    return Math.max(live?.sequence ?? 0, state?.views.at(-1)?.sequence ?? 0);
  };
  const markIfRead = (room: string, thread: string): void => {
    const state = threadState(room, thread);
    const sequence = lastOf(room, thread);
    const standing = get().threads[thread];
    const isDue = standing === undefined || standing.read_mark < sequence;
    if (state?.isReading === true && state.status === "ready" && sequence > 0 && isDue) {
      marks.mark(placeOf(room, thread), sequence);
    }
  };

  return {
    openThread: async (room, thread) => {
      dispatch({ type: "thread_opening", room, thread });
      if (threadState(room, thread)?.status === "ready") return;
      try {
        const page = await client.room(room).thread(thread, { limit: pageMessages });
        const hasOlder = page.messages.length === pageMessages;
        dispatch({ type: "thread_loaded", room, thread, page, hasOlder, isOlder: false });
        markIfRead(room, thread);
      } catch {
        dispatch({ type: "thread_failed", room, thread });
      }
    },
    loadOlderReplies: async (room, thread) => {
      const state = threadState(room, thread);
      const before = state?.views[0]?.sequence;
      if (before === undefined || state?.older === "loading" || state?.hasOlder !== true) return;
      dispatch({ type: "thread_older_loading", room, thread });
      try {
        const page = await client.room(room).thread(thread, { before, limit: pageMessages });
        const hasOlder = page.messages.length === pageMessages;
        dispatch({ type: "thread_loaded", room, thread, page, hasOlder, isOlder: true });
      } catch {
        dispatch({ type: "thread_failed", room, thread });
      }
    },
    followThread: (room, thread, on) => {
      const before = get().threads[thread];
      if (before !== undefined) {
        dispatch({ type: "threads_standing", threads: [{ ...before, following: on }] });
      }
      client
        .room(room)
        .followThread(thread, on)
        .then(
          (standing) => dispatch({ type: "threads_standing", threads: [standing] }),
          () => {
            if (before !== undefined) dispatch({ type: "threads_standing", threads: [before] });
          },
        );
    },
    setReadingThread: (room, thread, isReading) => {
      if (threadState(room, thread)?.isReading === isReading) return;
      dispatch({ type: "thread_reading", room, thread, isReading });
      markIfRead(room, thread);
    },
    listThreads: async () => {
      try {
        const { threads } = await client.listThreads({ limit: knownThreads });
        dispatch({ type: "threads_standing", threads });
      } catch {
        // What is known stays; the next look asks again.
      }
    },
    receive: (room, thread) => markIfRead(room, thread),
    close: () => {
      unlisten();
      marks.close();
    },
  };
}
