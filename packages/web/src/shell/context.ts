/** What every part of the page may use: who is signed in and how the app looks, and ways to show things. */
import { createContext, useContext } from "react";
import type { PreferenceStore } from "../app/preferences.ts";
import type { Search } from "../search/search.ts";
import type { DialogName } from "./dialogs.tsx";
import type { PanelName } from "./panels.tsx";

/** The page of somebody who is signed in. */
export interface Page {
  readonly preferences: PreferenceStore;
  /** The session's token, for what is asked over REST. */
  readonly token: string;
  /** The search of this visit, once there was one: one comes back to it. */
  readonly searched: { current: Search | undefined };
  /** Id of the room on the screen. */
  readonly room: string | undefined;
  /**
   * Opens a dialog in place of the one that is open.
   *
   * @param subject What the dialog is about: the id of a room, for instance.
   */
  openDialog(name: DialogName, subject?: string): void;
  closeDialog(): void;
  /**
   * Opens a panel beside the conversation; on narrow screens over it.
   *
   * @param subject What the panel is about within the room: the id of a message, for instance.
   */
  openPanel(name: PanelName, subject?: string): void;
  closePanel(): void;
  /** Takes the conversation over from another window. */
  useHere(): void;
  signOut(): void;
}

/** Filled by `ChatPage`. */
export const PageContext = createContext<Page | undefined>(undefined);

/** The page around this component. Only below `ChatPage`. */
export function usePage(): Page {
  const page = useContext(PageContext);
  if (page === undefined) throw new Error("no page above this component");
  return page;
}
