import { type Command, ProtocolError, type Published } from "@parlance/protocol";
import {
  appendIn,
  authorizeIn,
  findRepeat,
  relevantRole,
  type Stored,
  type Wanted,
} from "../append.ts";
import { allows } from "../authorize.ts";
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
  const older = context.connection?.appendOrder.older(command.room, room.revision);
  if (role instanceof Promise || older !== undefined) return publishLater(context, command);
  if (!allows(context.identity, "write", room.record, role)) return publishLater(context, command);
  return new Pipelined(store(context, command, room));
}

async function publishLater(
  context: CommandContext,
  command: Command<"publish">,
): Promise<Pipelined<Published>> {
  for (;;) {
    const room = await context.services.rooms.open(command.room, true);
    try {
      await authorizeIn(context, "write", room);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      const stored = await findRepeat(context, room, wantedBy(context, command), error);
      return new Pipelined(Promise.resolve(replyTo(command, stored)));
    }
    // Asked last: the revision may have grown while the role was looked up.
    const older = context.connection?.appendOrder.older(command.room, room.revision);
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
  const order = context.connection?.appendOrder;
  const ticket = order?.began(command.room, room.revision);
  try {
    const stored = await appendIn(context, room, wantedBy(context, command), async () => {
      if (ticket !== undefined) await order?.turn(command.room, ticket);
      await authorizeIn(context, "write", room);
      mustBeOpen(context);
    });
    return replyTo(command, stored);
  } finally {
    if (ticket !== undefined) order?.ended(command.room, ticket);
  }
}

function wantedBy(context: CommandContext, command: Command<"publish">): Wanted {
  const data = { text: command.text, author_name: context.identity.name };
  return {
    clientMessageId: command.client_message_id,
    event: { type: "message.created", data },
  };
}

function replyTo(command: Command<"publish">, stored: Stored): Published {
  return {
    room: command.room,
    epoch: stored.epoch,
    sequence: stored.sequence,
    message_id: stored.id,
    time: new Date(stored.time).toISOString(),
    ...(stored.repeated ? { repeated: true } : {}),
  };
}

/* Security: what waited may find that the connection was ended because its identity was. Where it merely went,
 * nobody was answered, and the client sends it again. */
function mustBeOpen(context: CommandContext): void {
  if (context.connection?.isClosed === true) throw new ProtocolError("unauthenticated");
}
