/**
 * Drafts, and messages that are sent at a time. A scheduled message ends in the usual `publish` with a fixed client message id, so
 * that it is stored once however often, and by however many nodes, it is tried.
 */
import {
  type Command,
  type Draft,
  type DraftList,
  errorRow,
  limits,
  ProtocolError,
  type ScheduledList,
  type ScheduledMessage,
} from "@parlance/protocol";
import { authorizeIn } from "../append.ts";
import { asProtocolError } from "../failure.ts";
import type { DraftRecord, DueMessage, Identity, ScheduledRecord } from "../ports/index.ts";
import type { CommandContext, Services } from "../services.ts";
import { mayEnter } from "./entering.ts";
import { asked } from "./polls.ts";
import { publish } from "./publish.ts";
import { openToRead } from "./reading.ts";

/** How far ahead a message may be scheduled. */
const farthestMs = 366 * 86_400_000;
/** Messages that one look sends. The rest waits for the next. */
const dueAtOnce = 50;

/** Keeps a draft; tells the caller's devices what is kept now. */
export async function saveDraft(
  context: CommandContext,
  command: Command<"save_draft">,
): Promise<Draft> {
  const { room, thread, text, reply_to: replyTo, edited_at: editedAt } = command;
  await openToRead(context, room);
  const { clock, directory, tellOwn } = context.services;
  const { user } = context.identity;
  const now = clock.now();
  const draft: DraftRecord = {
    room,
    text,
    editedAt: editedAt === undefined ? now : Math.min(now, Date.parse(editedAt)),
    ...(thread === undefined ? {} : { thread }),
    ...(replyTo === undefined ? {} : { replyTo }),
  };
  const kept = await directory.saveDraft(room, user, draft, limits.drafts);
  if (kept === undefined) throw new ProtocolError("conflict", { limit: limits.drafts });
  const view = draftView(kept);
  tellOwn(user, { what: "draft", draft: view });
  return view;
}

/** The caller's drafts. */
export async function listDrafts(
  context: CommandContext,
  _command: Command<"list_drafts">,
): Promise<DraftList> {
  const drafts = await context.services.directory.drafts(context.identity.user);
  return { drafts: drafts.map(draftView) };
}

function draftView({ room, thread, text, replyTo, editedAt }: DraftRecord): Draft {
  return {
    room,
    ...(thread === undefined ? {} : { thread }),
    text,
    ...(replyTo === undefined ? {} : { reply_to: replyTo }),
    edited_at: new Date(editedAt).toISOString(),
  };
}

/** Has a message sent at a time, or changes what was said before about it. */
export async function scheduleMessage(
  context: CommandContext,
  command: Command<"schedule_message">,
): Promise<ScheduledMessage> {
  const { services, identity } = context;
  // Security: what a key may do may change or end without a trace in the directory that the sending could look at.
  if (identity.scopes !== undefined) throw new ProtocolError("forbidden");
  const room = await services.rooms.open(command.room, { identity, action: "write" });
  await authorizeIn(context, "write", room);
  await mayEnter(context, room);
  const { type: _, id: __, room: where, client_message_id: key, at, ...content } = command;
  // Whoever wrote it hears now that it is too long, not when its time has come.
  if (content.poll !== undefined) asked(content.text, content.poll);
  const due = Date.parse(at);
  if (due > services.clock.now() + farthestMs) {
    throw new ProtocolError("bad_request", { field: "at" });
  }
  const { user, name, kind, principal, number } = identity;
  const numbered = number === undefined ? {} : { number };
  const author = { user, name, kind, principal, ...numbered };
  const record: ScheduledRecord = { room: where, key, at: due, content, author, state: "waiting" };
  const kept = await services.directory.schedule(where, user, record, limits.scheduled);
  if (kept === "full") throw new ProtocolError("conflict", { limit: limits.scheduled });
  if (kept === "taken") throw new ProtocolError("conflict", { field: "client_message_id" });
  return tell(services, record);
}

/** Takes back what was not sent yet. */
export async function cancelScheduled(
  context: CommandContext,
  command: Command<"cancel_scheduled">,
): Promise<ScheduledMessage> {
  const { services, identity } = context;
  const { client_message_id: key } = command;
  const waiting = await services.directory.scheduled(identity.user);
  const record = waiting.find((one) => one.key === key);
  if (record === undefined) throw new ProtocolError("not_found");
  if (!(await services.directory.cancelScheduled(record.room, identity.user, key))) {
    throw new ProtocolError("conflict", { field: "client_message_id" });
  }
  return tell(services, record, "cancelled");
}

/** What the caller has waiting. */
export async function listScheduled(
  context: CommandContext,
  _command: Command<"list_scheduled">,
): Promise<ScheduledList> {
  const scheduled = await context.services.directory.scheduled(context.identity.user);
  return { scheduled: scheduled.map((record) => scheduledView(record)) };
}

function scheduledView(
  { room, key, at, content, state, reason }: ScheduledRecord,
  now: ScheduledMessage["state"] = state,
): ScheduledMessage {
  return {
    room,
    client_message_id: key,
    at: new Date(at).toISOString(),
    ...content,
    state: now,
    ...(reason === undefined ? {} : { reason }),
  };
}

function tell(
  services: Services,
  record: ScheduledRecord,
  now?: ScheduledMessage["state"],
): ScheduledMessage {
  const view = scheduledView(record, now);
  services.tellOwn(record.author.user, { what: "scheduled", message: view });
  return view;
}

/** Sends what is due. Several nodes may try: the log takes each message once. @throws StorageError */
export async function sendDue(services: Services): Promise<void> {
  const due = await services.directory.dueMessages(services.clock.now(), dueAtOnce);
  for (const one of due) await sendOne(services, one);
}

async function sendOne(services: Services, { room, user, key }: DueMessage): Promise<void> {
  const { clock, directory, report } = services;
  const record = await directory.claimScheduled(room, user, key, clock.now());
  if (record === undefined) return;
  try {
    const identity = await authorOf(services, record);
    const context: CommandContext = { services, identity, via: "schedule" };
    const command = { type: "publish", id: 0, room, client_message_id: key } as const;
    await (await publish(context, { ...command, ...record.content })).done;
  } catch (error) {
    const fields = { command: "publish", user_id: user };
    const { code } = asProtocolError(error, report, fields);
    // Whatever may pass is tried again with the next look, under the same key.
    if (errorRow(code).retry === "later") return;
    await directory.settleScheduled(room, user, key, code);
    report("info", "scheduled_message_refused", { room_id: room, user_id: user, error_code: code });
    tell(services, { ...record, state: "refused", reason: code });
    return;
  }
  await directory.settleScheduled(room, user, key);
  tell(services, record, "sent");
}

/* Security: the right to be here is looked at when it is sent, not when it was written down; the right to write is `publish`'s. */
async function authorOf(services: Services, { author }: ScheduledRecord): Promise<Identity> {
  const user = await services.directory.user(author.user);
  if (user?.disabled === true) throw new ProtocolError("banned");
  if (author.kind === "guest" && !services.settings.guestsAllowed) {
    throw new ProtocolError("forbidden");
  }
  return { ...author, name: user?.name ?? author.name };
}
