/** Which messages of a room are pinned. Pure. */
import type { EventFrame } from "@parlance/client";
import type { PendingChange, RoomState } from "./model.ts";

/** Ids of pinned messages, the one pinned last first; undefined until they were listed. */
export type Pins = readonly string[] | undefined;

/** The pins after an event. */
export function pinsAfter(pins: Pins, event: EventFrame): Pins {
  if (pins === undefined || "erased" in event) return pins;
  switch (event.type) {
    case "message.pinned":
      return [event.data.message_id, ...pins.filter((id) => id !== event.data.message_id)];
    case "message.unpinned":
    case "message.deleted":
      return pins.includes(event.data.message_id)
        ? pins.filter((id) => id !== event.data.message_id)
        : pins;
    default:
      return pins;
  }
}

/** Pins as a list told them when the log's head was `head`, and what came since. */
export function listedPins(room: RoomState, pins: readonly string[], head: number): Pins {
  return room.events
    .filter((event) => event.sequence > head)
    .reduce((known: Pins, event) => pinsAfter(known, event), pins);
}

/** Ids of what shows as pinned: with what the reader has just changed. */
export function shownPins(pins: Pins, changes: readonly PendingChange[]): ReadonlySet<string> {
  const shown = new Set(pins);
  for (const change of changes) {
    if (change.kind !== "pin" || change.state === "failed") continue;
    if (change.on) shown.add(change.message);
    else shown.delete(change.message);
  }
  return shown;
}
