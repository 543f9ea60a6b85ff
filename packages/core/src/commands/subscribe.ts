import {
  type Command,
  type Json,
  limits,
  type Position,
  ProtocolError,
  type Resumed,
  type ResumeRoom,
  type RoomId,
  type Sequence,
  type Subscribed,
} from "@parlance/protocol";
import { openFor, relevantRole } from "../append.ts";
import { authorize } from "../authorize.ts";
import { asProtocolError } from "../failure.ts";
import { type Awaitable, Together } from "../outcome.ts";
import { floorFor } from "../reader-floor.ts";
import type { Room } from "../room.ts";
import type { LiveContext } from "../services.ts";
import { Subscription, type SubscriptionFacts } from "../subscription.ts";
import { mayEnter, mustAskToEnter } from "./entering.ts";

/** What a client is told to wait where a room was closed while it was being subscribed. */
const retryAfterMs = 100;

/** Starts live delivery; its reply tells the place from which events follow. */
export function subscribe(
  context: LiveContext,
  command: Command<"subscribe">,
  {
    info,
    notAfter,
    isHeld = false,
  }: { readonly info?: Json; readonly notAfter?: Sequence; readonly isHeld?: boolean } = {},
): Awaitable<Together<Subscribed>> {
  const begin = (room: Room): Together<Subscribed> => {
    let start: Subscription | undefined;
    return new Together(
      () => {
        const { last = 0, position } = command;
        const floor = knownFloor(context, room);
        const newest = Math.max(floor, Math.min(room.last - last, notAfter ?? room.last));
        const offset = Math.min(position?.offset ?? newest, newest);
        if (command.with_present === true) room.presence.tellNow();
        const wantsPresence = command.presence === true;
        const about = info === undefined ? {} : { info };
        start = attach(context, room, { offset, floor, wantsPresence, isHeld, ...about });
        const placed = place(room, floor, start === undefined ? placeOf(context, room) : offset);
        if (command.with_present !== true) return placed;
        return { ...placed, present: room.presence.listWith(context.identity) };
      },
      () => {
        if (start !== undefined) start.room.catchUp(start);
      },
    );
  };
  const room = readable(context, command.room, command.position);
  return room instanceof Promise ? room.then(begin) : begin(room);
}

/** `subscribe` with a position for many rooms; each is answered by itself. */
export async function resume(
  context: LiveContext,
  command: Command<"resume">,
): Promise<Together<Resumed>> {
  const opened = await Promise.all(
    command.rooms.map(async (wanted): Promise<Room | ProtocolError> => {
      try {
        return await readable(context, wanted.room, wanted.position);
      } catch (error) {
        const fields = { connection_id: context.connection.connectionId };
        return asProtocolError(error, context.services.report, fields);
      }
    }),
  );
  const started: Subscription[] = [];
  const begin = (
    wanted: ResumeRoom,
    room: Room | ProtocolError | undefined,
  ): Resumed["rooms"][number] => {
    const refusal = room instanceof ProtocolError ? room : new ProtocolError("not_found");
    if (room === undefined || room instanceof ProtocolError) {
      return { room: wanted.room, error: refusal.toWire() };
    }
    try {
      const { offset } = wanted.position;
      const floor = knownFloor(context, room);
      const wantsPresence = wanted.presence === true;
      const subscription = attach(context, room, { offset, floor, wantsPresence });
      if (subscription !== undefined) started.push(subscription);
      return place(room, floor, subscription === undefined ? placeOf(context, room) : offset);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      return { room: wanted.room, error: error.toWire() };
    }
  };
  return new Together(
    () => ({ rooms: command.rooms.map((wanted, index) => begin(wanted, opened[index])) }),
    () => {
      for (const subscription of started) subscription.room.catchUp(subscription);
    },
  );
}

/** Ends live delivery. */
export function unsubscribe(
  context: LiveContext,
  command: Command<"unsubscribe">,
): Record<string, never> {
  const subscription = context.connection.subscription(command.room);
  if (subscription !== undefined) context.connection.endSubscription(subscription);
  return {};
}

