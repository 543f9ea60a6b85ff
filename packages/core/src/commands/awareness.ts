/** What clients of a document show of themselves. Whoever may read it may be seen in it. */
import {
  type AwarenessList,
  type AwarenessSet,
  type Command,
  ProtocolError,
} from "@parlance/protocol";
import type { Room } from "../room.ts";
import type { CommandContext, LiveContext } from "../services.ts";
import { openToRead } from "./reading.ts";

/** Takes what the caller's clients show; for connections with a subscription, as what they show ends with it. */
export async function setAwareness(
  context: LiveContext,
  command: Command<"set_awareness">,
): Promise<AwarenessSet> {
  const { connection, identity } = context;
  const room = await openDocument(context, command.room);
  const subscription = connection.subscription(command.room);
  if (subscription?.room !== room) throw new ProtocolError("conflict", { field: "room" });
  const taken = room.awareness.set(connection, identity, command.states, command.begins === true);
  return { room: command.room, ...taken };
}

/** Tells what everybody's clients show. */
export async function listAwareness(
  context: CommandContext,
  command: Command<"list_awareness">,
): Promise<AwarenessList> {
  const room = await openDocument(context, command.room);
  return { room: command.room, states: room.awareness.list() };
}

/** @throws ProtocolError `bad_request` where the room is one that the caller may read, and no document. */
async function openDocument(context: CommandContext, id: Room["record"]["room"]): Promise<Room> {
  const room = await openToRead(context, id);
  if (room.record.kind !== "document") throw new ProtocolError("bad_request", { field: "room" });
  return room;
}
