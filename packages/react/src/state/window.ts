/** A place further back in the log, shown in place of the newest messages. Pure, like the reducer that uses it. */
import type { EventFrame, MessageView } from "@parlance/client";
import type { WindowPart } from "./actions.ts";
import type { RoomState, Window } from "./model.ts";

/** What is shown of the log: the window if there is one. */
export function shownEvents(room: Pick<RoomState, "events" | "window">): readonly EventFrame[] {
  return room.window === undefined ? room.events : (room.window.events ?? []);
}

/** Whether the place is loaded: it can be shown at once. */
export function isShown(room: RoomState, sequence: number): boolean {
  const events = shownEvents(room);
  const [first, last] = [events[0]?.sequence ?? 0, events.at(-1)?.sequence ?? 0];
  return room.status === "ready" && first > 0 && sequence >= first && sequence <= last;
}

/** A window of which nothing has come yet. */
export function emptyWindow(): Window {
  return { events: undefined, views: {}, asOf: 0, newer: "idle" };
}

/**
 * Adds a page after what is there, or begins with it. Where it meets the newest messages, these are one piece
 * again, and the window is gone.
 */
export function addToWindow(room: RoomState, part: WindowPart | undefined): RoomState {
  const { window } = room;
  if (window === undefined) return room;
  if (part === undefined) return { ...room, window: { ...window, newer: "failed" } };
  const last = window.events?.at(-1)?.sequence ?? 0;
  const events = [...(window.events ?? []), ...part.events.filter((one) => one.sequence > last)];
  const end = events.at(-1)?.sequence ?? room.head;
  const firstLive = room.events[0]?.sequence ?? room.head + 1;
  if (end + 1 >= firstLive) {
    const before = events.filter((one) => one.sequence < firstLive);
    return { ...room, window: undefined, events: [...before, ...room.events] };
  }
  const views = { ...window.views, ...byId(part.views) };
  // Events after the older of two readings are laid over both; doing so twice changes nothing.
  const asOf = window.events === undefined ? part.asOf : Math.min(window.asOf, part.asOf);
  return { ...room, window: { ...window, events, views, asOf, newer: "idle" } };
}

/** A page before what is shown. */
export function addBefore(
  room: RoomState,
  older: readonly EventFrame[],
  views: readonly MessageView[],
): RoomState {
  const { window } = room;
  if (window === undefined) return { ...room, events: [...older, ...room.events] };
  return {
    ...room,
    window: {
      ...window,
      events: [...older, ...(window.events ?? [])],
      views: { ...window.views, ...byId(views) },
    },
  };
}

/** Views by the ids of their messages. */
export function byId(views: readonly MessageView[]): Readonly<Record<string, MessageView>> {
  return Object.fromEntries(views.map((view) => [view.id, view]));
}
