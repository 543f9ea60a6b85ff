/**
 * How settings follow from those before and a change. A door of its own, without the schemas: threads that only store must not pay
 * for them at every start.
 */
import type { RoomChanges, RoomSettings } from "./room-settings.ts";

/** The settings after a change. */
export function applyRoomChanges(settings: RoomSettings, changes: RoomChanges): RoomSettings {
  const { title: _, ...set } = changes;
  const after: Record<string, unknown> = { ...settings };
  for (const [name, value] of Object.entries(set)) {
    if (value === null || isDefault(name, value)) delete after[name];
    else after[name] = value;
  }
  return after;
}

/** One setting has one form, so that equal settings are equal objects. */
function isDefault(name: string, value: unknown): boolean {
  if (name === "history") return value === "all";
  return name === "system_lines" ? value === true : name !== "receipts" && value === false;
}

/** Preferences after a change. One preference has one form: a switch at its default is not there. */
export function applyPreferences(before: object, changes: object): object {
  const after: Record<string, unknown> = { ...before };
  for (const [name, value] of Object.entries(changes)) {
    const isDefault = value === name.startsWith("shares_") || value === null;
    if (isDefault) delete after[name];
    else after[name] = value;
  }
  return after;
}
