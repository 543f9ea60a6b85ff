/** Schemas of bodies, paths and queries about what rooms are and how people come to them. */
import {
  fields,
  type InviteId,
  type InviteRole,
  inviteRoles,
  limits,
  type OwnPreferenceChanges,
  ownPreferenceChanges,
  type RoomChanges,
  type RoomId,
  type RoomPreferenceChanges,
  roles,
  roomChanges,
  roomPreferenceChanges,
  type Sequence,
  type UserId,
} from "@parlance/protocol";
import { z } from "zod";
import { queryNumber } from "./schemas.ts";

export interface DirectBody {
  users: UserId[];
}
export const directBody: z.ZodType<DirectBody> = z
  .object({
    users: z
      .array(fields.userId)
      .min(1)
      .max(limits.directUsers + 1),
  })
  .meta({ id: "NewDirectRoom" });

export const roomChangesBody: z.ZodType<RoomChanges> = roomChanges.meta({ id: "RoomChanges" });

export const roomPreferencesBody: z.ZodType<RoomPreferenceChanges> = roomPreferenceChanges.meta({
  id: "RoomPreferenceChanges",
});
export const preferencesBody: z.ZodType<OwnPreferenceChanges> = ownPreferenceChanges.meta({
  id: "PreferenceChanges",
});

export interface UnreadBody {
  sequence: Sequence;
}
export const unreadBody: z.ZodType<UnreadBody> = z
  .object({ sequence: fields.sequence.refine((place) => place > 0, "1 or above") })
  .meta({ id: "UnreadFrom" });

export interface RoleBody {
  role: (typeof roles)[number];
}
export const roleBody: z.ZodType<RoleBody> = z
  .object({ role: z.enum(roles) })
  .meta({ id: "NewRole" });

export interface BanBody {
  reason?: string;
}
export const banBody: z.ZodType<BanBody | null | undefined> = z
  .object({ reason: fields.topic.exactOptional() })
  .nullish()
  .meta({ id: "NewBan" });

export interface InviteBody {
  role?: InviteRole;
  uses?: number;
  expires_in_s?: number;
}
export const inviteBody: z.ZodType<InviteBody> = z
  .object({
    role: z.enum(inviteRoles).exactOptional(),
    uses: z.int().min(1).max(limits.inviteUses).exactOptional(),
    expires_in_s: z.int().min(1).max(limits.inviteSeconds).exactOptional(),
  })
  .meta({ id: "NewInvite" });

export interface InviteTokenBody {
  token: string;
}
export const inviteTokenBody: z.ZodType<InviteTokenBody> = z
  .object({ token: fields.token })
  .meta({ id: "InviteToken" });

export const inviteParams: z.ZodType<{ room: RoomId; invite: InviteId }> = z.object({
  room: fields.roomId,
  invite: fields.inviteId,
});

export interface JoinRequestBody {
  text?: string;
}
export const joinRequestBody: z.ZodType<JoinRequestBody> = z
  .object({ text: fields.longText.exactOptional() })
  .meta({ id: "NewJoinRequest" });

export interface JoinAnswerBody {
  accept: boolean;
}
export const joinAnswerBody: z.ZodType<JoinAnswerBody> = z
  .object({ accept: z.boolean() })
  .meta({ id: "JoinAnswer" });

export interface DirectoryQuery {
  query?: string;
  after?: string;
  limit?: number;
}
export const directoryQuery: z.ZodType<DirectoryQuery> = z.object({
  query: z.string().max(120).exactOptional(),
  after: z.string().min(1).max(1_024).exactOptional(),
  limit: queryNumber(fields.pageLimit).exactOptional(),
});
