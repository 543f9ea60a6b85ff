/** Finding rooms, and asking to be let in. */
import {
  type Command,
  type DirectoryEntry,
  type DirectoryPage,
  type JoinAsked,
  type JoinRequestList,
  limits,
  type MembershipChanged,
  ProtocolError,
  type RoomId,
} from "@parlance/protocol";
import { appendIn, authorizeIn } from "../append.ts";
import { backEndMay, isFor } from "../authorize.ts";
import { directoryWords } from "../directory-words.ts";
import { memberUser } from "../frames.ts";
import { isListable } from "../kinds.ts";
import type { DirectoryRoom } from "../ports/index.ts";
import type { Room } from "../room.ts";
import type { CommandContext } from "../services.ts";
import { mayEnter } from "./entering.ts";
import { record } from "./membership.ts";
import { openToManage } from "./moderation.ts";

const defaultPage = 50;
/** Who was refused may ask again after so long. */
const refusalHoldsMs = 24 * 3_600_000;

/** A page of the rooms that may be found. */
export async function listDirectory(
  context: CommandContext,
  command: Command<"list_directory">,
): Promise<DirectoryPage> {
  const { identity } = context;
  const { scopes, user } = identity;
  if (scopes !== undefined && !backEndMay(scopes, "read")) throw new ProtocolError("forbidden");
  const limit = command.limit ?? defaultPage;
  const found = await context.services.directory.directory({
    user,
    words: directoryWords(command.query ?? ""),
    ...(command.after === undefined ? {} : { after: readPlace(command.after) }),
    limit,
  });
  const last = found.length < limit ? undefined : found.at(-1);
  return {
    rooms: found.filter(({ room }) => isFor(identity, room)).map(entryOf),
    ...(last === undefined ? {} : { next: `${last.room} ${last.title}` }),
  };
}

/** A room's id has no blanks, and its title may have. */
function readPlace(after: string): { readonly room: RoomId; readonly title: string } {
  const end = after.indexOf(" ");
  if (end < 1) throw new ProtocolError("bad_request", { field: "after" });
  return { room: after.slice(0, end) as RoomId, title: after.slice(end + 1) };
}

function entryOf(found: DirectoryRoom): DirectoryEntry {
  const { room, kind, title, settings, members, isMember, hasAsked } = found;
  return {
    room,
    kind,
    title,
    ...(settings.topic === undefined ? {} : { topic: settings.topic }),
    ...(settings.archived === true ? { archived: true } : {}),
    members,
    joined: isMember,
    ...(hasAsked && !isMember ? { asked: true } : {}),
  };
}

/** Asks to be let in. */
export async function askToJoin(
  context: CommandContext,
  command: Command<"ask_to_join">,
): Promise<JoinAsked> {
  const { clock, directory, rooms } = context.services;
  const { user, name, isAnonymous, scopes } = context.identity;
  const room = await rooms.open(command.room);
  const standing = await room.roles.of(user);
  const isPerson = isAnonymous !== true && scopes === undefined;
  if (standing !== undefined && standing !== "banned") {
    return { room: command.room, state: "joined" };
  }
  if (!isPerson || standing === "banned") throw new ProtocolError("not_found");
  mustBeListed(room);
  await mayEnter(context, room);
  const asked: JoinAsked = { room: command.room, state: "asked" };
  const before = await directory.joinRequest(command.room, user);
  // Whether it was refused is not told: the answer is that of one who waits.
  const isOver =
    before?.refusedAt !== undefined && before.refusedAt + refusalHoldsMs <= clock.now();
  if (before !== undefined && !isOver) return asked;
  const waiting = await directory.joinRequests(command.room, limits.joinRequests);
  if (waiting.length >= limits.joinRequests) {
    throw new ProtocolError("rate_limited", { limit: limits.joinRequests });
  }
  const data = { user, name, ...(command.text === undefined ? {} : { text: command.text }) };
  await appendIn(context, room, { event: { type: "join.requested", data } }, async () => {
    if ((await room.roles.of(user)) !== undefined) throw new ProtocolError("not_found");
    mustBeListed(room);
  });
  return asked;
}

/* Security: of a room that is not listed nobody learns by asking that it is there. */
function mustBeListed({ record: { kind, settings } }: Room): void {
  if (!isListable(kind) || settings.listed !== true) throw new ProtocolError("not_found");
}

/** Who waits, for the staff. */
export async function listJoinRequests(
  context: CommandContext,
  command: Command<"list_join_requests">,
): Promise<JoinRequestList> {
  await openToManage(context, command.room);
  const { directory } = context.services;
  const requests = await directory.joinRequests(command.room, limits.listItems);
  return {
    room: command.room,
    requests: requests.map((request) => ({
      user: memberUser(request),
      ...(request.text === undefined ? {} : { text: request.text }),
      time: new Date(request.askedAt).toISOString(),
    })),
  };
}

/** Lets somebody in who waits, or does not. */
export async function answerJoinRequest(
  context: CommandContext,
  command: Command<"answer_join_request">,
): Promise<MembershipChanged> {
  const { directory } = context.services;
  const room = await openToManage(context, command.room);
  const mayAnswer = (): Promise<void> => authorizeIn(context, "manage", room);
  const request = await directory.joinRequest(command.room, command.user);
  if (request === undefined || request.refusedAt !== undefined) {
    throw new ProtocolError("not_found");
  }
  const { user, name } = request;
  if (!command.accept) {
    return record(context, room, { type: "join.refused", data: { user } }, mayAnswer);
  }
  if ((await directory.user(user))?.disabled === true) throw new ProtocolError("not_found");
  const data = { user, name, role: "member" } as const;
  return record(context, room, { type: "member.joined", data }, async () => {
    await mayAnswer();
    if ((await room.roles.of(user)) !== undefined) throw new ProtocolError("conflict");
  });
}
