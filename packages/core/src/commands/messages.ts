/**
 * Changing messages that are there. Whatever a message is not here for the caller (of another room, unknown, deleted,
 * somebody else's), the answer is the same.
 */
import {
  type Command,
  type EventId,
  type MessageChanged,
  ProtocolError,
  type Reacted,
  type RoomId,
} from "@parlance/protocol";
import {
  appendIn,
  appendOrLeave,
  authorizeIn,
  findRepeat,
  relevantRole,
  type Stored,
  type Wanted,
} from "../append.ts";
import { allows, authorize } from "../authorize.ts";
import { type Awaitable, Pipelined } from "../outcome.ts";
import type { MessagePlace, PublishAnswer, Said } from "../ports/index.ts";
import { floorFor } from "../reader-floor.ts";
import type { Room } from "../room.ts";
import type { CommandContext } from "../services.ts";
import { answerOf, inTurn } from "./asking.ts";
import { askerOf, mayEnter } from "./entering.ts";
import { maySpeakOf, mentionsIn } from "./mentions.ts";

/** Replaces text and data of the caller's own message. */
export function editMessage(
  context: CommandContext,
  command: Command<"edit_message">,
): Awaitable<MessageChanged | Pipelined<MessageChanged>> {
  const hook = context.services.hooks?.publish;
  const { room, text, data } = command;
  const said: Said = { text, ...(data === undefined ? {} : { data }) };
  const isAsked = hook?.concerns({ ...askerOf(context), ...said, room }) === true;
  if (!isAsked && context.connection?.asking === undefined) return edit(context, command);
  const ask = async (place: MessagePlace): Promise<PublishAnswer> =>
    hook?.ask({ ...askerOf(context), ...said, room, edits: place.id, ...repeatable(command) }) ??
    said;
  return inTurn(context.connection, async () => {
    const done = edit(context, command, isAsked ? ask : undefined);
    // In its turn it is done, too: the one behind it may be about the same message.
    await done;
    return new Pipelined(done);
  });
}

async function edit(
  context: CommandContext,
  command: Command<"edit_message">,
  ask?: (place: MessagePlace) => Promise<PublishAnswer>,
): Promise<MessageChanged> {
  const room = await context.services.rooms.open(command.room);
  const mayEdit = async (): Promise<void> => authorizeIn(context, "write", room);
  await mayEdit();
  await mayEnter(context, room);
  const place = await findIn(context, command.room, command.message_id);
  if (!isAuthor(context, place)) throw new ProtocolError("not_found");
  if (place.isOpen) throw new ProtocolError("conflict", { field: "message_id" });
  await mustAskNothing(context, place);
  const { text, data } = command;
  const said: Said = { text, ...(data === undefined ? {} : { data }) };
  const eventOf = async (answer: PublishAnswer) => {
    const { mentions: named = command.mentions } = answer;
    const what: Said = {
      text: answer.text,
      ...(answer.data === undefined ? {} : { data: answer.data }),
    };
    const mentions = maySpeakOf(what.text, named)
      ? await mentionsIn(context, command, what.text, named)
      : undefined;
    const whom = mentions === undefined ? {} : { mentions };
    const editor_name = context.identity.name;
    const data = { message_id: place.id, ...what, editor_name, ...whom, ...placed(room, place) };
    return { type: "message.edited", data } as const;
  };
  const wanted: Wanted = { ...repeatable(command), event: await eventOf(said) };
  const isAsked = ask !== undefined && !place.isDeleted;
  const asking = { said, eventOf, ...(isAsked ? { ask: () => ask(place) } : {}) };
  const answer = await answerOf(context, room, wanted, asking);
  if (!("event" in answer)) return changed(place.id, { ...answer, room: place.room });
  return changed(place.id, await appendAbout(context, room, place, answer, mayEdit));
}

/* A vote is for the words that were there. */
async function mustAskNothing({ services }: CommandContext, place: MessagePlace): Promise<void> {
  const page = await services.log.messages({ room: place.room, ids: [place.id], limit: 1 });
  if (page?.messages[0]?.poll === undefined) return;
  throw new ProtocolError("unsupported", { field: "message_id" });
}

