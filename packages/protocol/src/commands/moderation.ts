/** Commands that keep people out of a room. */
import { z } from "zod";
import { commandId, roomId, topic, userId } from "../fields.ts";
import type { RoomId, UserId } from "../ids.ts";
import type { CommandId } from "./command-id.ts";
import type { WireUser } from "./session.ts";

/**
 * Puts somebody out of a room for good, member or not: they can neither read nor write nor come back, and their subscriptions end on
 * every node. In a room that everybody may read they are told `forbidden`, elsewhere `not_found`.
 */
export interface BanMember {
  readonly type: "ban_member";
  readonly id: CommandId;
  readonly room: RoomId;
  readonly user: UserId;
  /** One line, for whoever is banned and for the room's members to read. */
  readonly reason?: string;
}
/** Lets somebody come back who was banned. Does not make a member. */
export interface UnbanMember {
  readonly type: "unban_member";
  readonly id: CommandId;
  readonly room: RoomId;
  readonly user: UserId;
}
/** Who is banned from a room, for its staff. */
export interface ListBans {
  readonly type: "list_bans";
  readonly id: CommandId;
  readonly room: RoomId;
}
export interface BanView {
  readonly user: WireUser;
  /** Who did it. */
  readonly by: UserId;
  /** ISO 8601 with milliseconds, UTC. */
  readonly time: string;
  readonly reason?: string;
}
export interface BanList {
  readonly room: RoomId;
  /** The newest first. */
  readonly bans: readonly BanView[];
}

export const banMember: z.ZodType<BanMember> = z.object({
  type: z.literal("ban_member"),
  id: commandId,
  room: roomId,
  user: userId,
  reason: topic.exactOptional(),
});
export const unbanMember: z.ZodType<UnbanMember> = z.object({
  type: z.literal("unban_member"),
  id: commandId,
  room: roomId,
  user: userId,
});
export const listBans: z.ZodType<ListBans> = z.object({
  type: z.literal("list_bans"),
  id: commandId,
  room: roomId,
});
