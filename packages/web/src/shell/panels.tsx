/**
 * Every panel beside the conversation, by name. A new one is a row here and a file of its own. From 1100 px a
 * panel has a column of its own; below, it lies over the conversation as a dialog.
 */
import type { IconName, RoomState } from "@parlance/react";
import type { ComponentType } from "react";
import type { TextKey } from "../i18n/index.ts";
import { RoomPeople } from "../rooms/people.tsx";
import { laterPanel } from "./later.tsx";

/** What a panel is given; the rest it takes from `usePage` and the hooks of `@parlance/react`. */
export interface PanelProps {
  /** A room that is ready. */
  readonly room: RoomState;
  /** What the panel is about within the room, as `openPanel` was told. */
  readonly subject: string | undefined;
}

/** Names of panels. */
export type PanelName = "people" | "search" | "pins" | "files" | "thread";

/** One panel. */
export interface Panel {
  /** Its heading. */
  readonly title: TextKey;
  readonly icon: IconName;
  readonly Component: ComponentType<PanelProps>;
  /** Has a button above the conversation. Others are opened from where they belong. */
  readonly hasButton: boolean;
  /** Told beside its button; without any, the button is not there. Absent: always there. */
  countOf?(room: RoomState): number;
  /** Fills its place and scrolls by itself. */
  readonly isWhole?: true;
  /** It is about all rooms, and stays when another one is opened. */
  readonly isOfAll?: true;
}

/** The panel that shows where nobody has chosen another one, on screens wide enough. */
export const defaultPanel: PanelName = "people";

/** Each panel. */
export const panels: Readonly<Record<PanelName, Panel>> = {
  people: { title: "people", icon: "people", Component: RoomPeople, hasButton: true },
  search: {
    title: "search",
    icon: "search",
    Component: laterPanel(async () => (await import("../search/search-panel.tsx")).SearchPanel),
    hasButton: true,
    isOfAll: true,
  },
  pins: {
    title: "pins",
    icon: "pin",
    Component: laterPanel(async () => (await import("../keeping/pins-panel.tsx")).PinsPanel),
    hasButton: true,
    countOf: (room) => room.pins?.length ?? 0,
  },
  files: {
    title: "files",
    icon: "file",
    Component: laterPanel(async () => (await import("../keeping/files-panel.tsx")).FilesPanel),
    hasButton: true,
  },
  thread: {
    title: "thread",
    icon: "thread",
    Component: laterPanel(async () => (await import("../threads/thread-side.tsx")).ThreadSide),
    hasButton: false,
    isWhole: true,
  },
};
