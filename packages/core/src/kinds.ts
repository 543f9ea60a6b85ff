/** Room kinds as policy: who may do what, and which rooms come into being when first used. */
import type { Role, RoomId, RoomKind, UserId } from "@parlance/protocol";

/** Who a right is given to. `signed_in` includes guests only where the operator allows guests at all. */
export type Audience = "signed_in" | "members" | "owner_only" | "staff" | "back_ends" | "nobody";

/** What one kind allows. `staff` are a room's owners and moderators. */
export interface KindPolicy {
  readonly read: Audience;
  readonly write: Audience;
  /** Who may become a member by asking. */
  readonly join: Audience;
  /** Who may bring others in and put them out. */
  readonly manage: Audience;
  /** Made when first used. */
  readonly createOnUse: boolean;
  /** Whether readers tell each other how far they read. */
  readonly tellsReadMarks: boolean;
}

export const kinds: Readonly<Record<RoomKind, KindPolicy>> = {
  public: {
    read: "signed_in",
    write: "signed_in",
    join: "signed_in",
    manage: "staff",
    createOnUse: true,
    tellsReadMarks: false,
  },
  private: {
    read: "members",
    write: "members",
    join: "nobody",
    manage: "staff",
    createOnUse: false,
    tellsReadMarks: true,
  },
  direct: {
    read: "members",
    write: "members",
    join: "nobody",
    manage: "nobody",
    createOnUse: false,
    tellsReadMarks: true,
  },
  inbox: {
    read: "owner_only",
    write: "back_ends",
    join: "nobody",
    manage: "nobody",
    createOnUse: true,
    tellsReadMarks: false,
  },
  announcement: {
    read: "signed_in",
    write: "staff",
    join: "signed_in",
    manage: "staff",
    createOnUse: false,
    tellsReadMarks: false,
  },
};

const inboxPrefixes = ["notifications_", "user:"] as const;
/** Ids that only the server makes; an absent one never comes into being by use. */
const serverMade = "r_";

/** The kind that a room gets if it is made by use: by its name. */
export function kindByName(room: RoomId): RoomKind {
  if (room.startsWith(serverMade)) return "private";
  return inboxPrefixes.some((prefix) => room.startsWith(prefix)) ? "inbox" : "public";
}

/** Whose inbox a room is: the part of its name after the prefix. */
export function inboxOwner(room: RoomId): UserId | undefined {
  const prefix = inboxPrefixes.find((candidate) => room.startsWith(candidate));
  return prefix === undefined ? undefined : (room.slice(prefix.length) as UserId);
}

/** True for roles that look after a room. */
export function isStaff(role: Role | undefined): boolean {
  return role === "owner" || role === "moderator";
}
