/** Commands about rooms and who belongs to them. */
import { z } from "zod";
import { commandId, roomId, roomTitle, userId } from "../fields.ts";
import type { Epoch, RoomId, Sequence, UserId } from "../ids.ts";
import { limits } from "../limits.ts";
import type { PresentUser } from "../profiles.ts";
import type { Role, RoomKind } from "../room-kind.ts";
import { roles } from "../room-kind.ts";
import type { RoomSettings } from "../room-settings.ts";
import type { CommandId } from "./command-id.ts";
import type { WireUser } from "./session.ts";

/** Makes a room. Its maker becomes owner. Private and direct rooms, and documents without one, get an id of the server's choice. */
export interface CreateRoom {
  readonly type: "create_room";
  readonly id: CommandId;
  readonly kind: "public" | "private" | "announcement" | "document";
  readonly title: string;
  /** Not for `private`; made from the title if absent, of documents by the server. */
  readonly room?: RoomId;
}

/** A room as its reader sees it, with what is set. */
export interface RoomView extends RoomSettings {
  readonly room: RoomId;
  readonly kind: RoomKind;
  readonly title: string;
  readonly epoch: Epoch;
  readonly head: Sequence;
  readonly floor: Sequence;
  readonly role?: Role;
  /** The caller's read mark and what lies above it; members only. */
  readonly read_mark?: Sequence;
  readonly unread?: number;
  /** The caller's private mark, which `unread` counts from: below `read_mark` where something was marked unread again. */
  readonly unread_after?: Sequence;
  /** How many of the unread messages of the main line mention the caller; members only, absent where none does. */
  readonly mentions?: number;
  /** The others in a direct room, in the order in which they came. */
  readonly with?: readonly WireUser[];
}

/** One room as the caller sees it. Never makes it. */
export interface GetRoom {
  readonly type: "get_room";
  readonly id: CommandId;
  readonly room: RoomId;
}

/** The caller's rooms, and public rooms to discover. */
export interface ListRooms {
  readonly type: "list_rooms";
  readonly id: CommandId;
}
export interface RoomList {
  /** Rooms that the caller is a member of. */
  readonly joined: readonly RoomView[];
  /** Public and announcement rooms that the caller may join. */
  readonly discoverable: readonly RoomView[];
}

/** Becomes a member: a durable event. Does not subscribe. */
export interface Join {
  readonly type: "join";
  readonly id: CommandId;
  readonly room: RoomId;
}
/** Stops being a member: a durable event. Ends subscriptions where reading needs membership. */
export interface Leave {
  readonly type: "leave";
  readonly id: CommandId;
  readonly room: RoomId;
}
/** Answer to `join`, `leave`, `add_member` and `remove_member`: where the event is in the log. */
export interface MembershipChanged {
  readonly room: RoomId;
  readonly epoch: Epoch;
  readonly sequence: Sequence;
}

/** An owner or moderator brings somebody in. */
export interface AddMember {
  readonly type: "add_member";
  readonly id: CommandId;
  readonly room: RoomId;
  readonly user: UserId;
  readonly role?: Role;
}
/** An owner or moderator puts somebody out. */
export interface RemoveMember {
  readonly type: "remove_member";
  readonly id: CommandId;
  readonly room: RoomId;
  readonly user: UserId;
}

export interface ListMembers {
  readonly type: "list_members";
  readonly id: CommandId;
  readonly room: RoomId;
}
export interface MemberView {
  readonly user: WireUser;
  readonly role: Role;
  /** The mark that others may see; 0 of those who do not tell, and of all where the room's readers do not. */
  readonly read_mark: Sequence;
}
export interface MemberList {
  readonly room: RoomId;
  readonly members: readonly MemberView[];
}

/** Who is in the room now: users with a live subscription, on any node. */
export interface Presence {
  readonly type: "presence";
  readonly id: CommandId;
  readonly room: RoomId;
}
export interface PresenceList {
  readonly room: RoomId;
  readonly users: readonly PresentUser[];
}

export const createRoom: z.ZodType<CreateRoom> = z
  .object({
    type: z.literal("create_room"),
    id: commandId,
    kind: z.enum(["public", "private", "announcement", "document"]),
    title: roomTitle,
    room: roomId.exactOptional(),
  })
  .refine((frame) => frame.room === undefined || frame.kind !== "private", {
    message: "a private room's id is made by the server",
    path: ["room"],
  });

export const getRoom: z.ZodType<GetRoom> = z.object({
  type: z.literal("get_room"),
  id: commandId,
  room: roomId,
});
export const listRooms: z.ZodType<ListRooms> = z.object({
  type: z.literal("list_rooms"),
  id: commandId,
});
export const join: z.ZodType<Join> = z.object({
  type: z.literal("join"),
  id: commandId,
  room: roomId,
});
export const leave: z.ZodType<Leave> = z.object({
  type: z.literal("leave"),
  id: commandId,
  room: roomId,
});
export const addMember: z.ZodType<AddMember> = z.object({
  type: z.literal("add_member"),
  id: commandId,
  room: roomId,
  user: userId,
  role: z.enum(roles).exactOptional(),
});
export const removeMember: z.ZodType<RemoveMember> = z.object({
  type: z.literal("remove_member"),
  id: commandId,
  room: roomId,
  user: userId,
});
export const listMembers: z.ZodType<ListMembers> = z.object({
  type: z.literal("list_members"),
  id: commandId,
  room: roomId,
});
export const presence: z.ZodType<Presence> = z.object({
  type: z.literal("presence"),
  id: commandId,
  room: roomId,
});

/** Longest listing that one reply carries. */
export const listLimit: number = limits.listItems;
