/** What is a person's own: preferences, what is unread, and what others may see of it. */
import {
  type AllPreferences,
  type Command,
  limits,
  type MarkedRead,
  type OwnPreferences,
  type PreferencesSet,
  ProtocolError,
  type RoomId,
  type RoomPreferences,
  type RoomPreferencesView,
  type SeenByList,
  type UserId,
} from "@parlance/protocol";
import { memberUser } from "../frames.ts";
import { kinds } from "../kinds.ts";
import { everywhere, type Marks, type RoomRecord } from "../ports/index.ts";
import { floorFor } from "../reader-floor.ts";
import type { CommandContext } from "../services.ts";
import { findIn } from "./messages.ts";
import { openToRead } from "./reading.ts";

/** All that the caller prefers. */
export async function getPreferences(
  context: CommandContext,
  _command: Command<"get_preferences">,
): Promise<AllPreferences> {
  const { directory } = context.services;
  const all = await directory.preferencesOf(context.identity.user, limits.listItems + 1);
  const own = all.find(({ room }) => room === everywhere);
  return {
    preferences: (own?.preferences ?? {}) as OwnPreferences,
    rooms: all
      .filter(({ room }) => room !== everywhere)
      .map(({ room, preferences }) => ({ room, preferences: preferences as RoomPreferences })),
  };
}

/** Sets what the caller prefers everywhere. */
export async function setPreferences(
  context: CommandContext,
  command: Command<"set_preferences">,
): Promise<PreferencesSet> {
  const { user } = mustBePerson(context);
  const { directory, tellOwn } = context.services;
  const changed = await directory.changePreferences(everywhere, user, command.changes);
  const preferences = changed as OwnPreferences;
  tellOwn(user, { what: "preferences", preferences });
  return { preferences };
}

/** Sets how the caller wants to see one room. */
export async function setRoomPreferences(
  context: CommandContext,
  command: Command<"set_room_preferences">,
): Promise<RoomPreferencesView> {
  const { user } = mustBePerson(context);
  const { room } = command;
  await openToRead(context, room);
  const { directory, tellOwn } = context.services;
  const changed = await directory.changePreferences(room, user, command.changes);
  const preferences = changed as RoomPreferences;
  tellOwn(user, { what: "room_preferences", room, preferences });
  return { room, preferences };
}

function mustBePerson({ identity }: CommandContext): CommandContext["identity"] {
  if (identity.isAnonymous === true) throw new ProtocolError("forbidden");
  return identity;
}

/** Moves the caller's private mark back. Nobody else is told. */
export async function markUnread(
  context: CommandContext,
  command: Command<"mark_unread">,
): Promise<MarkedRead> {
  const room = await openToRead(context, command.room);
  const { directory } = context.services;
  const { user } = context.identity;
  // What came before one's joining is not counted where it is not read.
  const place = Math.max(command.sequence - 1, await floorFor(context, room));
  const marks = await directory.markUnread(command.room, user, place);
  if (marks === undefined) throw new ProtocolError("not_found");
  tellRead(context, command.room, marks);
  return markedRead(command.room, marks);
}

/** What is answered where marks were moved. */
export function markedRead(room: RoomId, { readMark, unreadAfter, unread }: Marks): MarkedRead {
  return { room, read_mark: readMark, unread_after: unreadAfter, unread };
}

/** Tells the caller's own devices where the marks are. */
export function tellRead(
  context: CommandContext,
  room: RoomId,
  { readMark, unreadAfter, unread }: Marks,
): void {
  const marks = { read_mark: readMark, unread_after: unreadAfter, unread };
  context.services.tellOwn(context.identity.user, { what: "read", room, ...marks });
}

/** Whether the readers of a room tell each other how far they have read. */
export function tellsReceipts({ kind, settings }: RoomRecord): boolean {
  return settings.receipts ?? kinds[kind].tellsReadMarks;
}

/** Which of these people do not tell how far they have read. */
export async function silentReaders(
  { services }: CommandContext,
  users: readonly UserId[],
): Promise<ReadonlySet<UserId>> {
  if (users.length === 0) return new Set();
  const preferences = await services.directory.preferencesEverywhere(users);
  const silent = [...preferences].filter(([, own]) => own.shares_receipts === false);
  return new Set(silent.map(([user]) => user));
}

/** Who has read a message: those whose public mark has reached it. */
export async function seenBy(
  context: CommandContext,
  command: Command<"seen_by">,
): Promise<SeenByList> {
  const room = await openToRead(context, command.room);
  const { id, sequence, author, thread } = await findIn(context, command.room, command.message_id);
  if (!tellsReceipts(room.record)) throw new ProtocolError("feature_disabled");
  // How far somebody has read a thread is told to nobody.
  if (thread !== undefined) throw new ProtocolError("unsupported");
  const { directory } = context.services;
  const members = await directory.members(command.room, limits.listItems);
  const readers = members.filter(({ user, readMark }) => readMark >= sequence && user !== author);
  const silent = await silentReaders(
    context,
    readers.map(({ user }) => user),
  );
  const users = readers.filter(({ user }) => !silent.has(user)).map(memberUser);
  return { room: command.room, message_id: id, users };
}
