/** Commands about links that let people in. */
import { z } from "zod";
import { commandId, inviteId, roomId, token } from "../fields.ts";
import type { InviteId, RoomId, UserId } from "../ids.ts";
import { limits } from "../limits.ts";
import type { RoomKind } from "../room-kind.ts";
import type { CommandId } from "./command-id.ts";

/** Roles that a link can give. */
export const inviteRoles = ["member", "guest"] as const;
export type InviteRole = (typeof inviteRoles)[number];

/** Makes a link for a room, for its staff. */
export interface CreateInvite {
  readonly type: "create_invite";
  readonly id: CommandId;
  readonly room: RoomId;
  /** `member` if absent. */
  readonly role?: InviteRole;
  /** How many people may come by it, 1-10,000; any number if absent. */
  readonly uses?: number;
  /** Seconds that it lasts, at most a year; a week if absent. */
  readonly expires_in_s?: number;
}
/** The only answer that has the token: only its SHA-256 is kept. */
export interface InviteMade {
  readonly invite: InviteView;
  readonly token: string;
}
export interface InviteView {
  readonly invite_id: InviteId;
  readonly room: RoomId;
  readonly role: InviteRole;
  /** How many may still come by it; absent: any number. */
  readonly uses_left?: number;
  /** ISO 8601 with milliseconds, UTC. */
  readonly expires_at: string;
  readonly by: UserId;
}
/** Links of a room that are good, for its staff. */
export interface ListInvites {
  readonly type: "list_invites";
  readonly id: CommandId;
  readonly room: RoomId;
}
export interface InviteList {
  readonly room: RoomId;
  readonly invites: readonly InviteView[];
}
/** Makes a link useless. */
export interface RevokeInvite {
  readonly type: "revoke_invite";
  readonly id: CommandId;
  readonly room: RoomId;
  readonly invite_id: InviteId;
}

/** What a link leads to. `not_found` for one that is used up, over, taken back or was never made: all the same. */
export interface GetInvite {
  readonly type: "get_invite";
  readonly id: CommandId;
  readonly token: string;
}
export interface InvitePreview {
  readonly room: RoomId;
  readonly kind: RoomKind;
  readonly title: string;
  readonly topic?: string;
  readonly members: number;
  readonly role: InviteRole;
}
/** Becomes a member by a link. Whoever is one already stays what they are and uses nothing up. */
export interface AcceptInvite {
  readonly type: "accept_invite";
  readonly id: CommandId;
  readonly token: string;
}

export const createInvite: z.ZodType<CreateInvite> = z.object({
  type: z.literal("create_invite"),
  id: commandId,
  room: roomId,
  role: z.enum(inviteRoles).exactOptional(),
  uses: z.int().min(1).max(limits.inviteUses).exactOptional(),
  expires_in_s: z.int().min(1).max(limits.inviteSeconds).exactOptional(),
});
export const listInvites: z.ZodType<ListInvites> = z.object({
  type: z.literal("list_invites"),
  id: commandId,
  room: roomId,
});
export const revokeInvite: z.ZodType<RevokeInvite> = z.object({
  type: z.literal("revoke_invite"),
  id: commandId,
  room: roomId,
  invite_id: inviteId,
});
export const getInvite: z.ZodType<GetInvite> = z.object({
  type: z.literal("get_invite"),
  id: commandId,
  token,
});
export const acceptInvite: z.ZodType<AcceptInvite> = z.object({
  type: z.literal("accept_invite"),
  id: commandId,
  token,
});
