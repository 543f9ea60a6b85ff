import {
  type BanList,
  type Command,
  limits,
  type MembershipChanged,
  ProtocolError,
} from "@parlance/protocol";
import { authorizeIn } from "../append.ts";
import { memberUser } from "../frames.ts";
import type { Room } from "../room.ts";
import type { CommandContext } from "../services.ts";
import { changed, mayTouch, record } from "./membership.ts";

/** Puts somebody out for good. Their subscriptions end with the event, on every node. */
export async function banMember(
  context: CommandContext,
  command: Command<"ban_member">,
): Promise<MembershipChanged> {
  const { directory, rooms } = context.services;
  const room = await rooms.open(command.room);
  const mayBan = async (): Promise<void> => {
    await authorizeIn(context, "manage", room);
    if (command.user === context.identity.user) throw new ProtocolError("forbidden");
    await mayTouch(context, room, await room.roles.of(command.user));
  };
  await mayBan();
  if ((await room.roles.of(command.user)) === "banned") return changed(room, room.last);
  const member = await directory.member(command.room, command.user);
  const name = member?.name ?? (await directory.user(command.user))?.name;
  if (name === undefined) throw new ProtocolError("not_found");
  const { user, reason } = command;
  const data = { user, name, ...(reason === undefined ? {} : { reason }) };
  return record(context, room, { type: "member.banned", data }, mayBan);
}

/** Lets somebody come back. */
export async function unbanMember(
  context: CommandContext,
  command: Command<"unban_member">,
): Promise<MembershipChanged> {
  const { directory, rooms } = context.services;
  const room = await rooms.open(command.room);
  const mayUnban = async (): Promise<void> => {
    await authorizeIn(context, "manage", room);
    if ((await room.roles.of(command.user)) !== "banned") throw new ProtocolError("not_found");
  };
  await mayUnban();
  const user = await directory.user(command.user);
  const data = { user: command.user, name: user?.name ?? command.user };
  return record(context, room, { type: "member.unbanned", data }, mayUnban);
}

/** Who is banned, for the staff. */
export async function listBans(
  context: CommandContext,
  command: Command<"list_bans">,
): Promise<BanList> {
  await openToManage(context, command.room);
  const bans = await context.services.directory.bans(command.room, limits.listItems);
  return {
    room: command.room,
    bans: bans.map((ban) => ({
      user: memberUser(ban),
      by: ban.by,
      time: new Date(ban.time).toISOString(),
      ...(ban.reason === undefined ? {} : { reason: ban.reason }),
    })),
  };
}

/** The open room, if the caller looks after it. @throws ProtocolError */
export async function openToManage(
  context: CommandContext,
  id: Room["record"]["room"],
): Promise<Room> {
  const room = await context.services.rooms.open(id);
  await authorizeIn(context, "manage", room);
  return room;
}