/** The open room, if the caller may read it and the position is in its log. Immediate where all is known. */
function readable(
  context: LiveContext,
  id: RoomId,
  position: Position | undefined,
): Awaitable<Room> {
  const room = context.services.rooms.get(id);
  if (room === undefined) return openReadable(context, id, position);
  const role = relevantRole(context, "read", room);
  const floor = floorFor(context, room);
  if (
    role instanceof Promise ||
    floor instanceof Promise ||
    isUnheardOf(room, position) ||
    mustAskToEnter(context, room.record)
  ) {
    return openReadable(context, id, position);
  }
  authorize(context.identity, "read", room.record, role);
  checkPosition(room, floor, position);
  return room;
}

async function openReadable(
  context: LiveContext,
  id: RoomId,
  position: Position | undefined,
): Promise<Room> {
  let room = await openFor(context, "read", id);
  authorize(context.identity, "read", room.record, await relevantRole(context, "read", room));
  if (isUnheardOf(room, position)) {
    await room.caughtUp();
    // The same one, unless its log has begun a new life.
    room = await openFor(context, "read", id);
    authorize(context.identity, "read", room.record, await relevantRole(context, "read", room));
  }
  await mayEnter(context, room);
  checkPosition(room, await floorFor(context, room), position);
  return room;
}

/** Another node may have told the client more than this one has heard yet. */
function isUnheardOf(room: Room, position: Position | undefined): boolean {
  if (position === undefined) return false;
  return position.epoch !== room.epoch || position.offset > room.last;
}

function checkPosition(room: Room, floor: Sequence, position: Position | undefined): void {
  if (position === undefined) return;
  const isKept = position.offset >= floor && position.offset <= room.last;
  if (position.epoch === room.epoch && isKept) return;
  throw new ProtocolError("resync_required", { epoch: room.epoch, head: room.last, floor });
}

/** As `floorFor`, in one step with the reply. @throws ProtocolError `unavailable` where it was forgotten since it was asked for. */
function knownFloor(context: LiveContext, room: Room): Sequence {
  const floor = floorFor(context, room);
  if (floor instanceof Promise) {
    throw new ProtocolError("unavailable", { retry_after_ms: retryAfterMs });
  }
  return floor;
}

/** Where a new subscription begins. */
interface Beginning extends SubscriptionFacts {
  readonly offset: Sequence;
  /** As long as its connection holds what it subscribes. */
  readonly isHeld?: boolean;
}

/**
 * Makes the subscription, in one step with the reply. Undefined if there was one already: it goes on.
 *
 * @throws ProtocolError `too_large` over the limit of subscriptions, `unavailable` if rights changed meanwhile.
 */
function attach(
  context: LiveContext,
  room: Room,
  { offset, isHeld = false, ...facts }: Beginning,
): Subscription | undefined {
  const { connection } = context;
  const { room: id } = room.record;
  if (connection.subscription(id) !== undefined) return undefined;
  // While other rooms were opened, this one's log may have begun a new life: the old one tells nobody anything.
  if (context.services.rooms.get(id) !== room) {
    throw new ProtocolError("unavailable", { retry_after_ms: retryAfterMs });
  }
  // Rights may have ended since they were checked, while a page or a role was read.
  const role = relevantRole(context, "read", room);
  // Forgotten since: somebody's rights changed just now, perhaps these. The client asks again.
  if (role instanceof Promise) throw new ProtocolError("unavailable", { retry_after_ms: 100 });
  authorize(context.identity, "read", room.record, role);
  if (connection.subscriptionCount >= limits.subscriptions) {
    throw new ProtocolError("too_large", { limit: limits.subscriptions });
  }
  // Security: the membership that the place was checked for may have ended, and another one begun.
  const { floor } = facts;
  if (offset < floor) {
    throw new ProtocolError("resync_required", { epoch: room.epoch, head: room.last, floor });
  }
  const subscription = new Subscription(connection, room, facts);
  subscription.isHeld = isHeld && connection.awaitsSignIn;
  connection.keep(subscription);
  connection.isBehind = true;
  const begin = Math.min(offset, room.last);
  room.add(subscription, begin);
  connection.places?.began(id, { epoch: room.epoch, offset: begin });
  return subscription;
}

/** Where a subscription that exists already is. */
function placeOf(context: LiveContext, room: Room): Sequence {
  const subscription = context.connection.subscription(room.record.room);
  return subscription === undefined || subscription.isLive ? room.last : subscription.offset;
}

function place(room: Room, floor: Sequence, offset: Sequence): Subscribed {
  const { record } = room;
  return {
    room: record.room,
    epoch: room.epoch,
    offset,
    head: room.last,
    floor,
    kind: record.kind,
    title: record.title,
  };
}
