/** Messages that grow: appending, ending them, and reading what is there so far. */
import {
  type ClientMessageId,
  type ClosedReason,
  type Command,
  type EventId,
  limits,
  type MessageChanged,
  type MessageView,
  ProtocolError,
  type TextAppended,
  type TextPage,
  type UserId,
} from "@parlance/protocol";
import { appendOrLeave, authorizeIn, relevantRole, type Stored, type Wanted } from "../append.ts";
import { allows, authorize } from "../authorize.ts";
import { type GrowingText, notOpen } from "../open-messages.ts";
import { Pipelined } from "../outcome.ts";
import type { IdleMessage, MessagePlace } from "../ports/index.ts";
import type { Room } from "../room.ts";
import type { CommandContext, Services } from "../services.ts";
import { mayEnter } from "./entering.ts";
import { changed, findIn, isAuthor, placed } from "./messages.ts";
import { openToRead, recheckRead } from "./reading.ts";
import { mustBeOpen } from "./write.ts";

/** How often ending is tried again where the message grew meanwhile. */
const maxMoved = 8;
/** Messages without a writer that are ended in one round. */
const idleAtOnce = 100;

/** Adds to the caller's own open message. Later commands of the connection go on while this waits to be stored. */
export async function appendText(
  context: CommandContext,
  command: Command<"append_text">,
): Promise<Pipelined<TextAppended>> {
  const { rooms, openMessages } = context.services;
  const room = await rooms.open(command.room);
  const { principal } = context.identity;
  let revision: number;
  let text: GrowingText;
  do {
    revision = room.revision;
    await authorizeIn(context, "write", room);
    await mayEnter(context, room);
    text = await openMessages.find(command.message_id, command.room, principal);
    // Security: the right may have ended while the text was looked up.
  } while (room.revision !== revision);
  mustBeOpen(context);
  const stored = openMessages.append(text, room, {
    at: command.at,
    text: command.text,
    mayWrite: async () => authorizeIn(context, "write", await rooms.open(command.room)),
  });
  const answer = stored.then((length) => ({
    room: command.room,
    message_id: text.message,
    length,
  }));
  return new Pipelined(answer);
}

/** Ends the caller's own open message. */
export async function closeMessage(
  context: CommandContext,
  command: Command<"close_message">,
): Promise<MessageChanged> {
  const room = await context.services.rooms.open(command.room);
  const mayClose = (): Promise<void> => authorizeIn(context, "write", room);
  await mayClose();
  const place = await findIn(context, command.room, command.message_id);
  if (place.isDeleted || !isAuthor(context, place)) throw new ProtocolError("not_found");
  return end(context, room, place, {
    reason: "done",
    by: context.identity.user,
    ...(command.length === undefined ? {} : { length: command.length }),
    // One for each message: whoever closes it again is answered with the place of the first time.
    clientMessageId: `close:${place.id}` as ClientMessageId,
    recheck: mayClose,
  });
}

/** Ends an open message before it is done: who opened it, and whom the room's kind lets. */
export async function cancelMessage(
  context: CommandContext,
  command: Command<"cancel_message">,
): Promise<MessageChanged> {
  const room = await context.services.rooms.open(command.room);
  const place = await findIn(context, command.room, command.message_id);
  if (place.isDeleted) throw new ProtocolError("not_found");
  const { identity } = context;
  const mayCancel = async (): Promise<void> => {
    const role =
      (await relevantRole(context, "cancel", room)) ?? (await relevantRole(context, "write", room));
    if (allows(identity, "cancel", room.record, role)) return;
    authorize(identity, isAuthor(context, place) ? "write" : "cancel", room.record, role);
  };
  await mayCancel();
  return end(context, room, place, {
    reason: "cancelled",
    by: identity.user,
    clientMessageId: `cancel:${place.id}` as ClientMessageId,
    recheck: mayCancel,
  });
}

interface Ending {
  readonly reason: ClosedReason;
  readonly by?: UserId;
  /** It is not ended where it has another one. */
  readonly length?: number;
  readonly clientMessageId?: ClientMessageId;
  recheck(): Promise<void>;
}

