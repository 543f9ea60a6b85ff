/** Links that let people in. Only a digest of a link's token is kept, and it is the link's id. */
import {
  type Command,
  type InviteId,
  type InviteList,
  type InviteMade,
  type InvitePreview,
  type InviteView,
  limits,
  type MembershipChanged,
  ProtocolError,
  type RoomView,
} from "@parlance/protocol";
import { authorizeIn } from "../append.ts";
import { isFor } from "../authorize.ts";
import type { InviteRecord } from "../ports/index.ts";
import type { Room } from "../room.ts";
import type { CommandContext } from "../services.ts";
import { mayEnter } from "./entering.ts";
import { record } from "./membership.ts";
import { openToManage } from "./moderation.ts";
import { getRoom } from "./rooms.ts";

const defaultSeconds = 7 * 24 * 3_600;

/** Makes a link. */
export async function createInvite(
  context: CommandContext,
  command: Command<"create_invite">,
): Promise<InviteMade> {
  const { clock, directory, ids } = context.services;
  const room = await openToManage(context, command.room);
  const present = await directory.invites(command.room, clock.now(), limits.invites);
  if (present.length >= limits.invites) {
    throw new ProtocolError("rate_limited", { limit: limits.invites });
  }
  const token = ids.secret();
  const id = inviteIdOf(context, token);
  const { role = "member", uses, expires_in_s: seconds = defaultSeconds } = command;
  const expiresAt = clock.now() + seconds * 1_000;
  const data = {
    invite_id: id,
    role,
    ...(uses === undefined ? {} : { uses }),
    expires_at: new Date(expiresAt).toISOString(),
  };
  await record(context, room, { type: "invite.created", data }, () =>
    authorizeIn(context, "manage", room),
  );
  const left = uses === undefined ? {} : { usesLeft: uses };
  const by = context.identity.user;
  const invite = viewOf({ id, room: command.room, role, expiresAt, by, ...left });
  return { invite, token };
}

/** The links that are good, for the staff. */
export async function listInvites(
  context: CommandContext,
  command: Command<"list_invites">,
): Promise<InviteList> {
  const { clock, directory } = context.services;
  await openToManage(context, command.room);
  const invites = await directory.invites(command.room, clock.now(), limits.invites);
  return { room: command.room, invites: invites.map(viewOf) };
}

/** Makes a link useless. */
export async function revokeInvite(
  context: CommandContext,
  command: Command<"revoke_invite">,
): Promise<MembershipChanged> {
  const room = await openToManage(context, command.room);
  const known = await context.services.directory.invite(command.invite_id);
  if (known?.room !== command.room) throw new ProtocolError("not_found");
  const data = { invite_id: command.invite_id };
  return record(context, room, { type: "invite.revoked", data }, () =>
    authorizeIn(context, "manage", room),
  );
}

/** What a link leads to, for whoever has it. */
export async function getInvite(
  context: CommandContext,
  command: Command<"get_invite">,
): Promise<InvitePreview> {
  const { invite, room } = await follow(context, command.token);
  const { members } = await context.services.directory.memberCounts(invite.room);
  const { kind, title, settings } = room.record;
  const topic = settings.topic === undefined ? {} : { topic: settings.topic };
  return { room: invite.room, kind, title, ...topic, members, role: invite.role };
}

/** Comes in by a link. */
export async function acceptInvite(
  context: CommandContext,
  command: Command<"accept_invite">,
): Promise<RoomView> {
  const { invite, room } = await follow(context, command.token);
  await mayEnter(context, room);
  const { user, name } = context.identity;
  const mayCome = async (): Promise<boolean> => {
    const standing = await room.roles.of(user);
    if (standing === "banned") throw new ProtocolError("not_found");
    return standing === undefined;
  };
  const data = { user, name, role: invite.role, invite_id: invite.id };
  if (await mayCome()) {
    await record(context, room, { type: "member.joined", data }, async () => {
      if (!(await mayCome())) throw new ProtocolError("conflict");
    });
  }
  return getRoom(context, { type: "get_room", id: command.id, room: invite.room });
}

/* Security: one answer for every link that is not good, so that trying some tells nothing. The role is the link's, whatever comes
 * with the command; storage counts the uses again when somebody comes in. */
async function follow(
  context: CommandContext,
  token: string,
): Promise<{ readonly invite: InviteRecord; readonly room: Room }> {
  const { clock, directory, rooms } = context.services;
  const { identity } = context;
  const invite = await directory.invite(inviteIdOf(context, token));
  const isGood = invite !== undefined && invite.usesLeft !== 0 && invite.expiresAt > clock.now();
  const isSomebody = identity.isAnonymous !== true && identity.scopes === undefined;
  if (!isGood || !isSomebody || !isFor(identity, invite.room)) throw new ProtocolError("not_found");
  const room = await rooms.open(invite.room);
  if ((await room.roles.of(identity.user)) === "banned") throw new ProtocolError("not_found");
  return { invite, room };
}

function inviteIdOf({ services }: CommandContext, token: string): InviteId {
  return services.ids.digest(`invite ${token}`).slice(0, 32) as InviteId;
}

function viewOf({ id, room, role, usesLeft, expiresAt, by }: InviteRecord): InviteView {
  return {
    invite_id: id,
    room,
    role,
    ...(usesLeft === undefined ? {} : { uses_left: usesLeft }),
    expires_at: new Date(expiresAt).toISOString(),
    by,
  };
}
