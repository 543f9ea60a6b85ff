/** Commands about what is a person's own: preferences, and what is unread. */
import { z } from "zod";
import { commandId, messageRef, roomId, sequence } from "../fields.ts";
import type { EventId, RoomId, Sequence } from "../ids.ts";
import {
  type OwnPreferenceChanges,
  type OwnPreferences,
  ownPreferenceChanges,
  type RoomPreferenceChanges,
  type RoomPreferences,
  roomPreferenceChanges,
} from "../preferences.ts";
import type { CommandId } from "./command-id.ts";
import type { WireUser } from "./session.ts";

/** All that the caller prefers. */
export interface GetPreferences {
  readonly type: "get_preferences";
  readonly id: CommandId;
}
export interface AllPreferences {
  readonly preferences: OwnPreferences;
  /** Those in which something is set. */
  readonly rooms: readonly RoomPreferencesView[];
}
export interface RoomPreferencesView {
  readonly room: RoomId;
  readonly preferences: RoomPreferences;
}
/** Sets what the caller prefers everywhere; tells the caller's other devices. */
export interface SetPreferences {
  readonly type: "set_preferences";
  readonly id: CommandId;
  readonly changes: OwnPreferenceChanges;
}
export interface PreferencesSet {
  readonly preferences: OwnPreferences;
}
/** Sets how the caller wants to see one room, which it may read; tells the caller's other devices. */
export interface SetRoomPreferences {
  readonly type: "set_room_preferences";
  readonly id: CommandId;
  readonly room: RoomId;
  readonly changes: RoomPreferenceChanges;
}

/**
 * Makes everything from a place on unread again, for the caller alone: what others see as read stays. Does nothing where it is unread
 * already.
 */
export interface MarkUnread {
  readonly type: "mark_unread";
  readonly id: CommandId;
  readonly room: RoomId;
  /** The first that is to be unread, 1 or above. */
  readonly sequence: Sequence;
}

/** Who has read a message, as far as they tell. `feature_disabled` where the room's readers do not tell each other. */
export interface SeenBy {
  readonly type: "seen_by";
  readonly id: CommandId;
  readonly room: RoomId;
  readonly message_id: string;
}
export interface SeenByList {
  readonly room: RoomId;
  readonly message_id: EventId;
  /** Members whose mark is at the message or above it, its author left out. At most 1,000. */
  readonly users: readonly WireUser[];
}

export const getPreferences: z.ZodType<GetPreferences> = z.object({
  type: z.literal("get_preferences"),
  id: commandId,
});
export const setPreferences: z.ZodType<SetPreferences> = z.object({
  type: z.literal("set_preferences"),
  id: commandId,
  changes: ownPreferenceChanges,
});
export const setRoomPreferences: z.ZodType<SetRoomPreferences> = z.object({
  type: z.literal("set_room_preferences"),
  id: commandId,
  room: roomId,
  changes: roomPreferenceChanges,
});
export const markUnread: z.ZodType<MarkUnread> = z.object({
  type: z.literal("mark_unread"),
  id: commandId,
  room: roomId,
  sequence: sequence.refine((place) => place > 0, "there is nothing before the first"),
});
export const seenBy: z.ZodType<SeenBy> = z.object({
  type: z.literal("seen_by"),
  id: commandId,
  room: roomId,
  message_id: messageRef,
});
