import {
  type Command,
  limits,
  type MemberList,
  ProtocolError,
  type RoomId,
  type RoomList,
  type RoomView,
  type UserId,
} from "@parlance/protocol";
import { appendOf, note } from "../append.ts";
import { backEndMay, isFor } from "../authorize.ts";
import { memberUser } from "../frames.ts";
import { kindByName } from "../kinds.ts";
import type { JoinedRoom, RoomRecord } from "../ports/index.ts";
import type { CommandContext } from "../services.ts";
import { silentReaders } from "./preferences.ts";
import { openToRead } from "./reading.ts";

/** How often another id is tried when one made from the title is taken. */
const maxNameTries = 5;

/** Makes a room; its maker's membership is its first event. */
export async function createRoom(
  context: CommandContext,
  command: Command<"create_room">,
): Promise<RoomView> {
  const { services, identity } = context;
  const { scopes } = identity;
  if (scopes !== undefined && !backEndMay(scopes, "manage")) throw new ProtocolError("forbidden");
  // Security: of a key for some rooms the name has to be known, and be one of theirs.
  const isWithin =
    identity.rooms === undefined || (command.room !== undefined && isFor(identity, command.room));
  if (!isWithin) throw new ProtocolError("forbidden");
  const named = command.room === undefined ? "public" : kindByName(command.room);
  if (named !== "public" && (named !== "document" || command.kind !== "document")) {
    throw new ProtocolError("bad_request", { field: "room" });
  }
  // As if it were there: its first use makes it, and nobody owns it.
  if (command.room !== undefined && services.settings.namedRooms.has(command.room)) {
    throw new ProtocolError("conflict", { field: "room" });
  }
  for (let attempt = 0; attempt < maxNameTries; attempt += 1) {
    const id = command.room ?? nameFor(context, command, attempt);
    const data = { user: identity.user, name: identity.name, role: "owner" } as const;
    const append = appendOf(context, id, { event: { type: "member.joined", data } });
    const create = { kind: command.kind, title: command.title, createdAt: append.time };
    const givenAt = services.clock.monotonic();
    const appended = await services.log.append({ ...append, create });
    if (appended.outcome === "stored") {
      note(context, append, appended, services.clock.monotonic() - givenAt);
      const position = { epoch: appended.epoch, offset: appended.sequence };
      services.tellJoined({ user: identity.user, room: id, position });
      return {
        room: id,
        kind: command.kind,
        title: command.title,
        epoch: appended.epoch,
        head: appended.sequence,
        floor: 0,
        role: "owner",
        read_mark: appended.sequence,
        unread: 0,
        unread_after: appended.sequence,
      };
    }
    if (command.room !== undefined) throw new ProtocolError("conflict", { field: "room" });
  }
  throw new ProtocolError("conflict", { field: "title" });
}

/* A public room is found by a name that people can say; a private one's id must not be guessable. */
function nameFor(
  context: CommandContext,
  command: Command<"create_room">,
  attempt: number,
): RoomId {
  const { ids } = context.services;
  if (command.kind === "private" || command.kind === "document") return ids.room();
  const slug = command.title
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "")
    .slice(0, 48);
  const suffix = Math.floor(ids.random() * 1_000_000).toString(36);
  if (slug === "") return `room-${suffix}` as RoomId;
  const isFree = attempt === 0 && !context.services.settings.namedRooms.has(slug as RoomId);
  return (isFree ? slug : `${slug}-${suffix}`) as RoomId;
}

/** One room, with the caller's standing in it. */
export async function getRoom(
  context: CommandContext,
  command: Command<"get_room">,
): Promise<RoomView> {
  const room = await openToRead(context, command.room);
  const { directory } = context.services;
  const joined = await directory.roomOf(context.identity.user, command.room);
  if (joined === undefined) return view({ ...room.record, head: room.last });
  const [seen] = await joinedViews(context, [joined]);
  return seen ?? view(joined);
}

/** The caller's rooms with what is unread, and public rooms to discover. */
export async function listRooms(
  context: CommandContext,
  _command: Command<"list_rooms">,
): Promise<RoomList> {
  const { directory } = context.services;
  const { identity } = context;
  const { user, scopes, rooms } = identity;
  if (scopes !== undefined && !backEndMay(scopes, "read")) throw new ProtocolError("forbidden");
  const [joined, discoverable] = await Promise.all([
    directory.roomsOf(user, limits.listItems, rooms),
    directory.discoverable(user, limits.listItems, rooms),
  ]);
  return {
    joined: await joinedViews(context, joined),
    discoverable: discoverable.map(view),
  };
}

/** With the others of direct rooms, who are what such a room is called. */
async function joinedViews(
  { services, identity }: CommandContext,
  rooms: readonly JoinedRoom[],
): Promise<RoomView[]> {
  const direct = rooms.flatMap(({ room, kind }) => (kind === "direct" ? [room] : []));
  const people = direct.length === 0 ? undefined : await services.directory.peopleOf(direct);
  return rooms.map((record) => {
    const { role, readMark, unread, unreadAfter, mentions, room } = record;
    const others = people?.get(room)?.filter(({ user }) => user !== identity.user);
    return {
      ...view(record),
      role,
      read_mark: readMark,
      unread,
      unread_after: unreadAfter,
      ...(mentions === 0 ? {} : { mentions }),
      ...(others === undefined ? {} : { with: others.map(memberUser) }),
    };
  });
}

function view(record: RoomRecord): RoomView {
  const { room, kind, title, epoch, head, floor, settings } = record;
  return { room, kind, title, epoch, head, floor, ...settings };
}

/** Who belongs to a room, with the marks that others may see. */
export async function listMembers(
  context: CommandContext,
  command: Command<"list_members">,
): Promise<MemberList> {
  const { record } = await openToRead(context, command.room);
  const members = await context.services.directory.members(command.room, limits.listItems);
  const silent =
    record.settings.receipts === false
      ? new Set(members.map(({ user }) => user))
      : await silentReaders(
          context,
          members.map(({ user }) => user),
        );
  const isTold = (user: UserId): boolean => user === context.identity.user || !silent.has(user);
  return {
    room: command.room,
    members: members.map((member) => ({
      user: memberUser(member),
      role: member.role,
      read_mark: isTold(member.user) ? member.readMark : 0,
    })),
  };
}
