/**
 * Every dialog of the page, by name. A new one is a row here and a file of its own. All but the palette are
 * loaded when they are first opened.
 */
import type { ComponentType } from "react";
import { laterDialog } from "./later.tsx";
import { Palette } from "./palette.tsx";

/** What a dialog is given; the rest it takes from `usePage`. */
export interface DialogProps {
  /** What the dialog is about, as `openDialog` was told: the id of a room, for instance. */
  readonly subject: string | undefined;
  onClose(): void;
}

/** Names of dialogs. */
export type DialogName =
  | "date"
  | "drafts"
  | "saved"
  | "scheduled"
  | "forward"
  | "palette"
  | "poll"
  | "create"
  | "direct"
  | "directory"
  | "settings"
  | "for-you"
  | "sections"
  | "invites"
  | "bans"
  | "archive"
  | "leave"
  | "inbox"
  | "keys"
  | "person"
  | "profile"
  | "status"
  | "preferences"
  | "threads"
  | "mentions";

/** The component of each. */
export const dialogs: Readonly<Record<DialogName, ComponentType<DialogProps>>> = {
  palette: Palette,
  create: laterDialog(
    async () => (await import("../chat/rooms/create-room-dialog.tsx")).CreateRoomDialog,
  ),
  date: laterDialog(async () => (await import("../search/date-jump.tsx")).DateDialog),
  drafts: laterDialog(async () => (await import("../keeping/drafts-dialog.tsx")).DraftsDialog),
  scheduled: laterDialog(
    async () => (await import("../keeping/scheduled-dialog.tsx")).ScheduledDialog,
  ),
  saved: laterDialog(async () => (await import("../keeping/saved-dialog.tsx")).SavedDialog),
  forward: laterDialog(async () => (await import("../keeping/forward-dialog.tsx")).ForwardDialog),
  poll: laterDialog(async () => (await import("../polls/poll-dialog.tsx")).PollDialog),
  direct: laterDialog(async () => (await import("../rooms/direct-dialog.tsx")).DirectDialog),
  directory: laterDialog(
    async () => (await import("../rooms/directory-dialog.tsx")).DirectoryDialog,
  ),
  settings: laterDialog(async () => (await import("../rooms/settings-dialog.tsx")).SettingsDialog),
  "for-you": laterDialog(async () => (await import("../rooms/for-you-dialog.tsx")).ForYouDialog),
  sections: laterDialog(async () => (await import("../rooms/sections-dialog.tsx")).SectionsDialog),
  invites: laterDialog(async () => (await import("../rooms/invites-dialog.tsx")).InvitesDialog),
  bans: laterDialog(async () => (await import("../rooms/bans-dialog.tsx")).BansDialog),
  archive: laterDialog(async () => (await import("../rooms/archive-dialog.tsx")).ArchiveDialog),
  leave: laterDialog(async () => (await import("../rooms/leave-dialog.tsx")).LeaveDialog),
  inbox: laterDialog(async () => (await import("../inbox/inbox-panel.tsx")).InboxPanel),
  person: laterDialog(async () => (await import("../people/person-dialog.tsx")).PersonDialog),
  profile: laterDialog(async () => (await import("../people/profile-dialog.tsx")).ProfileDialog),
  status: laterDialog(async () => (await import("../people/status-dialog.tsx")).StatusDialog),
  keys: laterDialog(async () => (await import("./keys-dialog.tsx")).KeysDialog),
  mentions: laterDialog(
    async () => (await import("../threads/mentions-dialog.tsx")).MentionsDialog,
  ),
  threads: laterDialog(async () => (await import("../threads/threads-dialog.tsx")).ThreadsDialog),
  preferences: laterDialog(
    async () => (await import("./preferences-dialog.tsx")).PreferencesDialog,
  ),
};
