export * from "./canonical.ts";
export { applyPreferences, applyRoomChanges } from "./changes.ts";
export type * from "./commands/awareness.ts";
export type * from "./commands/calls.ts";
export type * from "./commands/documents.ts";
export type * from "./commands/editing.ts";
export type * from "./commands/files.ts";
export * from "./commands/index.ts";
export type * from "./commands/invites.ts";
export { inviteRoles } from "./commands/invites.ts";
export type * from "./commands/joining.ts";
export type * from "./commands/keeping.ts";
export type * from "./commands/later.ts";
export type * from "./commands/mentions.ts";
export { mentionWish } from "./commands/mentions.ts";
export type * from "./commands/messages.ts";
export type * from "./commands/moderation.ts";
export type * from "./commands/open-messages.ts";
export type * from "./commands/polls.ts";
export { choices, pollWish } from "./commands/polls.ts";
export type * from "./commands/preferences.ts";
export type * from "./commands/profiles.ts";
export type * from "./commands/reading.ts";
export type * from "./commands/room-settings.ts";
export type * from "./commands/rooms.ts";
export type * from "./commands/rpc.ts";
export type * from "./commands/search.ts";
export {
  searchAuthors,
  searchContext,
  searchCursor,
  searchFeature,
  searchLimit,
  searchQuery,
} from "./commands/search.ts";
export type * from "./commands/session.ts";
export type * from "./commands/slash.ts";
export { builtInCommands, commandAnswer, commandName } from "./commands/slash.ts";
export type * from "./commands/threads.ts";
export type * from "./commands/writing.ts";
export { reservedPublishFields } from "./commands/writing.ts";

export * from "./errors.ts";
export type * from "./events/awareness.ts";
export type * from "./events/calls.ts";
export type * from "./events/documents.ts";
export * from "./events/durable.ts";
export * from "./events/ephemeral.ts";
export type * from "./events/files.ts";
export * from "./events/own.ts";
export type * from "./events/polls.ts";
export type * from "./events/rooms.ts";
export * as fields from "./fields.ts";
export type * from "./frames.ts";
export type * from "./ids.ts";
export * from "./imports.ts";
export * from "./imports-documents.ts";
export * from "./imports-own.ts";
export * from "./json-value.ts";
export * from "./limits.ts";
export {
  type NotificationLevel,
  type OwnPreferenceChanges,
  type OwnPreferences,
  ownPreferenceChanges,
  type RoomPreferenceChanges,
  type RoomPreferences,
  roomPreferenceChanges,
  type Section,
} from "./preferences.ts";
export {
  type Availability,
  availabilities,
  type ChosenStatus,
  chosenAt,
  isSamePresence,
  type OwnProfile,
  type PresenceState,
  type PresentUser,
  type Profile,
  type ProfileChanges,
  presenceStates,
  presentUser,
  profileChanges,
} from "./profiles.ts";
export * from "./publication.ts";
export * from "./replies.ts";
export * from "./room-kind.ts";
export {
  type RoomAvatar,
  type RoomChanges,
  type RoomSettings,
  roomChanges,
} from "./room-settings.ts";
export * from "./version.ts";