/* The event says the whole text. It is refused where the text grew after it was read here, so nothing acknowledged is missing in it. */
async function end(
  context: CommandContext,
  room: Room,
  place: Pick<MessagePlace, "id" | "room" | "author">,
  ending: Ending,
): Promise<MessageChanged> {
  const { openMessages } = context.services;
  for (let attempt = 0; attempt < maxMoved; attempt += 1) {
    await openMessages.flush(place.id);
    const view = await viewOf(context, place);
    if (view.deleted === true) throw new ProtocolError("not_found");
    const { length } = ending;
    if (view.open === true && length !== undefined && length !== view.text.length) {
      throw new ProtocolError("conflict", { length: view.text.length });
    }
    const stored = await store(context, room, view, ending);
    if (stored === undefined) continue;
    openMessages.forget(place.id);
    return changed(place.id, { ...stored, room: place.room });
  }
  throw new ProtocolError("unavailable", { retry_after_ms: 100 });
}

/** @returns undefined where the text grew meanwhile. */
async function store(
  context: CommandContext,
  room: Room,
  view: MessageView,
  { reason, by, clientMessageId, recheck }: Ending,
): Promise<Stored | undefined> {
  const { id, text, author, author_name, author_number, data } = view;
  const wanted: Wanted = {
    ...(clientMessageId === undefined ? {} : { clientMessageId }),
    author,
    event: {
      type: "message.closed",
      data: {
        message_id: id,
        text,
        reason,
        ...(by === undefined ? {} : { by }),
        author_name,
        ...(author_number === undefined ? {} : { author_number }),
        ...(data === undefined ? {} : { data }),
        ...placed(room, view),
      },
    },
  };
  try {
    const appended = await appendOrLeave(context, room, wanted, recheck);
    return appended.outcome === "stored" ? appended : undefined;
  } catch (error) {
    // It is there, as was just seen: it is whole already.
    if (error instanceof ProtocolError && error.code === "not_found") throw notOpen();
    if (error instanceof ProtocolError && error.code === "conflict") throw notOpen();
    throw error;
  }
}

async function viewOf(
  { services }: CommandContext,
  place: Pick<MessagePlace, "id" | "room">,
): Promise<MessageView> {
  const page = await services.log.messages({ room: place.room, ids: [place.id], limit: 1 });
  const [view] = page?.messages ?? [];
  if (view === undefined) throw new ProtocolError("not_found");
  return view;
}

/** What a message says from a position on, as far as it is stored. */
export async function getText(
  context: CommandContext,
  command: Command<"get_text">,
): Promise<TextPage> {
  const room = await openToRead(context, command.room);
  const { revision } = room;
  const place = await findIn(context, command.room, command.message_id);
  if (place.isDeleted) throw new ProtocolError("not_found");
  const { log } = context.services;
  const { from } = command;
  const open = place.isOpen ? await log.openText(place.id, from, limits.textPageLength) : undefined;
  const text = open ?? (await wholeText(context, place, from));
  // Security: as for every page. Asked behind the text, which has no revision of its own.
  const newest = await log.read({ room: command.room, after: room.last, limit: 1 });
  if (newest?.revision !== revision) await recheckRead(context, room);
  const page = open === undefined ? text : { ...text, open: true as const };
  return { room: command.room, message_id: place.id, from, ...page };
}

async function wholeText(
  context: CommandContext,
  place: MessagePlace,
  from: number,
): Promise<{ readonly text: string; readonly length: number }> {
  const { text, deleted } = await viewOf(context, place);
  if (deleted === true) throw new ProtocolError("not_found");
  return { text: pageOf(text, from), length: text.length };
}

/** Does not end between the halves of a pair. */
function pageOf(text: string, from: number): string {
  const page = text.slice(from, from + limits.textPageLength);
  return page.isWellFormed() ? page : page.slice(0, -1);
}

/** Ends what nobody appends to any more, wherever its writer was. Several nodes may try: the log takes it once. @throws StorageError */
export async function endIdle(services: Services): Promise<void> {
  const { log, settings, report } = services;
  const idle = await log.idleMessages(settings.openMessageIdleMs, idleAtOnce);
  for (const message of idle) {
    try {
      await abandon(services, message);
    } catch (error) {
      // Deleted, closed, or ended by another node a moment ago.
      if (!(error instanceof ProtocolError)) throw error;
      continue;
    }
    report("info", "open_message_abandoned", {
      room_id: message.room,
      message_id: message.message,
    });
  }
}

async function abandon(
  services: Services,
  { message, principal, ...idle }: IdleMessage,
): Promise<void> {
  const room = await services.rooms.open(idle.room);
  const place = await services.log.findMessage(message);
  if (place === undefined) return;
  const { author } = place;
  const identity = { user: author, name: "", kind: "service", principal } as const;
  await end(
    { services, identity, via: "server" },
    room,
    { id: message as EventId, room: idle.room, author },
    {
      reason: "abandoned",
      length: idle.length,
      recheck: async () => {},
    },
  );
}
