import {
  type ClientMessageId,
  limits,
  ProtocolError,
  type RoomId,
  type Sequence,
  type UserId,
} from "@parlance/protocol";
import { type Action, authorize, needsRole, type Standing } from "./authorize.ts";
import { frameOf } from "./frames.ts";
import type { Awaitable } from "./outcome.ts";
import type { Append, Appended } from "./ports/index.ts";
import type { Room } from "./room.ts";
import type { CommandContext } from "./services.ts";

/** How often rights are asked again when they change while an append is on its way. */
const maxStale = 8;

/** The caller's standing where the answer may depend on it; no look-up where it cannot. */
export function relevantRole(
  context: CommandContext,
  action: Action,
  room: Room,
): Awaitable<Standing> {
  if (context.identity.scopes !== undefined) return undefined;
  const { kind, hasBans } = room.record;
  // What `authorize` answers to those it refuses depends on the right to read.
  if (!needsRole(action, kind) && !needsRole("read", kind) && !hasBans) return undefined;
  const { connection, identity } = context;
  if (connection?.isGranted(room.record.room) !== true) return room.roles.of(identity.user);
  if (identity.isAnonymous === true) return "granted";
  const standing = room.roles.of(identity.user);
  return standing instanceof Promise ? standing.then(orGranted) : orGranted(standing);
}

/* Security: a ban counts for more than what the application signed. */
function orGranted(standing: Standing): Standing {
  return standing ?? "granted";
}

/** Looks up what is needed and decides. @throws ProtocolError */
export async function authorizeIn(
  context: CommandContext,
  action: Action,
  room: Room,
): Promise<void> {
  authorize(context.identity, action, room.record, await relevantRole(context, action, room));
}

/** The open room, made first where this use of it may bring it into being. @throws ProtocolError `not_found`. */
export function openFor(context: CommandContext, action: Action, id: RoomId): Promise<Room> {
  const { services, identity, connection } = context;
  const isGranted = connection?.isGranted(id) === true;
  return services.rooms.open(id, { identity, action, isGranted });
}

/** What a command wants to store; who, when and under which id is added here. */
export interface Wanted {
  readonly event: Append["event"];
  readonly clientMessageId?: ClientMessageId;
  /** Shown to readers in place of the caller. */
  readonly author?: UserId;
  /** As in `Append`. */
  readonly sent?: Append["event"];
}

/** The append that a command's wish becomes. */
export function appendOf(context: CommandContext, room: RoomId, wanted: Wanted): Append {
  const { identity, services, device } = context;
  return {
    room,
    id: services.ids.event(),
    author: identity.user,
    principal: identity.principal,
    ...(device === undefined ? {} : { device }),
    time: services.clock.now(),
    ...wanted,
  };
}

/** Decides again after rights changed in a room, which is given as it is now. @throws to refuse. */
export type Recheck = (present: Room) => Promise<void>;

/** What was stored, and where. */
export type Stored = Extract<Appended, { outcome: "stored" }>;
/** Nothing was stored, since it was so already, or since an open message grew meanwhile. */
export type Left = Extract<Appended, { outcome: "unchanged" | "moved" }>;

/**
 * Appends under the room's present revision, which the caller's right rests on, and gives the event to this
 * node's readers. Where rights changed meanwhile, catches up and asks again.
 *
 * The first append is handed to the log before this returns to the event loop, so calls keep their order.
 *
 * @param recheck Decides again after a change; throws to refuse.
 */
export async function appendIn(
  context: CommandContext,
  room: Room,
  wanted: Wanted,
  recheck: Recheck,
): Promise<Stored> {
  const appended = await appendOrLeave(context, room, wanted, recheck);
  if (appended.outcome !== "stored")
    throw new Error("only reactions and closings can be left undone");
  return appended;
}

