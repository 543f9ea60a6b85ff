/**
 * The one place where rights are decided. Every dialect, REST route and hook comes through a command and
 * therefore through here. Pure and synchronous: the command brings the facts.
 */
import {
  ProtocolError,
  type Role,
  type RoomId,
  type RoomKind,
  type RoomSettings,
} from "@parlance/protocol";
import {
  type Action,
  type Audience,
  announcements,
  inboxesOf,
  inboxOwner,
  isForSigned,
  isStaff,
  type KindPolicy,
  kindByName,
  kinds,
} from "./kinds.ts";
import type { Identity, ReadableRooms } from "./ports/index.ts";
import { matchesAny } from "./room-pattern.ts";

export type { Action };

/** What `authorize` needs to know of a room. */
export interface RoomFacts {
  readonly room: RoomId;
  readonly kind: RoomKind;
  /** Absent of one that is not there yet. */
  readonly settings?: Pick<RoomSettings, "archived">;
}

/** What somebody is in a room: a member with a role, kept out, let in by what the application signed, or neither. */
export type Standing = Role | "banned" | "granted" | undefined;

/** Scope that an API key needs for an action. `admin` has them all. */
const scopeFor: Readonly<Record<Action, string>> = {
  read: "read",
  write: "publish",
  join: "rooms",
  manage: "rooms",
  cancel: "rooms",
  pin: "rooms",
};

/** Whether the answer depends on the caller's role in the room, which may have to be looked up. */
export function needsRole(action: Action, kind: RoomKind): boolean {
  return dependsOnRole.has(kinds[kind][action]);
}

const dependsOnRole: ReadonlySet<Audience> = new Set([
  "members",
  "members_or_trusted",
  "staff",
  "writers",
  "announcers",
]);

/**
 * The kind that a room gets if this brings it into being; undefined where it does not.
 *
 * @param named The kind of a room that the install names: any use by somebody who may makes it, as if it were there.
 */
export function kindMadeBy(
  identity: Identity,
  action: Action,
  room: RoomId,
  named?: RoomKind,
): RoomKind | undefined {
  const kind = named ?? kindByName(room);
  if (named !== undefined) {
    return allows(identity, action, { room, kind }, undefined) ? kind : undefined;
  }
  if (isForSigned(room) && action === "write" && identity.scopes !== undefined) {
    return allows(identity, action, { room, kind }, undefined) ? kind : undefined;
  }
  if (!kinds[kind].madeBy.includes(action)) return undefined;
  if (kinds[kind].isOwned !== true) {
    return allows(identity, action, { room, kind }, undefined) ? kind : undefined;
  }
  // They are somebody else with every connection, and could not come back to what is theirs.
  if (identity.isAnonymous === true) return undefined;
  return allows(identity, action, { room, kind }, "owner") ? kind : undefined;
}

/**
 * Allows or throws.
 *
 * Whoever may not even read a room learns nothing of it: the answer is the one for an absent room.
 *
 * @param standing The caller's, where `needsRole` or where the room has bans.
 * @throws ProtocolError `not_found` if the room is hidden from the caller, `forbidden` if it is readable but the action is not
 *   allowed, or if the caller is banned from a room that is readable for others; `archived` if that alone is in the way.
 */
export function authorize(
  identity: Identity,
  action: Action,
  facts: RoomFacts,
  standing: Standing,
): void {
  if (allows(identity, action, facts, standing)) return;
  if (permits(identity, action, facts, standing)) throw new ProtocolError("archived");
  // To whom it is no secret, it need not be kept one.
  const seenAs = standing === "banned" ? undefined : standing;
  throw new ProtocolError(permits(identity, "read", facts, seenAs) ? "forbidden" : "not_found");
}

/** As `authorize`, as an answer. */
export function allows(
  identity: Identity,
  action: Action,
  facts: RoomFacts,
  standing: Standing,
): boolean {
  if (action === "write" && facts.settings?.archived === true) return false;
  return permits(identity, action, facts, standing);
}

/** As `allows`, if the room were not archived. */
function permits(
  identity: Identity,
  action: Action,
  facts: RoomFacts,
  standing: Standing,
): boolean {
  if (!isFor(identity, facts.room)) return false;
  if (identity.scopes !== undefined) return backEndMay(identity.scopes, action);
  if (standing === "banned") return false;
  if (identity.isOnlyGranted === true && standing !== "granted") return false;
  if (standing === "granted" && action !== "read" && action !== "write") return false;
  return includes(kinds[facts.kind][action], identity, facts, standing);
}

/** Whether a room is one that the identity's key is for; those of people, and keys without a limit, are for all. */
export function isFor({ rooms }: Identity, room: RoomId): boolean {
  return rooms === undefined || matchesAny(rooms, room);
}

/** Whether all that a key lacks is a scope: what is said of any room that it is for, there or not, and no secret. */
export function lacksScope(use: { identity: Identity; action: Action }, room: RoomId): boolean {
  const { scopes } = use.identity;
  if (scopes === undefined || !isFor(use.identity, room)) return false;
  return backEndMay(scopes, "read") && !backEndMay(scopes, use.action);
}

/** What a key with these scopes may do in the rooms that it is for. */
export function backEndMay(scopes: readonly string[], action: Action): boolean {
  return scopes.includes("admin") || scopes.includes(scopeFor[action]);
}

/**
 * The rooms that somebody may read, as facts that a database can look up: `allows` said of all rooms at once.
 *
 * @returns undefined for back ends, which may read all that their keys are for.
 */
export function readableRooms(identity: Identity): ReadableRooms | undefined {
  const { user, scopes, onTrustedNetwork } = identity;
  if (scopes !== undefined) return undefined;
  if (identity.isOnlyGranted === true) return { kinds: [], joined: [], user, own: [] };
  const open: RoomKind[] = [];
  const joined: RoomKind[] = [];
  let own: readonly RoomId[] = [];
  for (const [kind, { read }] of Object.entries(kinds) as [RoomKind, KindPolicy][]) {
    if (read === "signed_in" || (read === "members_or_trusted" && onTrustedNetwork === true)) {
      open.push(kind);
    } else if (read === "members" || read === "members_or_trusted") joined.push(kind);
    else if (read === "owner_only") own = inboxesOf(user);
  }
  return { kinds: open, joined, user, own };
}

function includes(
  audience: Audience,
  identity: Identity,
  facts: RoomFacts,
  role: Role | "granted" | undefined,
): boolean {
  switch (audience) {
    case "signed_in":
      return true;
    case "members":
      return role !== undefined;
    case "members_or_trusted":
      return role !== undefined || identity.onTrustedNetwork === true;
    case "writers":
      return role !== undefined && role !== "guest";
    case "staff":
      return isStaff(role);
    case "announcers":
      return isStaff(role) || (identity.onTrustedNetwork === true && facts.room === announcements);
    case "owner_only":
      return inboxOwner(facts.room) === identity.user;
    case "back_ends":
    case "nobody":
      return false;
  }
}
