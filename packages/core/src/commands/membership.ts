import { type Command, type MembershipChanged, ProtocolError, type Role } from "@parlance/protocol";
import { appendIn, authorizeIn, openFor } from "../append.ts";
import type { Append } from "../ports/index.ts";
import type { Room } from "../room.ts";
import type { CommandContext } from "../services.ts";
import { mayEnter } from "./entering.ts";

/** Becomes a member. Whoever is one already gets the place where it began. */
export async function join(
  context: CommandContext,
  command: Command<"join">,
): Promise<MembershipChanged> {
  const room = await openFor(context, "join", command.room);
  await authorizeIn(context, "join", room);
  await mayEnter(context, room);
  const { user, name } = context.identity;
  const known = await context.services.directory.member(command.room, user);
  if (known !== undefined) return changed(room, known.joinedSequence);
  return record(
    context,
    room,
    { type: "member.joined", data: { user, name, role: "member" } },
    async () => {
      await authorizeIn(context, "join", room);
      if ((await room.roles.of(user)) !== undefined) throw new ProtocolError("conflict");
    },
  );
}

/** Stops being a member. */
export async function leave(
  context: CommandContext,
  command: Command<"leave">,
): Promise<MembershipChanged> {
  const { user, name } = context.identity;
  const room = await context.services.rooms.open(command.room);
  await authorizeIn(context, "read", room);
  const mustBeMember = async (): Promise<void> => {
    if ((await room.roles.of(user)) === undefined) throw new ProtocolError("not_found");
  };
  await mustBeMember();
  return record(
    context,
    room,
    { type: "member.left", data: { user, name, reason: "left" } },
    mustBeMember,
  );
}

/** An owner or moderator brings somebody in, or changes a role. */
export async function addMember(
  context: CommandContext,
  command: Command<"add_member">,
): Promise<MembershipChanged> {
  const room = await openFor(context, "manage", command.room);
  const role = command.role ?? "member";
  const mayAdd = async (): Promise<void> => {
    await authorizeIn(context, "manage", room);
    const present = await room.roles.of(command.user);
    await mayTouch(context, room, present);
    await mayTouch(context, room, role);
  };
  await mayAdd();
  const user = await context.services.directory.user(command.user);
  if (user === undefined || user.disabled) throw new ProtocolError("not_found");
  const known = await context.services.directory.member(command.room, command.user);
  if (known?.role === role) return changed(room, known.joinedSequence);
  const data = { user: user.id, name: user.name, role };
  return record(context, room, { type: "member.joined", data }, mayAdd);
}

/** An owner or moderator puts somebody out. Their subscriptions end with the event, on every node. */
export async function removeMember(
  context: CommandContext,
  command: Command<"remove_member">,
): Promise<MembershipChanged> {
  const room = await context.services.rooms.open(command.room);
  const mayRemove = async (): Promise<void> => {
    await authorizeIn(context, "manage", room);
    const role = await room.roles.of(command.user);
    if (role === undefined) throw new ProtocolError("not_found");
    await mayTouch(context, room, role);
  };
  await mayRemove();
  const known = await context.services.directory.member(command.room, command.user);
  if (known === undefined) throw new ProtocolError("not_found");
  const data = { user: known.user, name: known.name, reason: "removed" } as const;
  return record(context, room, { type: "member.left", data }, mayRemove);
}

/* Security: a moderator who could make or unmake owners would be one. */
async function mayTouch(
  context: CommandContext,
  room: Room,
  role: Role | undefined,
): Promise<void> {
  if (role !== "owner" && role !== "moderator") return;
  if (context.identity.scopes !== undefined) return;
  if ((await room.roles.of(context.identity.user)) !== "owner")
    throw new ProtocolError("forbidden");
}

async function record(
  context: CommandContext,
  room: Room,
  event: Append["event"],
  recheck: () => Promise<void>,
): Promise<MembershipChanged> {
  const stored = await appendIn(context, room, { event }, recheck);
  return { ...changed(room, stored.sequence), epoch: stored.epoch };
}

function changed(room: Room, sequence: number): MembershipChanged {
  return { room: room.record.room, epoch: room.epoch, sequence };
}
