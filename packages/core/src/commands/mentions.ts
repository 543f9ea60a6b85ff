/**
 * Who is mentioned in a message. The server decides, from what the writer named and from what the text says; whoever may not
 * read the room is left out without a word, so that nothing is learned of people by naming them.
 */
import {
  type Command,
  limits,
  type MentionList,
  type Mentions,
  type MentionWish,
  type Principal,
  type UserId,
} from "@parlance/protocol";
import { openFor } from "../append.ts";
import { allows, needsRole } from "../authorize.ts";
import type { Identity } from "../ports/index.ts";
import type { Room } from "../room.ts";
import type { CommandContext } from "../services.ts";
import { viewsWhereReadable } from "./message-views.ts";
import { defaultPage, openToRead } from "./reading.ts";

/** A user name as accounts have them, behind an `@` that is not in the middle of something. */
const named = /(?<![\w@./-])@([A-Za-z0-9](?:[A-Za-z0-9_.-]{0,30}[A-Za-z0-9])?)(?![\w@])/g;
/** What is shown as code mentions nobody. */
const code = /```[\s\S]*?(?:```|$)|`[^`\n]*`/g;

/** Whether a message may mention somebody, so that it has to be looked up. */
export function maySpeakOf(text: string, wish: MentionWish | undefined): boolean {
  return wish !== undefined || text.includes("@");
}

/**
 * Decides who is mentioned. `here` becomes the people who are present now: later nobody could tell.
 *
 * @returns undefined where nobody is.
 * @throws ProtocolError `not_found` if there is no such room.
 */
export async function mentionsIn(
  context: CommandContext,
  { room: id }: Pick<Command<"publish">, "room">,
  text: string,
  wish: MentionWish = {},
): Promise<Mentions | undefined> {
  const names = namesIn(text);
  const isRoom = wish.room === true || names.delete("room");
  const isHere = wish.here === true || names.delete("here");
  const isNobody = names.size === 0 && wish.users === undefined;
  if (isNobody && !isRoom && !isHere) return undefined;
  const room = await openFor(context, "write", id);
  const { directory } = context.services;
  const accounts = await Promise.all(
    [...names].slice(0, limits.mentionedUsers).map((name) => directory.userByUsername(name)),
  );
  const wished = [...(wish.users ?? []), ...accounts.flatMap((user) => user?.id ?? [])];
  const users = await readersAmong(context, room, wished);
  const here = isHere ? presentIn(context, room) : [];
  if (users.length === 0 && here.length === 0 && !isRoom) return undefined;
  return {
    ...(users.length === 0 ? {} : { users }),
    ...(isRoom ? { room: true } : {}),
    ...(here.length === 0 ? {} : { here }),
  };
}

function namesIn(text: string): Set<string> {
  if (!text.includes("@")) return new Set();
  const matches = text.replaceAll(code, " ").matchAll(named);
  return new Set([...matches].map(([, name = ""]) => name.toLowerCase()));
}

async function readersAmong(
  context: CommandContext,
  room: Room,
  wished: readonly UserId[],
): Promise<UserId[]> {
  const users = [...new Set(wished)].slice(0, limits.mentionedUsers);
  const mayRead = await Promise.all(users.map((user) => isReader(context, room, user)));
  return users.filter((_, index) => mayRead[index] === true);
}

/* Security: of a room with members only, whether somebody else exists is not looked up at all. */
/** Whether somebody else may read the room. */
export async function isReader(
  context: CommandContext,
  room: Room,
  user: UserId,
): Promise<boolean> {
  const { kind, hasBans } = room.record;
  const somebody: Identity = {
    user,
    name: "",
    kind: "external",
    principal: user as string as Principal,
  };
  if (needsRole("read", kind)) {
    return allows(somebody, "read", room.record, await room.roles.of(user));
  }
  const standing = hasBans ? await room.roles.of(user) : undefined;
  if (!allows(somebody, "read", room.record, standing)) return false;
  return (await context.services.directory.user(user)) !== undefined;
}

function presentIn({ identity }: CommandContext, room: Room): UserId[] {
  return room.presence
    .list()
    .map(({ id }) => id)
    .filter((id) => id !== identity.user)
    .slice(0, limits.mentionedHere);
}

/** Messages that mention the caller, in rooms that it may read now, the newest first. */
export async function listMentions(
  context: CommandContext,
  command: Command<"list_mentions">,
): Promise<MentionList> {
  const { room, before, limit = defaultPage } = command;
  if (room !== undefined) await openToRead(context, room);
  const found = await context.services.directory.mentionsOf({
    user: context.identity.user,
    ...(room === undefined ? {} : { room }),
    ...(before === undefined ? {} : { before }),
    limit,
  });
  const views = await viewsWhereReadable(context, found);
  const mentions = found.flatMap(({ id }) => views.get(id) ?? []);
  const last = found.at(-1);
  return found.length < limit || last === undefined
    ? { mentions }
    : { mentions, next: last.number };
}