/** As `appendIn`, for events that may say what is so already, or not any more. */
export async function appendOrLeave(
  context: CommandContext,
  room: Room,
  wanted: Wanted,
  recheck: Recheck,
): Promise<Stored | Left> {
  const { services, trace } = context;
  const givenAt = services.clock.monotonic();
  const append = appendOf(context, room.record.room, wanted);
  const appendEnds = trace?.step("append");
  let present = room;
  try {
    for (let attempt = 0; attempt < maxStale; attempt += 1) {
      const { revision, last } = present;
      const commitEnds = trace?.step("commit");
      const appended = await services.log.append({ ...append, revision });
      commitEnds?.();
      switch (appended.outcome) {
        case "stored":
          if (isReused(present, last, appended)) {
            await services.rooms.lostCommits(present);
            throw new ProtocolError("unavailable", { retry_after_ms: 100 });
          }
          deliver(context, present, append, appended, services.clock.monotonic() - givenAt);
          return appended;
        case "unchanged":
        case "moved":
          return appended;
        case "conflict":
          throw new ProtocolError("conflict", { field: "client_message_id" });
        case "stale":
          // It may have been closed and opened anew meanwhile: what is not open any more never catches up.
          present = await services.rooms.open(append.room);
          present.roles.forget();
          await present.caughtUp();
          await recheck(present);
          break;
        case "full":
          if (append.event.type === "message.created") {
            throw new ProtocolError("rate_limited", { limit: limits.openMessages });
          }
          if (append.event.type === "message.pinned") {
            throw new ProtocolError("conflict", { limit: limits.pins });
          }
          throw new ProtocolError("bad_request", { field: "emoji", limit: limits.reactionKinds });
        case "absent":
        case "exists":
        case "gone":
          throw new ProtocolError("not_found");
      }
    }
    throw new ProtocolError("unavailable", { retry_after_ms: 100 });
  } finally {
    appendEnds?.();
  }
}

/** Whether a new event got a place that this node knew to be taken before it asked: the log lost what was committed. */
function isReused(room: Room, last: Sequence, stored: Stored): boolean {
  return stored.epoch === room.epoch && !stored.repeated && stored.sequence <= last;
}

function deliver(
  context: CommandContext,
  room: Room,
  append: Append,
  stored: Stored,
  tookMs: number,
): void {
  note(context, append, stored, tookMs);
  // It may have been closed and opened anew meanwhile.
  const present = context.services.rooms.get(append.room) ?? room;
  // The log began a new life: its sequences are not to be taken for those of the one that readers know.
  if (stored.epoch !== present.epoch) present.repair();
  else if (!stored.repeated) {
    const { sequence, revision, countable } = stored;
    const event = { sequence, frame: frameOf(append, stored), revision, countable };
    present.committed(event, context.trace);
  }
}

/** Counts and remembers that an append was answered. */
export function note(
  { services, via }: CommandContext,
  { room }: Append,
  { epoch, sequence, repeated }: Stored,
  tookMs: number,
): void {
  const { tally, happenings, clock } = services;
  tally.acknowledgedMs.observe(tookMs);
  if (repeated) tally.repeated += 1;
  else tally.committed += 1;
  const answeredAt = clock.now();
  const givenAt = answeredAt - Math.round(tookMs);
  happenings.appended({ room, epoch, sequence, via, givenAt, answeredAt, repeated });
}

/** Never a room's revision, so an append under it can only find that it was stored before. */
const noRevision = -1;

/**
 * Whether somebody who may not write any more had written this before: an answer was lost on its way, and the right
 * ended since. Without this a message that is stored would be refused for good (I-5).
 *
 * @throws ProtocolError The refusal, where it was not stored.
 */
export async function findRepeat(
  context: CommandContext,
  room: Room,
  wanted: Wanted,
  refusal: ProtocolError,
): Promise<Stored> {
  const appended = await lookUp(context, room, wanted);
  if (appended.outcome === "stored") return appended;
  throw refusal;
}

/**
 * Whether the same message was stored before, asked before anybody is asked about it.
 *
 * @throws ProtocolError `conflict` where something else was stored under its client message id.
 */
export async function storedBefore(
  context: CommandContext,
  room: Room,
  wanted: Wanted,
): Promise<Stored | undefined> {
  if (wanted.clientMessageId === undefined) return undefined;
  const appended = await lookUp(context, room, wanted);
  if (appended.outcome === "conflict") {
    throw new ProtocolError("conflict", { field: "client_message_id" });
  }
  return appended.outcome === "stored" ? appended : undefined;
}

async function lookUp(context: CommandContext, room: Room, wanted: Wanted): Promise<Appended> {
  const append = appendOf(context, room.record.room, wanted);
  const { clock, log } = context.services;
  const givenAt = clock.monotonic();
  const appended = await log.append({ ...append, revision: noRevision });
  if (appended.outcome === "stored") {
    note(context, append, appended, clock.monotonic() - givenAt);
  }
  return appended;
}
