import {
  type Command,
  type HistoryPage,
  type ProofResult,
  ProtocolError,
  type RoomId,
} from "@parlance/protocol";
import { authorizeIn } from "../append.ts";
import type { Room } from "../room.ts";
import type { CommandContext } from "../services.ts";
import { mayEnter } from "./entering.ts";

/** Events or messages in a page where the caller does not say. */
export const defaultPage = 50;
/** UTF-8 bytes of payload after which a page ends early. */
export const pageBytes = 1_048_576;

/** The open room, if the caller may read it; it does not come into being by looking. */
export async function openToRead(context: CommandContext, id: RoomId): Promise<Room> {
  const room = await context.services.rooms.open(id);
  await authorizeIn(context, "read", room);
  await mayEnter(context, room);
  return room;
}

/* Security: another node may have put the caller out a moment ago. Without this a page would show what was written
 * since. */
/** To be asked before a page is answered that was read under other rights than those that were checked. */
export async function recheckRead(context: CommandContext, room: Room): Promise<void> {
  room.roles.forget();
  await room.caughtUp();
  await authorizeIn(context, "read", room);
}

/** A page of the log, in either direction. */
export async function history(
  context: CommandContext,
  command: Command<"history">,
): Promise<HistoryPage> {
  const room = await openToRead(context, command.room);
  const { revision } = room;
  const page = await context.services.log.read({
    room: command.room,
    ...(command.after === undefined ? {} : { after: command.after }),
    ...(command.before === undefined ? {} : { before: command.before }),
    limit: command.limit ?? defaultPage,
    maxBytes: pageBytes,
  });
  if (page === undefined) throw new ProtocolError("not_found");
  if (page.revision !== revision) await recheckRead(context, room);
  return {
    room: command.room,
    epoch: page.epoch,
    floor: page.floor,
    head: page.head,
    events: page.events.map((event) => event.frame),
  };
}

/** What proves that a range is complete and the same for every reader. */
export async function proof(
  context: CommandContext,
  command: Command<"proof">,
): Promise<ProofResult> {
  const { room, from, to } = command;
  await openToRead(context, room);
  const chain = await context.services.log.proof(room, from, to);
  if (chain === undefined) throw new ProtocolError("resync_required");
  return {
    room,
    epoch: chain.epoch,
    from,
    to,
    hash_before: chain.hashBefore,
    hash_after: chain.hashAfter,
    commitments: chain.commitments,
  };
}
