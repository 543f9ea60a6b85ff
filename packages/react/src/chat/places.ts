/** Pages of a room's log: further up, and around a place that somebody wants to see. */
import type { Client, EventFrame, MessageView, RoomId } from "@parlance/client";
import type { Action, WindowPart } from "../state/actions.ts";
import type { RoomState } from "../state/model.ts";
import { isShown, shownEvents } from "../state/window.ts";

/** Events of one further page. */
const pageEvents = 100;
/** Events before a place that somebody goes to. */
const contextEvents = 50;

/** Loads parts of logs. Nothing here throws; what fails is in the state. */
export interface Places {
  /** The page above what is shown. */
  loadOlder(room: string): Promise<void>;
  /** The page below what is shown, where that is not the newest. */
  loadNewer(room: string): Promise<void>;
  /** Shows a place of the log, and loads it where it is further back than what is loaded. */
  jump(room: string, sequence: number): Promise<void>;
  /**
   * The first message of that time or later, else the last one before; undefined: there is none.
   *
   * @throws ClientError where the server cannot be asked.
   */
  placeAt(room: string, time: Date): Promise<number | undefined>;
  /** The reader has got there. */
  arrive(room: string): void;
  /** Shows the newest messages again. */
  toNewest(room: string): void;
}

/** Places of the rooms of one chat. */
export function createPlaces(
  client: Client,
  dispatch: (action: Action) => void,
  roomState: (id: string) => RoomState | undefined,
): Places {
  /** The messages among the events as they are now. */
  const viewsOf = async (
    room: string,
    events: readonly EventFrame[],
  ): Promise<Pick<WindowPart, "views" | "asOf">> => {
    const [first, last] = [events[0]?.sequence ?? 1, events.at(-1)?.sequence ?? 0];
    const { messages, head } = await client.request<"list_messages">({
      type: "list_messages",
      room: room as RoomId,
      after: first - 1,
      limit: pageEvents,
    });
    return { views: messages.filter((one) => one.sequence <= last), asOf: head };
  };
  const partAfter = async (id: string, after: number): Promise<WindowPart | undefined> => {
    const page = await client.room(id).history({ after, limit: pageEvents });
    const views = await viewsOf(id, page.events);
    // After a reset, the page belongs to a log that is not shown any more.
    if (page.epoch !== roomState(id)?.epoch) return undefined;
    return { events: page.events, ...views };
  };

  return {
    loadOlder: async (id) => {
      const room = roomState(id);
      const first = room === undefined ? undefined : shownEvents(room)[0]?.sequence;
      if (room === undefined || first === undefined || first <= room.floor + 1) return;
      if (room.older === "loading") return;
      dispatch({ type: "older_loading", room: id });
      try {
        const page = await client.room(id).history({ before: first, limit: pageEvents });
        const views: readonly MessageView[] =
          room.window === undefined ? [] : (await viewsOf(id, page.events)).views;
        if (page.epoch !== roomState(id)?.epoch) return;
        // Somebody went elsewhere meanwhile.
        const now = roomState(id);
        if (now !== undefined && shownEvents(now)[0]?.sequence !== first) return;
        dispatch({ type: "older_loaded", room: id, floor: page.floor, events: page.events, views });
      } catch {
        dispatch({ type: "older_failed", room: id });
      }
    },
    loadNewer: async (id) => {
      const { window } = roomState(id) ?? {};
      const last = window?.events?.at(-1)?.sequence;
      if (last === undefined || window?.newer === "loading") return;
      dispatch({ type: "window_newer_loading", room: id });
      const part = await partAfter(id, last).catch(() => undefined);
      dispatch({ type: "window_loaded", room: id, part });
    },
    jump: async (id, sequence) => {
      const room = roomState(id);
      if (room === undefined) return;
      dispatch({ type: "target_changed", room: id, target: sequence });
      if (isShown(room, sequence)) return;
      dispatch({ type: "window_opening", room: id });
      const after = Math.max(room.floor, sequence - contextEvents - 1);
      const part = await partAfter(id, after).catch(() => undefined);
      if (roomState(id)?.target !== sequence) return;
      if (part === undefined) dispatch({ type: "window_closed", room: id });
      else dispatch({ type: "window_loaded", room: id, part });
    },
    placeAt: async (id, time) => {
      const { messages } = await client.room(id).messages({ at: time.toISOString(), limit: 2 });
      const found = messages.find((one) => Date.parse(one.time) >= time.getTime());
      return (found ?? messages.at(-1))?.sequence;
    },
    arrive: (id) => dispatch({ type: "target_changed", room: id, target: undefined }),
    toNewest: (id) => dispatch({ type: "window_closed", room: id }),
  };
}
