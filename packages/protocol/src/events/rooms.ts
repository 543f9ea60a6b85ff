/** Durable events of what a room is and who may come in, beside `member.joined` and `member.left`. */
import { z } from "zod";
import { type InviteRole, inviteRoles } from "../commands/invites.ts";
import { inviteId, longText, topic, userId } from "../fields.ts";
import type { InviteId, UserId } from "../ids.ts";
import { type Role, roles } from "../room-kind.ts";
import { type RoomChanges, roomChangeFields } from "../room-settings.ts";

/** Payloads of room events by type. */
export interface RoomPayloads {
  /** What was set anew, with null for what went back to its default, and who did it. */
  "room.updated": RoomChanges & { readonly editor_name: string };
  /** A member stays one, with another role. */
  "member.role_changed": { readonly user: UserId; readonly name: string; readonly role: Role };
  /** Also ends the membership of somebody who had one. The author is who did it. */
  "member.banned": { readonly user: UserId; readonly name: string; readonly reason?: string };
  "member.unbanned": { readonly user: UserId; readonly name: string };
  /** A link was made. What is in the link is not here. */
  "invite.created": {
    readonly invite_id: InviteId;
    readonly role: InviteRole;
    /** Absent: any number. */
    readonly uses?: number;
    /** ISO 8601 with milliseconds, UTC. */
    readonly expires_at: string;
  };
  "invite.revoked": { readonly invite_id: InviteId };
  /** Somebody who is no member asks to be let in; the event is theirs. */
  "join.requested": { readonly user: UserId; readonly name: string; readonly text?: string };
  /** They are not. Where they are, `member.joined` says so. */
  "join.refused": { readonly user: UserId };
}

const person = { user: userId, name: z.string() };

/** Schemas of the payloads. */
export const roomPayloadSchemas: {
  readonly [T in keyof RoomPayloads]: z.ZodType<RoomPayloads[T]>;
} = {
  "room.updated": z.object({ ...roomChangeFields, editor_name: z.string() }),
  "member.role_changed": z.object({ ...person, role: z.enum(roles) }),
  "member.banned": z.object({ ...person, reason: topic.exactOptional() }),
  "member.unbanned": z.object(person),
  "invite.created": z.object({
    invite_id: inviteId,
    role: z.enum(inviteRoles),
    uses: z.int().min(1).exactOptional(),
    expires_at: z.iso.datetime(),
  }),
  "invite.revoked": z.object({ invite_id: inviteId }),
  "join.requested": z.object({ ...person, text: longText.exactOptional() }),
  "join.refused": z.object({ user: userId }),
};
