/** Commands that make direct rooms and change what rooms are. */
import { z } from "zod";
import { clientMessageId, commandId, roomId, userId } from "../fields.ts";
import type { ClientMessageId, Epoch, RoomId, Sequence, UserId } from "../ids.ts";
import { limits } from "../limits.ts";
import type { Role } from "../room-kind.ts";
import { roles } from "../room-kind.ts";
import type { RoomChanges } from "../room-settings.ts";
import { roomChanges } from "../room-settings.ts";
import type { CommandId } from "./command-id.ts";

/**
 * The direct room of the caller and these people, made where there is none. One set of people has one such room, whoever asks and in
 * whatever order. Answered with `not_found` where one of them is nobody, or nobody to write to.
 */
export interface OpenDirect {
  readonly type: "open_direct";
  readonly id: CommandId;
  /** 1-8 others. The caller may be named too and does not count. */
  readonly users: readonly UserId[];
}

/** Sets what a room is called and how it behaves: owners and moderators. */
export interface UpdateRoom {
  readonly type: "update_room";
  readonly id: CommandId;
  readonly room: RoomId;
  readonly changes: RoomChanges;
  readonly client_message_id?: ClientMessageId;
}
/** Where the change is in the log. */
export interface RoomUpdated {
  readonly room: RoomId;
  readonly epoch: Epoch;
  readonly sequence: Sequence;
  readonly repeated?: boolean;
}

/**
 * Gives a member another role. Only owners make and unmake owners and moderators, and the last owner of a room with other members
 * stays one.
 */
export interface SetRole {
  readonly type: "set_role";
  readonly id: CommandId;
  readonly room: RoomId;
  readonly user: UserId;
  readonly role: Role;
}

export const openDirect: z.ZodType<OpenDirect> = z.object({
  type: z.literal("open_direct"),
  id: commandId,
  users: z
    .array(userId)
    .min(1)
    .max(limits.directUsers + 1),
});
export const updateRoom: z.ZodType<UpdateRoom> = z.object({
  type: z.literal("update_room"),
  id: commandId,
  room: roomId,
  changes: roomChanges,
  client_message_id: clientMessageId.exactOptional(),
});
export const setRole: z.ZodType<SetRole> = z.object({
  type: z.literal("set_role"),
  id: commandId,
  room: roomId,
  user: userId,
  role: z.enum(roles),
});
