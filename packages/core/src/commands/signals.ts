import {
  type Command,
  type MarkedRead,
  type PresenceList,
  ProtocolError,
  type RoomId,
  type UserId,
} from "@parlance/protocol";
import { authorizeIn } from "../append.ts";
import { inboxOwner } from "../kinds.ts";
import type { Identity } from "../ports/index.ts";
import type { CommandContext } from "../services.ts";
import { mayEnter } from "./entering.ts";
import { markedRead, silentReaders, tellRead, tellsReceipts } from "./preferences.ts";
import { openToRead } from "./reading.ts";
import { rootIn } from "./threads.ts";

/** One person's typing is told again at most once in so long per room, however many frames come. */
const typingIntervalMs = 2_000;

/** Tells the room's others that the caller writes, in the room or in one of its threads. */
export async function typing(
  context: CommandContext,
  command: Command<"typing">,
): Promise<Record<string, never>> {
  const { services, identity } = context;
  const room = await services.rooms.open(command.room);
  await authorizeIn(context, "write", room);
  await mayEnter(context, room);
  const { active, thread: ref } = command;
  const place = ref === undefined ? {} : { thread: await rootIn(context, command.room, ref) };
  const { user, name } = identity;
  const who = { user, ...numberOf(identity), name };
  const tell = (): void =>
    room.signal({ type: "typing", room: command.room, ...place, ...who, active });
  if (room.typing.mayTell(user, { active, ...place }, typingIntervalMs, tell)) tell();
  return {};
}

function numberOf({ number }: Identity): { number?: number } {
  return number === undefined ? {} : { number };
}

/** Moves the caller's read marks; others learn of the public one where the room's kind tells it. */
export async function markRead(
  context: CommandContext,
  command: Command<"mark_read">,
): Promise<MarkedRead> {
  const { services, identity } = context;
  const room = await openToRead(context, command.room);
  const marks = await services.directory.markRead(command.room, identity.user, command.sequence);
  if (marks === undefined) throw new ProtocolError("not_found");
  tellRead(context, command.room, marks);
  if (tellsReceipts(room.record) && (await isTold(context, command.room))) {
    const { readMark } = marks;
    const person = { user: identity.user, ...numberOf(identity) };
    const event = { type: "read", room: command.room, ...person } as const;
    const message = await room.messageAt(readMark);
    const named = message === undefined ? {} : { message_id: message };
    // Of an inbox the others are its owner's other devices.
    room.signal({ ...event, read_mark: readMark, ...named }, ofOwner(command.room));
  }
  return markedRead(command.room, marks);
}

function ofOwner(room: RoomId): { readonly to?: UserId } {
  const to = inboxOwner(room);
  return to === undefined ? {} : { to };
}

/** Of an inbox the others are its owner's other devices, whatever its owner tells others. */
async function isTold(context: CommandContext, room: RoomId): Promise<boolean> {
  const { user } = context.identity;
  return inboxOwner(room) === user || !(await silentReaders(context, [user])).has(user);
}

/** Who is in the room now. */
export async function presence(
  context: CommandContext,
  command: Command<"presence">,
): Promise<PresenceList> {
  const room = await openToRead(context, command.room);
  return { room: command.room, users: room.presence.list() };
}
