/** Room kinds as policy: who may do what, and which rooms come into being when first used. */
import type { Role, RoomId, RoomKind, UserId } from "@parlance/protocol";

/** What somebody wants to do in a room. */
export type Action = "read" | "write" | "join" | "manage" | "cancel" | "pin";

/**
 * Who a right is given to, beside back ends, whose scopes decide. `signed_in` includes guests only where the operator allows
 * guests at all. `announcers` are the staff, and in `notifications` a trusted network's clients too;
 * `writers` are the members but those whose role is `guest`; `members_or_trusted` are the members and a trusted network's clients.
 */
export type Audience =
  | "signed_in"
  | "members"
  | "writers"
  | "members_or_trusted"
  | "owner_only"
  | "staff"
  | "announcers"
  | "back_ends"
  | "nobody";

/** What one kind allows. `staff` are a room's owners and moderators. */
export interface KindPolicy {
  readonly read: Audience;
  readonly write: Audience;
  /** Who may become a member by asking. */
  readonly join: Audience;
  /** Who may bring others in and put them out. */
  readonly manage: Audience;
  /** Who may end an open message of somebody else. */
  readonly cancel: Audience;
  /** Who may pin messages to the room. */
  readonly pin: Audience;
  /** Whether readers see what a message said before it was edited. */
  readonly showsVersions: boolean;
  /** What brings it into being where it is absent, done by somebody who may. */
  readonly madeBy: readonly Action[];
  /** Whoever makes it by use becomes its owner. */
  readonly isOwned?: true;
  /** Whether readers tell each other how far they read. */
  readonly tellsReadMarks: boolean;
}

const anyUse: readonly Action[] = ["read", "write", "join"];

export const kinds: Readonly<Record<RoomKind, KindPolicy>> = {
  public: {
    read: "signed_in",
    write: "signed_in",
    join: "signed_in",
    manage: "staff",
    cancel: "staff",
    pin: "staff",
    showsVersions: true,
    madeBy: anyUse,
    tellsReadMarks: false,
  },
  private: {
    read: "members",
    write: "members",
    join: "nobody",
    manage: "staff",
    cancel: "staff",
    pin: "members",
    showsVersions: true,
    madeBy: [],
    tellsReadMarks: true,
  },
  direct: {
    read: "members",
    write: "members",
    join: "nobody",
    manage: "nobody",
    cancel: "members",
    pin: "members",
    showsVersions: true,
    madeBy: [],
    tellsReadMarks: true,
  },
  inbox: {
    read: "owner_only",
    write: "back_ends",
    join: "owner_only",
    manage: "nobody",
    cancel: "owner_only",
    pin: "owner_only",
    showsVersions: true,
    madeBy: anyUse,
    // The only reader is its owner, on all devices.
    tellsReadMarks: true,
  },
  announcement: {
    read: "signed_in",
    write: "announcers",
    join: "signed_in",
    manage: "staff",
    cancel: "staff",
    pin: "staff",
    showsVersions: true,
    madeBy: ["write"],
    tellsReadMarks: false,
  },
  job: {
    read: "members_or_trusted",
    write: "back_ends",
    join: "nobody",
    manage: "nobody",
    cancel: "members",
    pin: "nobody",
    showsVersions: true,
    madeBy: ["write", "manage"],
    tellsReadMarks: false,
  },
  document: {
    read: "members",
    write: "writers",
    // Whoever made it by joining it is in it.
    join: "members",
    manage: "staff",
    cancel: "members",
    pin: "writers",
    showsVersions: true,
    madeBy: anyUse,
    isOwned: true,
    tellsReadMarks: true,
  },
};

const inboxPrefixes = ["notifications_", "user:"] as const;
/** Progress of one job, for those whom the back end that runs it lets in. */
const jobPrefixes = ["job_", "ocr_job_"] as const;
/** What people write together. */
const documentPrefixes = ["doc_", "document:"] as const;
/** Where an application tells something to all. */
export const announcements: RoomId = "notifications" as RoomId;
/** Ids that only the server makes; an absent one never comes into being by use. */
const serverMade = "r_";

/** Read by whom the application signs for, whoever comes first: never made by the use of anybody else. */
const signedPrefixes = ["private-", "presence-"] as const;

/** Whether the application's signature brings a room into being, and what its back ends write. */
export function isForSigned(room: RoomId): boolean {
  return signedPrefixes.some((prefix) => room.startsWith(prefix));
}

/** The kind that a room gets if it is made by use: by its name. */
export function kindByName(room: RoomId): RoomKind {
  if (room.startsWith(serverMade) || isForSigned(room)) return "private";
  if (room === announcements) return "announcement";
  if (jobPrefixes.some((prefix) => room.startsWith(prefix))) return "job";
  if (documentPrefixes.some((prefix) => room.startsWith(prefix))) return "document";
  return inboxPrefixes.some((prefix) => room.startsWith(prefix)) ? "inbox" : "public";
}

/** Whose inbox a room is: the part of its name after the prefix. */
export function inboxOwner(room: RoomId): UserId | undefined {
  const prefix = inboxPrefixes.find((candidate) => room.startsWith(candidate));
  return prefix === undefined ? undefined : (room.slice(prefix.length) as UserId);
}

/** The ids that a user's inboxes may have. */
export function inboxesOf(user: UserId): readonly RoomId[] {
  return inboxPrefixes.map((prefix) => `${prefix}${user}` as RoomId);
}

/** True for kinds whose rooms are closed, and may be listed so that people ask to be let in. */
export function isListable(kind: RoomKind): boolean {
  return kind === "private" || kind === "document";
}

/** True for roles that look after a room. */
export function isStaff(role: Role | "banned" | "granted" | undefined): boolean {
  return role === "owner" || role === "moderator";
}
