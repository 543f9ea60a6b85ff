/** Every dialog of the page, by name. A new one is a row here and a file of its own. */
import type { ComponentType } from "react";
import { CreateRoomDialog } from "../chat/rooms/create-room-dialog.tsx";
import { InboxPanel } from "../inbox/inbox-panel.tsx";
import { KeysDialog } from "./keys-dialog.tsx";
import { Palette } from "./palette.tsx";
import { PreferencesDialog } from "./preferences-dialog.tsx";

/** What a dialog is given; the rest it takes from `usePage`. */
export interface DialogProps {
  onClose(): void;
}

/** Names of dialogs. */
export type DialogName = "palette" | "create" | "inbox" | "keys" | "preferences";

/** The component of each. */
export const dialogs: Readonly<Record<DialogName, ComponentType<DialogProps>>> = {
  palette: Palette,
  create: CreateRoomDialog,
  inbox: InboxPanel,
  keys: KeysDialog,
  preferences: PreferencesDialog,
};
