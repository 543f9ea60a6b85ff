/** Who people are: their own profile, and what they may know of each other. */
import {
  type Command,
  chosenAt,
  limits,
  type OwnProfile,
  type PeopleList,
  type PersonView,
  type PresenceState,
  type ProfileSet,
  type ProfileShown,
  ProtocolError,
} from "@parlance/protocol";
import { fromBase64, pictureType } from "../picture.ts";
import type { ProfileRecord } from "../ports/index.ts";
import type { CommandContext, LiveContext } from "../services.ts";
import { openToRead } from "./reading.ts";

/** The caller's own profile, or what the caller may know of somebody. */
export async function getProfile(
  context: CommandContext,
  command: Command<"get_profile">,
): Promise<ProfileShown> {
  const { services, identity } = context;
  const { user = identity.user } = command;
  const isOwn = user === identity.user;
  if (!isOwn) await mustMeet(context, user, command.room);
  const [record] = await services.directory.profilesOf([user]);
  if (record === undefined) throw new ProtocolError("not_found");
  const now = services.clock.now();
  if (isOwn) {
    const chosen = chosenAt(record.profile, now).availability;
    const state = chosen === "away" || chosen === "dnd" ? chosen : "active";
    return { person: viewOf(record, state, now), own: ownOf(record) };
  }
  const state = await services.stateOf(user);
  const seen = state === "offline" ? await lastSeen(context, record) : {};
  return { person: { ...viewOf(record, state, now), ...seen } };
}

/**
 * Whether the caller may know of somebody. One answer for who is a stranger and who does not exist.
 *
 * @throws ProtocolError `not_found`.
 */
async function mustMeet(
  context: CommandContext,
  user: Command<"get_profile">["user"] & string,
  room: Command<"get_profile">["room"],
): Promise<void> {
  const { directory } = context.services;
  const { identity } = context;
  if (room !== undefined) {
    const { presence } = await openToRead(context, room);
    const isThere = presence.list().some(({ id }) => id === user);
    if (isThere || (await directory.member(room, user)) !== undefined) return;
  } else {
    if (identity.scopes?.includes("admin") === true) return;
    if (identity.rooms === undefined && (await directory.shareRoom(identity.user, user))) return;
  }
  throw new ProtocolError("not_found");
}

/** When somebody was here last, to the minute, where both of them share that. */
async function lastSeen(
  { services, identity }: CommandContext,
  { id, seenAt }: ProfileRecord,
): Promise<{ last_seen?: string }> {
  if (seenAt === undefined) return {};
  const preferences = await services.directory.preferencesEverywhere([identity.user, id]);
  const isSilent = [...preferences.values()].some((own) => own.shares_last_seen === false);
  if (isSilent) return {};
  return { last_seen: new Date(Math.floor(seenAt / 60_000) * 60_000).toISOString() };
}

function ownOf({ name, profile }: ProfileRecord): OwnProfile {
  return { name, ...profile };
}

function viewOf(record: ProfileRecord, state: PresenceState, now: number): PersonView {
  const { id, name, kind, number, username, profile } = record;
  const { availability: _chosen, availability_until: _until, status: _status, ...told } = profile;
  const { status } = chosenAt(profile, now);
  return {
    user: { id, name, kind, ...(kind === "external" ? {} : { number }) },
    ...(username === undefined ? {} : { username }),
    ...told,
    state,
    ...(status === undefined ? {} : { status }),
  };
}

/** Sets what is said of the caller. */
export async function setProfile(
  context: CommandContext,
  { changes }: Command<"set_profile">,
): Promise<ProfileSet> {
  const { authenticator, clock, directory } = context.services;
  const { user } = mustHaveOne(context);
  if (changes.name !== undefined) {
    authenticator.checkName(changes.name);
    const [record] = await directory.profilesOf([user]);
    if (record?.kind === "external") throw new ProtocolError("unsupported", { field: "name" });
  }
  const ends = changes.availability !== undefined && changes.availability_until === undefined;
  const all = ends ? { ...changes, availability_until: null } : changes;
  return told(context, await directory.changeProfile(user, all, clock.now()));
}

/** Sets the caller's picture. */
export async function setPicture(
  context: CommandContext,
  { data }: Command<"set_picture">,
): Promise<ProfileSet> {
  const { clock, directory, ids } = context.services;
  const { user } = mustHaveOne(context);
  if (data === null) return told(context, await directory.setPicture(user, null, clock.now()));
  const bytes = fromBase64(data);
  if (bytes !== undefined && bytes.length > limits.pictureBytes) {
    throw new ProtocolError("too_large", { limit: limits.pictureBytes });
  }
  const mediaType = bytes === undefined ? undefined : pictureType(bytes);
  if (mediaType === undefined) throw new ProtocolError("bad_request", { field: "data" });
  const picture = { id: ids.secret(), mediaType, data };
  return told(context, await directory.setPicture(user, picture, clock.now()));
}

function mustHaveOne({ identity }: CommandContext): CommandContext["identity"] {
  if (identity.isAnonymous === true) throw new ProtocolError("forbidden");
  return identity;
}

/** Others on this node learn of it before the caller has the answer; those on other nodes by the control log. */
function told({ services }: CommandContext, record: ProfileRecord | undefined): ProfileSet {
  // A back end's key is no person, unless it is a bot's.
  if (record === undefined) throw new ProtocolError("unsupported");
  services.people.changed(record);
  return { own: ownOf(record) };
}

/** Whether the connection's window is used. */
export function setIdle(
  { connection, services, identity }: LiveContext,
  { idle }: Command<"set_idle">,
): Record<string, never> {
  if (connection.isIdle === idle) return {};
  connection.isIdle = idle;
  services.people.moved(identity.user);
  return {};
}

/** The members of a room with their profiles. */
export async function listPeople(
  context: CommandContext,
  command: Command<"list_people">,
): Promise<PeopleList> {
  const { clock, directory } = context.services;
  const room = await openToRead(context, command.room);
  const members = await directory.members(command.room, limits.listItems);
  const records = await directory.profilesOf(members.map(({ user }) => user));
  const here = new Map<string, PresenceState>(
    room.presence.list().map((user) => [user.id, user.state ?? "active"]),
  );
  const now = clock.now();
  return {
    room: command.room,
    people: records.map((record) => viewOf(record, here.get(record.id) ?? "offline", now)),
  };
}
