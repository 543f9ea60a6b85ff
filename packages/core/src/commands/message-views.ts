/** Reading messages as they are now, with edits and reactions folded in. */
import {
  type Command,
  type EventId,
  type MessageList,
  type MessageView,
  ProtocolError,
  type RoomId,
  type RoomStatistics,
} from "@parlance/protocol";
import { authorizeIn } from "../append.ts";
import type { MessagePage, MessageQuery } from "../ports/index.ts";
import { floorFor, viewsFrom } from "../reader-floor.ts";
import type { Room } from "../room.ts";
import type { CommandContext } from "../services.ts";
import { defaultPage, openToRead, pageBytes, recheckRead } from "./reading.ts";

/** One message as it is now. */
export async function getMessage(
  context: CommandContext,
  command: Command<"get_message">,
): Promise<MessageView> {
  const place = await context.services.log.findMessage(command.message_id);
  // The room that was named is looked at first: who may not read it learns nothing of what is in it.
  if (command.room !== undefined) await openToRead(context, command.room);
  const isThere = command.room === undefined || command.room === place?.room;
  if (place === undefined || !isThere) throw new ProtocolError("not_found");
  const room = await openToRead(context, place.room);
  const page = await readMessages(context, room, { room: place.room, ids: [place.id], limit: 1 });
  const [message] = page.messages;
  if (message === undefined) throw new ProtocolError("not_found");
  return message;
}

/** A page of messages, oldest first. */
export async function listMessages(
  context: CommandContext,
  command: Command<"list_messages">,
): Promise<MessageList> {
  const room = await openToRead(context, command.room);
  const { id: _, type: __, at, limit, with_threads: threads, ...place } = command;
  const { epoch, head, messages } = await readMessages(context, room, {
    ...place,
    ...(threads === undefined ? {} : { line: "all" }),
    ...(at === undefined ? {} : { at: Date.parse(at) }),
    limit: limit ?? defaultPage,
    maxBytes: pageBytes,
  });
  return { room: command.room, epoch, head, messages };
}

/** Messages of a room that was opened to be read; the right is asked again where it changed meanwhile. */
export async function readMessages(
  context: CommandContext,
  room: Room,
  query: MessageQuery,
): Promise<MessagePage> {
  const page = await readPlain(context, room, query);
  return { ...page, messages: await withOrigins(context, page.messages) };
}

/** Without where forwarded ones are from. */
async function readPlain(
  context: CommandContext,
  room: Room,
  query: MessageQuery,
): Promise<MessagePage> {
  const { revision } = room;
  const page = await context.services.log.messages(query);
  if (page === undefined) throw new ProtocolError("not_found");
  if (page.revision !== revision) await recheckRead(context, room);
  const messages = viewsFrom(await floorFor(context, room), page.messages);
  return { ...page, messages: await withVotes(context, messages) };
}

/** With what the caller chose in polls: what is personal is in no event. */
async function withVotes(
  { identity, services }: CommandContext,
  messages: readonly MessageView[],
): Promise<readonly MessageView[]> {
  const polls = messages.filter(({ poll }) => poll !== undefined).map(({ id }) => id);
  if (polls.length === 0) return messages;
  const own = await services.directory.ownVotes(identity.principal, polls);
  return messages.map((message) => {
    const mine = own.get(message.id);
    if (mine === undefined || message.poll === undefined) return message;
    return { ...message, poll: { ...message.poll, mine } };
  });
}

/* Security (Z7): the event tells all readers the same, and so only an id. Where a message is from is added for those who may read it
 * there, when they look. */
async function withOrigins(
  context: CommandContext,
  messages: readonly MessageView[],
): Promise<readonly MessageView[]> {
  const ids = new Set(messages.flatMap(({ forwarded }) => forwarded?.message_id ?? []));
  if (ids.size === 0) return messages;
  const places = await Promise.all([...ids].map((id) => context.services.log.findMessage(id)));
  const origins = await viewsWhereReadable(
    context,
    places.filter((place) => place !== undefined),
    readPlain,
  );
  return messages.map((message) => {
    const origin = origins.get(message.forwarded?.message_id ?? ("" as EventId));
    if (origin === undefined || origin.deleted === true) return message;
    const { id: message_id, room, sequence, author, author_name, time } = origin;
    return { ...message, forwarded: { message_id, room, sequence, author, author_name, time } };
  });
}

/* Security: what somebody follows, saved or was mentioned in outlives the right to read. Each room is asked about as for any other
 * reading of it, at the time of the answer; of one that is closed to the caller nothing is told, not even that there is something. */
/** Messages of many rooms by id, without those that the caller may not read now. */
export async function viewsWhereReadable(
  context: CommandContext,
  places: readonly { readonly room: RoomId; readonly id: EventId }[],
  read: typeof readMessages = readMessages,
): Promise<ReadonlyMap<EventId, MessageView>> {
  const byRoom = new Map<RoomId, EventId[]>();
  for (const { room, id } of places) {
    const known = byRoom.get(room);
    if (known === undefined) byRoom.set(room, [id]);
    else known.push(id);
  }
  const found = await Promise.all(
    [...byRoom].map(async ([id, ids]) => {
      try {
        const room = await openToRead(context, id);
        return (await read(context, room, { room: id, ids, limit: ids.length })).messages;
      } catch (error) {
        if (error instanceof ProtocolError) return [];
        throw error;
      }
    }),
  );
  return new Map(found.flat().map((view) => [view.id, view]));
}

/** How much was written, and by how many. */
export async function roomStats(
  context: CommandContext,
  command: Command<"room_stats">,
): Promise<RoomStatistics> {
  const room = await openToRead(context, command.room);
  // As a search has no total: there are no numbers of what the caller does not read.
  if ((await floorFor(context, room)) > 0) throw new ProtocolError("feature_disabled");
  const stats = await context.services.log.messageStats(command.room);
  if (stats === undefined) throw new ProtocolError("not_found");
  await authorizeIn(context, "read", room);
  const { messages, authors, firstAt, lastAt } = stats;
  return {
    room: command.room,
    message_count: messages,
    user_count: authors,
    ...(firstAt === undefined ? {} : { first_message_at: new Date(firstAt).toISOString() }),
    ...(lastAt === undefined ? {} : { last_message_at: new Date(lastAt).toISOString() }),
  };
}
