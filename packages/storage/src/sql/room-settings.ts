/** What a room's row says of its settings, and what is made from them. */
import { directoryTerms } from "@parlance/core/directory-words";
import type { DurablePayloads, RoomKind, RoomSettings } from "@parlance/protocol";
import { applyRoomChanges } from "@parlance/protocol/changes";

/** Columns that follow from title and settings. */
export interface SettingColumns {
  readonly title: string;
  /** JSON; null where nothing is set. */
  readonly settings: string | null;
  /** 1 where it may be found in the directory. */
  readonly listed: number;
  /** Words of title and topic, a blank before each. */
  readonly terms: string;
}

export function readSettings(text: string | null): RoomSettings {
  return text === null ? {} : (JSON.parse(text) as RoomSettings);
}

/**
 * SQL that is true where a room's members read from their joining on. The column holds what `JSON.stringify` wrote, in which a quotation
 * mark within a text has a backslash before it: so no text is taken for the setting. @param column Of the settings, as JSON.
 */
export function beginsWithJoining(column: string): string {
  return `coalesce(${column}, '') LIKE '%"history":"since_joined"%'`;
}

/** Columns of a room with nothing set. */
export function newSettings(kind: string, title: string): SettingColumns {
  return columnsOf(kind as RoomKind, title, {});
}

/** Columns after a change. */
export function changedSettings(
  row: { readonly kind: string; readonly title: string; readonly settings: string | null },
  { editor_name: _, ...changes }: DurablePayloads["room.updated"],
): SettingColumns {
  const settings = applyRoomChanges(readSettings(row.settings), changes);
  return columnsOf(row.kind as RoomKind, changes.title ?? row.title, settings);
}

function columnsOf(kind: RoomKind, title: string, settings: RoomSettings): SettingColumns {
  const isListed = kind === "public" || kind === "announcement" || settings.listed === true;
  return {
    title,
    settings: Object.keys(settings).length === 0 ? null : JSON.stringify(settings),
    listed: isListed ? 1 : 0,
    terms: directoryTerms(title, settings.topic),
  };
}
