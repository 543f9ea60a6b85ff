/** Threads: reading them, following them, and how far somebody has read one. */
import {
  type Command,
  type EventId,
  ProtocolError,
  type RoomId,
  type ThreadList,
  type ThreadPage,
  type ThreadStanding,
  type ThreadView,
} from "@parlance/protocol";
import type { ThreadRecord } from "../ports/index.ts";
import type { CommandContext } from "../services.ts";
import { readMessages, viewsWhereReadable } from "./message-views.ts";
import { findIn } from "./messages.ts";
import { defaultPage, openToRead, pageBytes } from "./reading.ts";

/** Threads in a page where the caller does not say: each brings its root. */
const defaultThreads = 20;

/** A page of what was written under one message, oldest first. */
export async function listThread(
  context: CommandContext,
  command: Command<"list_thread">,
): Promise<ThreadPage> {
  const { directory } = context.services;
  const room = await openToRead(context, command.room);
  const thread = await rootIn(context, command.room, command.message_id);
  const [{ messages: roots }, record, { epoch, head, messages }] = await Promise.all([
    readMessages(context, room, { room: command.room, ids: [thread], limit: 1 }),
    directory.threadStanding(thread, context.identity.user),
    readMessages(context, room, {
      room: command.room,
      line: { thread },
      ...(command.before === undefined ? {} : { before: command.before }),
      limit: command.limit ?? defaultPage,
      maxBytes: pageBytes,
    }),
  ]);
  const [root] = roots;
  if (root === undefined) throw new ProtocolError("not_found");
  return { ...standing(command.room, thread, record), epoch, head, root, messages };
}

/** The threads that the caller follows in rooms that it may read now. */
export async function listThreads(
  context: CommandContext,
  command: Command<"list_threads">,
): Promise<ThreadList> {
  const limit = command.limit ?? defaultThreads;
  const { room, unread, before } = command;
  if (room !== undefined) await openToRead(context, room);
  const followed = await context.services.directory.followedThreads({
    user: context.identity.user,
    ...(room === undefined ? {} : { room }),
    ...(unread === undefined ? {} : { unread }),
    ...(before === undefined ? {} : { before }),
    limit,
  });
  const places = followed.map(({ room: where, root: id }) => ({ room: where, id }));
  const roots = await viewsWhereReadable(context, places);
  const threads = followed.flatMap((record): ThreadView[] => {
    const root = roots.get(record.root);
    return root === undefined ? [] : [{ ...standing(record.room, record.root, record), root }];
  });
  const last = followed.at(-1);
  return followed.length < limit || last === undefined
    ? { threads }
    : { threads, next: last.lastNumber };
}

/** Follows a thread, or stops; tells the caller's other devices. */
export async function followThread(
  context: CommandContext,
  command: Command<"follow_thread">,
): Promise<ThreadStanding> {
  await openToRead(context, command.room);
  const thread = await rootIn(context, command.room, command.message_id);
  const { user } = context.identity;
  const { directory } = context.services;
  return told(
    context,
    command.room,
    thread,
    await directory.followThread(command.room, thread, user, command.on),
  );
}

/** Moves the caller's mark in a thread; tells the caller's other devices. */
export async function markThreadRead(
  context: CommandContext,
  command: Command<"mark_thread_read">,
): Promise<ThreadStanding> {
  await openToRead(context, command.room);
  const thread = await rootIn(context, command.room, command.message_id);
  const { user } = context.identity;
  const { directory } = context.services;
  return told(
    context,
    command.room,
    thread,
    await directory.markThreadRead(command.room, thread, user, command.sequence),
  );
}

/** The root of the thread that a message is in, or that message. @throws ProtocolError `not_found`. */
export async function rootIn(context: CommandContext, room: RoomId, ref: string): Promise<EventId> {
  const { id, thread } = await findIn(context, room, ref);
  // Who does not read so far back as the root does not read what is under it.
  return thread === undefined ? id : (await findIn(context, room, thread)).id;
}

function told(
  context: CommandContext,
  room: RoomId,
  thread: EventId,
  record: ThreadRecord,
): ThreadStanding {
  const now = standing(room, thread, record);
  context.services.tellOwn(context.identity.user, { what: "thread", thread: now });
  return now;
}

function standing(room: RoomId, thread: EventId, record: ThreadRecord): ThreadStanding {
  const { follows: following, readMark: read_mark, unread } = record;
  return { room, thread, following, read_mark, unread };
}
