/** What a room's staff has set: as a view tells it, and as `room.updated` changes it. Pure, like the reducer that uses it. */
import type { EventFrame, RoomSettings, RoomView } from "@parlance/client";
import type { RoomState } from "./model.ts";

const names = [
  "topic",
  "description",
  "avatar",
  "archived",
  "slow_mode_s",
  "system_lines",
  "receipts",
  "listed",
] as const satisfies readonly (keyof RoomSettings)[];

/** The room with what a view says of it, unless more is known already. */
export function withView(room: RoomState, view: RoomView): RoomState {
  if (room.epoch === view.epoch && view.head < room.settingsAt) return room;
  const set = names.flatMap((name) => (view[name] === undefined ? [] : [[name, view[name]]]));
  return {
    ...room,
    title: view.title,
    kind: view.kind,
    settings: Object.fromEntries(set) as RoomSettings,
    settingsAt: view.head,
  };
}

/** The room after events, of which those count that its settings do not contain yet. */
export function withUpdates(room: RoomState, events: readonly EventFrame[]): RoomState {
  let next = room;
  for (const event of events) {
    if (event.sequence <= next.settingsAt || event.type !== "room.updated") continue;
    if ("erased" in event) continue;
    const { title = next.title, editor_name: _, ...changes } = event.data;
    const settings: Record<string, unknown> = { ...next.settings };
    for (const [name, value] of Object.entries(changes)) {
      if (isDefault(name, value)) delete settings[name];
      else settings[name] = value;
    }
    next = { ...next, title, settings: settings as RoomSettings, settingsAt: event.sequence };
  }
  return next;
}

/** One setting has one form, so that equal settings are equal objects. */
function isDefault(name: string, value: unknown): boolean {
  if (value === null) return true;
  return name === "system_lines" ? value === true : name !== "receipts" && value === false;
}
