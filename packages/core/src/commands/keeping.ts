/** Earlier versions, pins, what somebody saved, and forwarding. */
import {
  type Command,
  limits,
  type PinList,
  type Pinned,
  ProtocolError,
  type Published,
  type SavedList,
  type SavedMessage,
  type VersionList,
} from "@parlance/protocol";
import { appendOrLeave, authorizeIn, type Wanted } from "../append.ts";
import { kinds } from "../kinds.ts";
import type { Pipelined } from "../outcome.ts";
import type { CommandContext } from "../services.ts";
import { mayEnter } from "./entering.ts";
import { readMessages, viewsWhereReadable } from "./message-views.ts";
import { findIn } from "./messages.ts";
import { publish } from "./publish.ts";
import { defaultPage, openToRead, recheckRead } from "./reading.ts";

/** What a message said before, where its kind of room shows that. */
export async function listVersions(
  context: CommandContext,
  command: Command<"list_versions">,
): Promise<VersionList> {
  const room = await openToRead(context, command.room);
  if (!kinds[room.record.kind].showsVersions) throw new ProtocolError("feature_disabled");
  const { id } = await findIn(context, command.room, command.message_id);
  const { directory } = context.services;
  const versions = await directory.messageVersions(command.room, id, limits.pageEvents);
  await authorizeIn(context, "read", room);
  return { room: command.room, message_id: id, versions };
}

/** Pins a message, or takes the pin off. */
export async function pinMessage(
  context: CommandContext,
  command: Command<"pin_message">,
): Promise<Pinned> {
  const room = await context.services.rooms.open(command.room);
  const mayPin = async (): Promise<void> => authorizeIn(context, "pin", room);
  await mayPin();
  await mayEnter(context, room);
  const { on, client_message_id: key } = command;
  const { id, isDeleted } = await findIn(context, command.room, command.message_id);
  if (isDeleted) throw new ProtocolError("not_found");
  const wanted: Wanted = {
    ...(key === undefined ? {} : { clientMessageId: key }),
    event: on
      ? { type: "message.pinned", data: { message_id: id, by_name: context.identity.name } }
      : { type: "message.unpinned", data: { message_id: id } },
  };
  const appended = await appendOrLeave(context, room, wanted, mayPin);
  if (appended.outcome === "moved") throw new Error("only closings are overtaken");
  return {
    room: command.room,
    epoch: appended.epoch,
    message_id: id,
    on,
    ...(appended.outcome === "stored" ? { sequence: appended.sequence } : {}),
    ...(appended.outcome === "stored" && appended.repeated ? { repeated: true } : {}),
  };
}

/** The pinned messages of a room. */
export async function listPins(
  context: CommandContext,
  command: Command<"list_pins">,
): Promise<PinList> {
  const room = await openToRead(context, command.room);
  const { revision } = room;
  const pinned = await context.services.directory.pins(command.room);
  const ids = pinned.map(({ id }) => id);
  const query = { room: command.room, ids, limit: limits.pins };
  const { epoch, head, messages } = await readMessages(context, room, query);
  if (revision !== room.revision) await recheckRead(context, room);
  const views = new Map(messages.map((view) => [view.id, view]));
  const pins = pinned.flatMap(({ id, by, time }) => {
    const message = views.get(id);
    if (message === undefined || message.deleted === true) return [];
    return [{ message, by, time: new Date(time).toISOString() }];
  });
  return { room: command.room, epoch, head, pins };
}

/** Keeps a message for the caller; tells the caller's other devices. */
export async function saveMessage(
  context: CommandContext,
  command: Command<"save_message">,
): Promise<SavedMessage> {
  const { room, on } = command;
  await openToRead(context, room);
  const { id, isDeleted } = await findIn(context, room, command.message_id);
  if (isDeleted && on) throw new ProtocolError("not_found");
  const { user } = context.identity;
  const { directory, tellOwn } = context.services;
  if (!(await directory.saveMessage(room, id, user, on, limits.savedMessages))) {
    throw new ProtocolError("conflict", { limit: limits.savedMessages });
  }
  const saved: SavedMessage = { room, message_id: id, saved: on };
  tellOwn(user, { what: "saved", message: saved });
  return saved;
}

/** What the caller saved, as it is now. */
export async function listSaved(
  context: CommandContext,
  command: Command<"list_saved">,
): Promise<SavedList> {
  const { before, limit = defaultPage } = command;
  const { user } = context.identity;
  const found = await context.services.directory.savedMessages({
    user,
    ...(before === undefined ? {} : { before }),
    limit,
  });
  const views = await viewsWhereReadable(context, found);
  const saved = found.flatMap(({ id }) => views.get(id) ?? []);
  const last = found.at(-1);
  return found.length < limit || last === undefined ? { saved } : { saved, next: last.number };
}

/** Writes what another message says now. Whom it mentions is not mentioned again. */
export async function forwardMessage(
  context: CommandContext,
  command: Command<"forward_message">,
): Promise<Pipelined<Published>> {
  const { from_room: from, room, id, client_message_id, thread } = command;
  const source = await openToRead(context, from);
  const place = await findIn(context, from, command.message_id);
  const query = { room: from, ids: [place.id], limit: 1 };
  const [view] = (await readMessages(context, source, query)).messages;
  if (view === undefined || view.deleted === true) throw new ProtocolError("not_found");
  if (view.open === true) throw new ProtocolError("conflict", { field: "message_id" });
  const { text, data } = view;
  if (text.length > limits.textLength) throw new ProtocolError("too_large", { field: "text" });
  return publish(context, {
    type: "publish",
    id,
    room,
    client_message_id,
    text,
    ...(data === undefined ? {} : { data }),
    ...(thread === undefined ? {} : { thread }),
    forwards: place.id,
  });
}
