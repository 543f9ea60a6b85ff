import type { Command, DocumentEdited } from "@parlance/protocol";
import { authorizeIn } from "../append.ts";
import type { Awaitable, Pipelined } from "../outcome.ts";
import type { CommandContext } from "../services.ts";
import { mayEnter } from "./entering.ts";
import { write } from "./write.ts";

/** Writes one change of a shared document, in order with everything else that the connection writes. */
export function editDocument(
  context: CommandContext,
  command: Command<"edit_document">,
): Awaitable<Pipelined<DocumentEdited>> {
  const { room, client_message_id: clientMessageId, changes } = command;
  const { number } = context.identity;
  const data = { changes, ...(number === undefined ? {} : { author_number: number }) };
  return write(context, {
    room,
    wanted: { clientMessageId, event: { type: "document.edited", data } },
    replyTo: ({ epoch, sequence, time, repeated }) => ({
      room,
      epoch,
      sequence,
      time: new Date(time).toISOString(),
      ...(repeated ? { repeated: true } : {}),
    }),
  });
}

/** Tells the room's others where the caller's cursor is. */
export async function cursor(
  context: CommandContext,
  command: Command<"cursor">,
): Promise<Record<string, never>> {
  const { services, identity } = context;
  const room = await services.rooms.open(command.room);
  await authorizeIn(context, "write", room);
  await mayEnter(context, room);
  const { user, name, number } = identity;
  room.cursors.moved({
    type: "cursor",
    room: command.room,
    user,
    ...(number === undefined ? {} : { number }),
    name,
    position: command.position,
  });
  return {};
}
