import {
  type Command,
  type HistoryPage,
  type ProofResult,
  ProtocolError,
  type RoomId,
} from "@parlance/protocol";
import { authorizeIn } from "../append.ts";
import { floorFor, isWithheld, readFrom } from "../reader-floor.ts";
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
  const { after } = command;
  const from = after === undefined ? undefined : Math.max(after, await floorFor(context, room));
  const page = await context.services.log.read({
    room: command.room,
    ...(from === undefined ? {} : { after: from }),
    ...(command.before === undefined ? {} : { before: command.before }),
    limit: command.limit ?? defaultPage,
    maxBytes: pageBytes,
  });
  if (page === undefined) throw new ProtocolError("not_found");
  if (page.revision !== revision) await recheckRead(context, room);
  const floor = Math.max(page.floor, await floorFor(context, room));
  return {
    room: command.room,
    epoch: page.epoch,
    floor,
    head: page.head,
    events: page.events.flatMap(({ frame }) =>
      frame.sequence > floor ? [readFrom(floor, frame)] : [],
    ),
  };
}

/** What proves that a range is complete and the same for every reader. */
export async function proof(
  context: CommandContext,
  command: Command<"proof">,
): Promise<ProofResult> {
  const { room, from, to } = command;
  const opened = await openToRead(context, room);
  const chain = await context.services.log.proof(
    room,
    from,
    to,
    await withheldFrom(context, opened, { from, to }),
  );
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

/* Security: with the nonce, whoever guesses a text could tell whether it is the one. Of what the caller is not shown there is only the
 * commitment, as of what was erased. */
/** Places in a range whose events say what the caller does not read. @throws ProtocolError `resync_required` where the range begins before that. */
async function withheldFrom(
  context: CommandContext,
  room: Room,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<readonly number[]> {
  const floor = await floorFor(context, room);
  if (from <= floor) throw new ProtocolError("resync_required");
  if (floor === room.record.floor) return [];
  const found: number[] = [];
  for (let after = from - 1; after < to; ) {
    const page = await context.services.log.read({
      room: room.record.room,
      after,
      upTo: to,
      limit: to - after,
      maxBytes: pageBytes,
    });
    const last = page?.events.at(-1);
    if (page === undefined || last === undefined) break;
    for (const { frame } of page.events) {
      if (isWithheld(frame, floor)) found.push(frame.sequence);
    }
    after = last.frame.sequence;
  }
  return found;
}
