/** Calls: ring, answer, end, and signals between the ends. Unknown, over and not one's own are all `not_found`. */
import {
  type CallChanged,
  type CallEndReason,
  type CallId,
  type CallStarted,
  type Command,
  limits,
  ProtocolError,
  type UserId,
} from "@parlance/protocol";
import { appendIn, authorizeIn, openFor, type Stored, type Wanted } from "../append.ts";
import { maxOpenCalls, type OpenCall } from "../calls.ts";
import type { Room } from "../room.ts";
import type { CommandContext } from "../services.ts";
import { mayEnter } from "./entering.ts";
import { openToRead } from "./reading.ts";

/** What a client is told to wait when the room has too many calls. */
const tooManyRetryMs = 10_000;

/** Rings people of a room. */
export async function startCall(
  context: CommandContext,
  command: Command<"start_call">,
): Promise<CallStarted> {
  const { services, identity } = context;
  const room = await openFor(context, "write", command.room);
  const mayCall = async (): Promise<void> => {
    await authorizeIn(context, "write", room);
    // Back ends have nobody who could speak, and inboxes and announcements nobody to speak with.
    const { kind } = room.record;
    const isForTalking = kind === "public" || kind === "private" || kind === "direct";
    if (identity.scopes !== undefined || !isForTalking) throw new ProtocolError("forbidden");
  };
  await mayCall();
  await mayEnter(context, room);
  return room.calls.turns.take(async () => {
    for (const call of await room.calls.all()) await endIfLapsed(context, room, call);
    if ((await room.calls.all()).length >= maxOpenCalls) {
      throw new ProtocolError("rate_limited", { retry_after_ms: tooManyRetryMs });
    }
    const callees = await calleesOf(context, room, command.callees);
    const id = services.ids.event() as string as CallId;
    const data = {
      call_id: id,
      media: command.media,
      callees,
      caller_name: identity.name,
    } as const;
    const stored = await store(context, room, { event: { type: "call.started", data } }, mayCall);
    const { epoch, sequence } = stored;
    return { room: command.room, call_id: id, epoch, sequence, callees };
  });
}

/** Who is rung: whom the caller names and who may read the room, or all others of a small one. */
async function calleesOf(
  context: CommandContext,
  room: Room,
  named: readonly UserId[] | undefined,
): Promise<readonly UserId[]> {
  const { directory } = context.services;
  const { room: id, kind } = room.record;
  const caller = context.identity.user;
  if (named === undefined) {
    if (kind === "public") throw new ProtocolError("bad_request", { field: "callees" });
    const members = await directory.members(id, limits.callees + 2);
    const others = members.map(({ user }) => user).filter((user) => user !== caller);
    if (others.length > limits.callees) {
      throw new ProtocolError("too_large", { field: "callees", limit: limits.callees });
    }
    if (others.length === 0) throw new ProtocolError("not_found");
    return others;
  }
  const callees = [...new Set(named)].filter((user) => user !== caller);
  if (callees.length === 0) throw new ProtocolError("bad_request", { field: "callees" });
  for (const callee of callees) {
    const known =
      kind === "public" ? await directory.user(callee) : await directory.member(id, callee);
    if (known === undefined || ("disabled" in known && known.disabled)) {
      throw new ProtocolError("not_found");
    }
  }
  return callees;
}

/** Takes a call. The first answer begins it; others who were rung may still come in. */
export async function answerCall(
  context: CommandContext,
  command: Command<"answer_call">,
): Promise<CallChanged> {
  const { user, name } = context.identity;
  const room = await openToRead(context, command.room);
  return room.calls.turns.take(async () => {
    const call = await callOf(context, room, command.call_id);
    if (!call.callees.has(user)) throw new ProtocolError("not_found");
    const place = { room: command.room, call_id: call.id };
    const before = call.answered.get(user);
    if (before !== undefined) {
      return { ...place, epoch: room.epoch, sequence: before, repeated: true };
    }
    const data = { call_id: call.id, user_name: name };
    const wanted = { event: { type: "call.answered", data } } as const;
    const { epoch, sequence } = await store(context, room, wanted, stillIn(context, room, call));
    return { ...place, epoch, sequence };
  });
}

