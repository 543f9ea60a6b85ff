/** Commands that keep messages at hand: earlier versions, pins of a room, what somebody saved, forwarding. */
import { z } from "zod";
import { eventId } from "../events/frame-schemas.ts";
import { clientMessageId, commandId, messageRef, pageLimit, roomId, sequence } from "../fields.ts";
import type { ClientMessageId, Epoch, EventId, RoomId, Sequence, UserId } from "../ids.ts";
import type { JsonObject } from "../json-value.ts";
import type { CommandId } from "./command-id.ts";
import type { Mentions } from "./mentions.ts";
import type { MessageView } from "./messages.ts";

/** What a message said, from its first version to the present one; nothing once it is deleted. */
export interface ListVersions {
  readonly type: "list_versions";
  readonly id: CommandId;
  readonly room: RoomId;
  readonly message_id: string;
}
export interface VersionList {
  readonly room: RoomId;
  readonly message_id: EventId;
  /** The newest 200, oldest first. */
  readonly versions: readonly MessageVersion[];
}
export interface MessageVersion {
  /** Of the event that says so. */
  readonly sequence: Sequence;
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly text: string;
  readonly data?: JsonObject;
  readonly mentions?: Mentions;
}

/** Pins a message to its room for all who read it, or takes the pin off. What is so already stays so and makes no event. */
export interface PinMessage {
  readonly type: "pin_message";
  readonly id: CommandId;
  readonly room: RoomId;
  readonly message_id: string;
  readonly on: boolean;
  readonly client_message_id?: ClientMessageId;
}
export interface Pinned {
  readonly room: RoomId;
  readonly epoch: Epoch;
  readonly message_id: EventId;
  readonly on: boolean;
  /** Of the event that says so; absent where it was so already. */
  readonly sequence?: Sequence;
  readonly repeated?: boolean;
}

/** The pinned messages of a room, the one pinned last first. A room has at most 100. */
export interface ListPins {
  readonly type: "list_pins";
  readonly id: CommandId;
  readonly room: RoomId;
}
export interface PinList {
  readonly room: RoomId;
  readonly epoch: Epoch;
  readonly head: Sequence;
  readonly pins: readonly PinView[];
}
export interface PinView {
  readonly message: MessageView;
  readonly by: UserId;
  /** ISO 8601, UTC. */
  readonly time: string;
}

/** Keeps a message for the caller alone, or does not any more. Somebody keeps at most 1,000. */
export interface SaveMessage {
  readonly type: "save_message";
  readonly id: CommandId;
  readonly room: RoomId;
  readonly message_id: string;
  readonly on: boolean;
}
export interface SavedMessage {
  readonly room: RoomId;
  readonly message_id: EventId;
  readonly saved: boolean;
}

/** What the caller saved, in rooms that it may read now, the one saved last first. */
export interface ListSaved {
  readonly type: "list_saved";
  readonly id: CommandId;
  /** `next` of the page before. */
  readonly before?: number;
  /** 1-200, 50 if absent. */
  readonly limit?: number;
}
export interface SavedList {
  readonly saved: readonly MessageView[];
  /** Where the next page begins; absent where there is none. */
  readonly next?: number;
}

/**
 * Writes a message that says what another one says now, into another room or the same. Where it is from is shown to those who may
 * read it there, and to nobody else.
 */
export interface ForwardMessage {
  readonly type: "forward_message";
  readonly id: CommandId;
  /** Where it goes. */
  readonly room: RoomId;
  readonly client_message_id: ClientMessageId;
  /** Where it is. */
  readonly from_room: RoomId;
  readonly message_id: string;
  /** The thread that it is written in. */
  readonly thread?: string;
}

/** Where a forwarded message is from. All but the id only for those who may read it there. */
export interface ForwardedFrom {
  readonly message_id: EventId;
  readonly room?: RoomId;
  readonly sequence?: Sequence;
  readonly author?: UserId;
  readonly author_name?: string;
  /** ISO 8601, UTC. */
  readonly time?: string;
}

/** Schema of the answer, for replies and events. */
export const savedMessage: z.ZodType<SavedMessage> = z.object({
  room: roomId,
  message_id: eventId,
  saved: z.boolean(),
});

const message = { id: commandId, room: roomId, message_id: messageRef };

export const listVersions: z.ZodType<ListVersions> = z.object({
  type: z.literal("list_versions"),
  ...message,
});

export const pinMessage: z.ZodType<PinMessage> = z.object({
  type: z.literal("pin_message"),
  ...message,
  on: z.boolean(),
  client_message_id: clientMessageId.exactOptional(),
});

export const listPins: z.ZodType<ListPins> = z.object({
  type: z.literal("list_pins"),
  id: commandId,
  room: roomId,
});

export const saveMessage: z.ZodType<SaveMessage> = z.object({
  type: z.literal("save_message"),
  ...message,
  on: z.boolean(),
});

export const listSaved: z.ZodType<ListSaved> = z.object({
  type: z.literal("list_saved"),
  id: commandId,
  before: sequence.exactOptional(),
  limit: pageLimit.exactOptional(),
});

export const forwardMessage: z.ZodType<ForwardMessage> = z.object({
  type: z.literal("forward_message"),
  ...message,
  client_message_id: clientMessageId,
  from_room: roomId,
  thread: messageRef.exactOptional(),
});
