import {
  type Command,
  type MembershipChanged,
  ProtocolError,
  type RoomChanges,
  type RoomId,
  type RoomUpdated,
} from "@parlance/protocol";
import { appendIn, authorizeIn } from "../append.ts";
import { isListable } from "../kinds.ts";
import type { MemberRecord } from "../ports/index.ts";
import type { Room } from "../room.ts";
import type { CommandContext } from "../services.ts";
import { changed, mayTouch, mustKeepOwner, record } from "./membership.ts";

/** Sets a room's title and settings. */
export async function updateRoom(
  context: CommandContext,
  command: Command<"update_room">,
): Promise<RoomUpdated> {
  const { changes, client_message_id: key } = command;
  const room = await context.services.rooms.open(command.room);
  const mayUpdate = (): Promise<void> => authorizeIn(context, "manage", room);
  await mayUpdate();
  if (changes.listed === true && !isListable(room.record.kind)) {
    throw new ProtocolError("bad_request", { field: "listed" });
  }
  // Elsewhere people read without being members: nobody could say since when.
  if (changes.history === "since_joined" && room.record.kind !== "private") {
    throw new ProtocolError("bad_request", { field: "history" });
  }
  await mustHavePicture(context, command.room, changes);
  const data = { ...changes, editor_name: context.identity.name };
  const stored = await appendIn(
    context,
    room,
    {
      ...(key === undefined ? {} : { clientMessageId: key }),
      event: { type: "room.updated", data },
    },
    mayUpdate,
  );
  const { epoch, sequence, repeated } = stored;
  return { room: command.room, epoch, sequence, ...(repeated ? { repeated } : {}) };
}

/* Security: a picture of another room would tell who may not read that room that it is there. */
async function mustHavePicture(
  { services }: CommandContext,
  room: RoomId,
  { avatar }: RoomChanges,
): Promise<void> {
  if (avatar === undefined || avatar === null || !("file" in avatar)) return;
  const found = await services.files?.ports.index.file(avatar.file);
  if (found?.file.room !== room) throw new ProtocolError("not_found");
}

/** Gives a member another role. */
export async function setRole(
  context: CommandContext,
  command: Command<"set_role">,
): Promise<MembershipChanged> {
  const room = await context.services.rooms.open(command.room);
  const known = await mayGive(context, room, command);
  if (known.role === command.role) return changed(room, known.joinedSequence);
  const { user, name } = known;
  const data = { user, name, role: command.role };
  return record(context, room, { type: "member.role_changed", data }, async () => {
    await mayGive(context, room, command);
  });
}

async function mayGive(
  context: CommandContext,
  room: Room,
  command: Command<"set_role">,
): Promise<MemberRecord> {
  await authorizeIn(context, "manage", room);
  const known = await context.services.directory.member(command.room, command.user);
  if (known === undefined) throw new ProtocolError("not_found");
  await mayTouch(context, room, known.role);
  await mayTouch(context, room, command.role);
  if (command.role !== "owner") await mustKeepOwner(context, room, known.role);
  return known;
}
