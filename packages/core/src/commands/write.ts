/**
 * Writing at full speed: appends of one connection that need not wait for each other, in the order in which they came,
 * whatever happens to rights meanwhile.
 */
import { ProtocolError, type Reply, type RoomId } from "@parlance/protocol";
import {
  appendIn,
  authorizeIn,
  findRepeat,
  openFor,
  relevantRole,
  type Stored,
  type Wanted,
} from "../append.ts";
import { allows } from "../authorize.ts";
import { isStaff } from "../kinds.ts";
import { type Awaitable, Pipelined } from "../outcome.ts";
import type { Room } from "../room.ts";
import type { CommandContext } from "../services.ts";
import { mayEnter, mustAskToEnter } from "./entering.ts";

/** What to store where, and what to answer once it is. */
export interface Writing<R extends Reply> {
  readonly room: RoomId;
  readonly wanted: Wanted;
  /** It is a message, so it waits for its turn in a room that is slowed. */
  readonly isPaced?: boolean;
  replyTo(stored: Stored): R;
}

/**
 * Writes one event. Where the room is open and the right is known, the append is on its way before this
 * returns; else the connection's later commands wait until it is.
 */
export function write<R extends Reply>(
  context: CommandContext,
  writing: Writing<R>,
): Awaitable<Pipelined<R>> {
  const room = context.services.rooms.get(writing.room);
  if (room === undefined) return writeLater(context, writing);
  const authorizeEnds = context.trace?.step("authorize");
  const role = relevantRole(context, "write", room);
  const older = context.connection?.appendOrder.older(writing.room, room.revision);
  if (role instanceof Promise || older !== undefined) return writeLater(context, writing);
  if (!allows(context.identity, "write", room.record, role)) return writeLater(context, writing);
  if (mustAskToEnter(context, room.record)) return writeLater(context, writing);
  if (writing.isPaced === true && room.pace.isSlow) return writeLater(context, writing);
  authorizeEnds?.();
  return new Pipelined(store(context, writing, room));
}

/** As `write`, for those that have to wait. */
export async function writeLater<R extends Reply>(
  context: CommandContext,
  writing: Writing<R>,
): Promise<Pipelined<R>> {
  const authorizeEnds = context.trace?.step("authorize");
  for (;;) {
    const room = await openFor(context, "write", writing.room);
    let isPaced = false;
    try {
      await authorizeIn(context, "write", room);
      await mayEnter(context, room);
      isPaced = writing.isPaced === true && (await mustWait(context, room));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      const stored = await findRepeat(context, room, writing.wanted, error);
      return new Pipelined(Promise.resolve(writing.replyTo(stored)));
    }
    // Asked last: the revision may have grown while the role was looked up.
    const older = context.connection?.appendOrder.older(writing.room, room.revision);
    if (older === undefined) {
      mustBeOpen(context);
      authorizeEnds?.();
      if (!isPaced) return new Pipelined(store(context, writing, room));
      return new Pipelined(storeInTurn(context, writing, room));
    }
    await older;
  }
}

/** Whether the caller has to wait between two messages. The room's staff and back ends do not. */
async function mustWait({ identity }: CommandContext, room: Room): Promise<boolean> {
  if (!room.pace.isSlow || identity.scopes !== undefined) return false;
  if (isStaff(await room.roles.of(identity.user))) return false;
  await room.pace.ready();
  return true;
}

/** As `store`, where it is the caller's turn. @throws ProtocolError `rate_limited`, if it was not stored before either. */
async function storeInTurn<R extends Reply>(
  context: CommandContext,
  writing: Writing<R>,
  room: Room,
): Promise<R> {
  const { user } = context.identity;
  const waitMs = room.pace.take(user);
  if (waitMs > 0) {
    const refusal = new ProtocolError("rate_limited", { retry_after_ms: waitMs });
    return writing.replyTo(await findRepeat(context, room, writing.wanted, refusal));
  }
  let isNew = false;
  const replyTo = (stored: Stored): R => {
    isNew = !stored.repeated;
    return writing.replyTo(stored);
  };
  try {
    return await store(context, { ...writing, replyTo }, room);
  } finally {
    if (!isNew) room.pace.giveBack(user);
  }
}

async function store<R extends Reply>(
  context: CommandContext,
  writing: Writing<R>,
  room: Room,
): Promise<R> {
  const order = context.connection?.appendOrder;
  const ticket = order?.began(writing.room, room.revision);
  try {
    const stored = await appendIn(context, room, writing.wanted, async (present) => {
      if (ticket !== undefined) await order?.turn(writing.room, ticket);
      await authorizeIn(context, "write", present);
      mustBeOpen(context);
    });
    return writing.replyTo(stored);
  } finally {
    if (ticket !== undefined) order?.ended(writing.room, ticket);
  }
}

/* Security: what waited may find that the connection was ended because its identity was. Where it merely went,
 * nobody was answered, and the client sends it again. */
export function mustBeOpen(context: CommandContext): void {
  if (context.connection?.isClosed === true) throw new ProtocolError("unauthenticated");
}