/** Erases a message and its versions: its author while it may write, and whoever manages the room. */
export async function deleteMessage(
  context: CommandContext,
  command: Command<"delete_message">,
): Promise<MessageChanged> {
  const room = await context.services.rooms.open(command.room);
  await mayDeleteSome(context, room);
  const place = await findIn(context, command.room, command.message_id);
  const mayDelete = async (): Promise<void> => {
    const { mayManage } = await mayDeleteSome(context, room);
    if (!mayManage && !isAuthor(context, place)) throw new ProtocolError("not_found");
  };
  await mayDelete();
  const data = {
    message_id: place.id,
    by: context.identity.user,
    ...(place.thread === undefined ? {} : { thread: place.thread }),
  };
  const wanted: Wanted = { ...repeatable(command), event: { type: "message.deleted", data } };
  return changed(place.id, await appendAbout(context, room, place, wanted, mayDelete));
}

/** Puts a reaction on a message, or takes it off. */
export async function react(context: CommandContext, command: Command<"react">): Promise<Reacted> {
  const room = await context.services.rooms.open(command.room);
  const mayReact = async (): Promise<void> => authorizeIn(context, "write", room);
  await mayReact();
  await mayEnter(context, room);
  const { emoji, on } = command;
  const { id, isDeleted } = await findIn(context, command.room, command.message_id);
  if (isDeleted) throw new ProtocolError("not_found");
  const wanted: Wanted = {
    ...repeatable(command),
    event: on
      ? {
          type: "reaction.added",
          data: { message_id: id, emoji, user_name: context.identity.name },
        }
      : { type: "reaction.removed", data: { message_id: id, emoji } },
  };
  const appended = await appendOrLeave(context, room, wanted, mayReact);
  if (appended.outcome === "moved") throw new Error("only closings are overtaken");
  return {
    room: command.room,
    epoch: appended.epoch,
    message_id: id,
    emoji,
    on,
    ...(appended.outcome === "stored" ? { sequence: appended.sequence } : {}),
    ...(appended.outcome === "stored" && appended.repeated ? { repeated: true } : {}),
  };
}

/* Security: an id says nothing of its room, so whoever knows one must name the room that he was let into. */
export async function findIn(
  context: CommandContext,
  room: RoomId,
  ref: string,
): Promise<MessagePlace> {
  const { log, rooms } = context.services;
  const place = await log.findMessage(ref);
  if (place?.room !== room) throw new ProtocolError("not_found");
  const opened = rooms.get(room) ?? (await rooms.open(room));
  if (place.sequence <= (await floorFor(context, opened))) throw new ProtocolError("not_found");
  return place;
}

/* Security: by both, so that a name which somebody chose is nobody's message but his, and nobody's key another's. */
export function isAuthor(
  { identity }: CommandContext,
  { author, principal }: MessagePlace,
): boolean {
  return author === identity.user && principal === identity.principal;
}

/** @throws ProtocolError for those who may delete nothing here. */
async function mayDeleteSome(
  context: CommandContext,
  room: Room,
): Promise<{ readonly mayManage: boolean }> {
  const { identity } = context;
  const role =
    (await relevantRole(context, "manage", room)) ?? (await relevantRole(context, "write", room));
  const mayManage = allows(identity, "manage", room.record, role);
  if (!mayManage) authorize(identity, "write", room.record, role);
  return { mayManage };
}

/** Where the message is that an event says the text of, for rooms where some may not read that far back. */
export function placed(
  { record }: Room,
  { sequence }: Pick<MessagePlace, "sequence">,
): { message_sequence?: MessagePlace["sequence"] } {
  return record.settings.history === undefined ? {} : { message_sequence: sequence };
}

function repeatable(command: Pick<Command<"edit_message">, "client_message_id">): {
  clientMessageId?: NonNullable<Wanted["clientMessageId"]>;
} {
  const { client_message_id: id } = command;
  return id === undefined ? {} : { clientMessageId: id };
}

/** Appends what changes a message; what is deleted can still be found to have been changed before. */
async function appendAbout(
  context: CommandContext,
  room: Room,
  place: MessagePlace,
  wanted: Wanted,
  recheck: () => Promise<void>,
): Promise<Stored & { readonly room: RoomId }> {
  const stored = place.isDeleted
    ? await findRepeat(context, room, wanted, new ProtocolError("not_found"))
    : await appendIn(context, room, wanted, recheck);
  return { ...stored, room: place.room };
}

export function changed(id: EventId, stored: Stored & { readonly room: RoomId }): MessageChanged {
  return {
    room: stored.room,
    epoch: stored.epoch,
    sequence: stored.sequence,
    message_id: id,
    time: new Date(stored.time).toISOString(),
    ...(stored.repeated ? { repeated: true } : {}),
  };
}