/** Ends a call, or leaves one that others go on with. */
export async function endCall(
  context: CommandContext,
  command: Command<"end_call">,
): Promise<CallChanged> {
  const { user, name } = context.identity;
  const room = await openToRead(context, command.room);
  return room.calls.turns.take(async () => {
    const call = await callOf(context, room, command.call_id);
    const reason = command.reason ?? reasonOf(call, user);
    const othersGoOn = user !== call.caller && call.callees.size > 1;
    const event: Wanted["event"] = othersGoOn
      ? { type: "call.left", data: { call_id: call.id, user_name: name, reason } }
      : ended(room, call, reason);
    const { epoch, sequence } = await store(context, room, { event }, stillIn(context, room, call));
    return { room: command.room, call_id: call.id, epoch, sequence };
  });
}

function reasonOf(call: OpenCall, user: UserId): CallEndReason {
  if (user === call.caller) return call.answeredAt === undefined ? "missed" : "hung_up";
  return call.answered.has(user) ? "hung_up" : "declined";
}

/** Hands a signal to one other participant. */
export async function signalCall(
  context: CommandContext,
  command: Command<"signal_call">,
): Promise<Record<string, never>> {
  const { user } = context.identity;
  const room = await openToRead(context, command.room);
  const call = await room.calls.turns.take(() => callOf(context, room, command.call_id));
  const { to, signal } = command;
  if (to === user || !takesPart(call, to)) throw new ProtocolError("not_found");
  room.signal(
    { type: "call.signal", room: command.room, call_id: call.id, from: user, signal },
    { to },
  );
  return {};
}

/** A call that the caller takes part in. Ends it first where it is over and nobody said so. */
async function callOf(context: CommandContext, room: Room, id: CallId): Promise<OpenCall> {
  const call = await room.calls.get(id);
  if (call === undefined || !takesPart(call, context.identity.user)) {
    throw new ProtocolError("not_found");
  }
  if (await endIfLapsed(context, room, call)) throw new ProtocolError("not_found");
  return call;
}

function takesPart(call: OpenCall, user: UserId): boolean {
  return call.callees.has(user) || (call.caller === user && !call.isCallerGone);
}

/** @returns whether it is over. Shown as the caller's doing: whoever looked has nothing to do with it. */
async function endIfLapsed(context: CommandContext, room: Room, call: OpenCall): Promise<boolean> {
  const reason = room.calls.lapsed(call);
  if (reason === undefined) return false;
  const wanted = { event: ended(room, call, reason), author: call.caller };
  await store(context, room, wanted, async () => {});
  return true;
}

function ended(room: Room, call: OpenCall, reason: CallEndReason): Wanted["event"] {
  const data = { call_id: call.id, reason, duration_ms: room.calls.durationMs(call) };
  return { type: "call.ended", data };
}

/* A change of rights came between: whoever was put out meanwhile changes nothing any more. */
function stillIn(context: CommandContext, room: Room, call: OpenCall): () => Promise<void> {
  return async () => {
    await authorizeIn(context, "read", room);
    const present = await room.calls.get(call.id);
    if (present === undefined || !takesPart(present, context.identity.user)) {
      throw new ProtocolError("not_found");
    }
  };
}

/** Appends and waits until this node's calls know of it, so that the next command in turn does. */
async function store(
  context: CommandContext,
  room: Room,
  wanted: Wanted,
  recheck: () => Promise<void>,
): Promise<Stored> {
  const stored = await appendIn(context, room, wanted, recheck);
  if (room.last < stored.sequence) await room.caughtUp();
  return stored;
}
