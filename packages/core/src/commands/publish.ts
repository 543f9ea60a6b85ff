import { type Command, ProtocolError, type Published } from "@parlance/protocol";
import { appendIn, authorizeIn, relevantRole } from "../append.ts";
import { authorize } from "../authorize.ts";
import { type Awaitable, Pipelined } from "../outcome.ts";
import type { Room } from "../room.ts";
import type { CommandContext } from "../services.ts";

/**
 * Writes one message. Where the room is open and the right is known, the append is on its way before this
 * returns; else the connection's later commands wait until it is.
 */
export function publish(
  context: CommandContext,
  command: Command<"publish">,
): Awaitable<Pipelined<Published>> {
  const room = context.services.rooms.get(command.room);
  if (room === undefined) return publishLater(context, command);
  const role = relevantRole(context, "write", room);
  const older = context.connection?.olderAppends(command.room, room.revision);
  if (role instanceof Promise || older !== undefined) return publishLater(context, command);
  authorize(context.identity, "write", room.record, role);
  return new Pipelined(store(context, command, room));
}

async function publishLater(
  context: CommandContext,
  command: Command<"publish">,
): Promise<Pipelined<Published>> {
  for (;;) {
    const room = await context.services.rooms.open(command.room, true);
    await authorizeIn(context, "write", room);
    // Asked last: the revision may have grown while the role was looked up.
    const older = context.connection?.olderAppends(command.room, room.revision);
    if (older === undefined) {
      mustBeOpen(context);
      return new Pipelined(store(context, command, room));
    }
    await older;
  }
}

async function store(
  context: CommandContext,
  command: Command<"publish">,
  room: Room,
): Promise<Published> {
  const { identity, services, connection, device } = context;
  const ticket = connection?.appendBegan(command.room, room.revision);
  try {
    const stored = await appendIn(
      context,
      room,
      {
        id: services.ids.event(),
        author: identity.user,
        principal: identity.principal,
        ...(device === undefined ? {} : { device }),
        clientMessageId: command.client_message_id,
        time: services.clock.now(),
        event: {
          type: "message.created",
          data: { text: command.text, author_name: identity.name },
        },
      },
      async () => {
        if (ticket !== undefined) await connection?.appendTurn(command.room, ticket);
        await authorizeIn(context, "write", room);
        mustBeOpen(context);
      },
    );
    return {
      room: command.room,
      epoch: stored.epoch,
      sequence: stored.sequence,
      message_id: stored.id,
      time: new Date(stored.time).toISOString(),
      ...(stored.repeated ? { repeated: true } : {}),
    };
  } finally {
    if (ticket !== undefined) connection?.appendEnded(command.room, ticket);
  }
}

/* Security: what waited may find that the connection was ended because its identity was. Where it merely went,
 * nobody was answered, and the client sends it again. */
function mustBeOpen(context: CommandContext): void {
  if (context.connection?.isClosed === true) throw new ProtocolError("unauthenticated");
}
