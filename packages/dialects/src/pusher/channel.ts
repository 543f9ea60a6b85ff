/**
 * Names of channels and ids of rooms. A channel is a room; both names say the same, each in its own signs. The mapping is injective
 * in both directions: two channels are never one room.
 */
import { fields, type RoomId, type UserId } from "@parlance/protocol";

/** Longest name of a channel, in characters (Pusher protocol 7, "Channel names"). */
export const maxChannelLength = 164;
const channelForm = /^[A-Za-z0-9_\-=@,.;]+$/;
/** The channel of one user, which nobody subscribes by name: `pusher:signin` does. */
const userPrefix = "#server-to-user-";
const inboxPrefix = "user:";
/** Signs of channels that ids of rooms have not. */
const foreign = /[=@,;]/g;
/** An id begins with a letter or a digit. No escape has two colons in a row, so this prefix is no channel's own beginning. */
const leading = "c:";

/** Who may subscribe a channel by what: `open` needs nothing, `encrypted` a signature as `private`, `user` a sign-in. */
export type ChannelAccess = "open" | "private" | "presence" | "encrypted" | "user";

export interface ChannelKind {
  readonly access: ChannelAccess;
  /** Whoever subscribes is told its last event. */
  readonly isCache: boolean;
}

/** What a channel is, by its name. */
export function kindOfChannel(channel: string): ChannelKind {
  const access = accessOf(channel);
  const rest = channel.slice(prefixOf[access].length);
  return { access, isCache: access !== "user" && rest.startsWith("cache-") };
}

const prefixOf: Readonly<Record<ChannelAccess, string>> = {
  open: "",
  private: "private-",
  presence: "presence-",
  encrypted: "private-encrypted-",
  user: userPrefix,
};

function accessOf(channel: string): ChannelAccess {
  if (channel.startsWith(prefixOf.user)) return "user";
  if (channel.startsWith(prefixOf.encrypted)) return "encrypted";
  if (channel.startsWith(prefixOf.private)) return "private";
  return channel.startsWith(prefixOf.presence) ? "presence" : "open";
}

/**
 * The room that a channel is. Characters that ids of rooms have not are `:` and two hexadecimal digits there.
 *
 * @returns undefined for what is no name of a channel, and for one whose room's id would be longer than 128 characters.
 */
export function roomOfChannel(channel: string): RoomId | undefined {
  if (channel.startsWith(userPrefix)) {
    const user = channel.slice(userPrefix.length);
    return user === "" ? undefined : roomIdOf(inboxPrefix + user);
  }
  if (channel.length > maxChannelLength || !channelForm.test(channel)) return undefined;
  const escaped = channel.replace(foreign, escape);
  return roomIdOf(
    /^[A-Za-z0-9]/.test(channel)
      ? escaped
      : leading + escape(channel) + escaped.slice(firstLength(channel)),
  );
}

/** How much the first sign takes where everything is escaped that must be. */
function firstLength(channel: string): number {
  return channel.charAt(0).replace(foreign, escape).length;
}

function escape(text: string): string {
  return `:${text.charCodeAt(0).toString(16).padStart(2, "0")}`;
}

/**
 * The channel that a room is.
 *
 * @returns undefined for a room that no channel can name.
 */
export function channelOfRoom(room: RoomId): string | undefined {
  if (room.startsWith(inboxPrefix)) return userPrefix + room.slice(inboxPrefix.length);
  const rest = room.startsWith(`${leading}:`) ? room.slice(leading.length) : room;
  const channel = rest.replace(/:([0-9a-f]{2})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
  return roomOfChannel(channel) === room ? channel : undefined;
}

/** The channel of what is for one user only. Undefined for a user whose id no room's id can hold. */
export function channelOfUser(user: UserId): string | undefined {
  const channel = userPrefix + user;
  return roomOfChannel(channel) === undefined ? undefined : channel;
}

function roomIdOf(text: string): RoomId | undefined {
  const parsed = fields.roomId.safeParse(text);
  return parsed.success ? parsed.data : undefined;
}
