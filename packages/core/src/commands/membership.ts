import { type Command, type MembershipChanged, ProtocolError } from "@parlance/protocol";
import { appendIn, authorizeIn, openFor } from "../append.ts";
import type { Standing } from "../authorize.ts";
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
  // Who these people are is what the room is. Whoever does not want to see it any more hides it.
  if (room.record.kind === "direct") throw new ProtocolError("forbidden");
  const mustBeMember = async (): Promise<void> => {
    const role = await room.roles.of(user);
    if (role === undefined || role === "banned") throw new ProtocolError("not_found");
    await mustKeepOwner(context, room, role);
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
    if (present === "banned") throw new ProtocolError("conflict", { field: "user" });
    await mayTouch(context, room, present);
    await mayTouch(context, room, role);
    if (role !== "owner") await mustKeepOwner(context, room, present);
  };
  await mayAdd();
  const user = await context.services.directory.user(command.user);
  if (user === undefined || user.disabled) throw new ProtocolError("not_found");
  const known = await context.services.directory.member(command.room, command.user);
  if (known?.role === role) return changed(room, known.joinedSequence);
  const data = { user: user.id, name: user.name, role };
  const type = known === undefined ? "member.joined" : "member.role_changed";
  return record(context, room, { type, data }, mayAdd);
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
    if (role === undefined || role === "banned") throw new ProtocolError("not_found");
    await mayTouch(context, room, role);
    await mustKeepOwner(context, room, role);
  };
  await mayRemove();
  const known = await context.services.directory.member(command.room, command.user);
  if (known === undefined) throw new ProtocolError("not_found");
  const data = { user: known.user, name: known.name, reason: "removed" } as const;
  return record(context, room, { type: "member.left", data }, mayRemove);
}

/* Security: a moderator who could make or unmake owners would be one. */
export async function mayTouch(context: CommandContext, room: Room, role: Standing): Promise<void> {
  if (role !== "owner" && role !== "moderator") return;
  if (context.identity.scopes !== undefined) return;
  if ((await room.roles.of(context.identity.user)) !== "owner")
    throw new ProtocolError("forbidden");
}

/**
 * A room with members and no owner can be looked after by nobody. To be asked again under each revision that the append may rest on.
 *
 * @param role Of whoever is about to be an owner no longer.
 * @throws ProtocolError `conflict` where it is the last owner's, and others are members.
 */
export async function mustKeepOwner(
  { services, identity }: CommandContext,
  room: Room,
  role: Standing,
): Promise<void> {
  if (role !== "owner" || identity.scopes !== undefined) return;
  const { members, owners } = await services.directory.memberCounts(room.record.room);
  if (owners <= 1 && members > 1) throw new ProtocolError("conflict", { field: "role" });
}

/** Stores an event about who belongs to a room. */
export async function record(
  context: CommandContext,
  room: Room,
  event: Append["event"],
  recheck: () => Promise<void>,
): Promise<MembershipChanged> {
  const stored = await appendIn(context, room, { event }, recheck);
  return { ...changed(room, stored.sequence), epoch: stored.epoch };
}

export function changed(room: Room, sequence: number): MembershipChanged {
  return { room: room.record.room, epoch: room.epoch, sequence };
}
