/** What a room's staff has set: as a view tells it, and as `room.updated` changes it. Pure, like the reducer that uses it. */
import type { EventFrame, RoomChanges, RoomSettings, RoomView } from "@parlance/client";
import type { RoomState } from "./model.ts";

const names = [
  "topic",
  "description",
  "avatar",
  "archived",
  "slow_mode_s",
  "system_lines",
  "receipts",
  "history",
  "listed",
] as const satisfies readonly (keyof RoomSettings)[];

/** The room with what a view says of it, unless more is known already. */
export function withView(room: RoomState, view: RoomView): RoomState {
  if (room.epoch === view.epoch && view.head < room.settingsAt) return room;
  const set = names.flatMap((name) => (view[name] === undefined ? [] : [[name, view[name]]]));
  return {
    ...room,
    title: titleOf(view),
    kind: view.kind,
    with: view.with,
    settings: Object.fromEntries(set) as RoomSettings,
    settingsAt: view.head,
  };
}

/** A direct room is called by the others in it. */
function titleOf({ kind, title, with: others = [] }: RoomView): string {
  if (kind !== "direct" || others.length === 0) return title;
  return others.map(({ name }) => name).join(", ");
}

/** The room after the reader's own change, told by its answer before its event. */
export function withOwnUpdate(
  room: RoomState,
  { sequence, changes }: { readonly sequence: number; readonly changes: RoomChanges },
): RoomState {
  if (sequence <= room.settingsAt) return room;
  // What others have set meanwhile is not here yet, so the event is still to be applied.
  return { ...withChanges(room, changes), settingsAt: room.settingsAt };
}

/** The room after events, of which those count that its settings do not contain yet. */
export function withUpdates(room: RoomState, events: readonly EventFrame[]): RoomState {
  let next = room;
  for (const event of events) {
    if (event.sequence <= next.settingsAt || event.type !== "room.updated") continue;
    if ("erased" in event) continue;
    const { editor_name: _, ...changes } = event.data;
    next = { ...withChanges(next, changes), settingsAt: event.sequence };
  }
  return next;
}

function withChanges(room: RoomState, { title = room.title, ...changes }: RoomChanges): RoomState {
  const settings: Record<string, unknown> = { ...room.settings };
  for (const [name, value] of Object.entries(changes)) {
    if (isDefault(name, value)) delete settings[name];
    else settings[name] = value;
  }
  return { ...room, title, settings: settings as RoomSettings };
}

/** One setting has one form, so that equal settings are equal objects. */
function isDefault(name: string, value: unknown): boolean {
  if (value === null) return true;
  if (name === "history") return value === "all";
  return name === "system_lines" ? value === true : name !== "receipts" && value === false;
}
