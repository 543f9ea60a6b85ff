/** Room kinds shipped with the server; what each allows is core's `kinds.ts`. */
export const roomKinds = [
  "public",
  "private",
  "direct",
  "inbox",
  "announcement",
  "job",
  "document",
] as const;
export type RoomKind = (typeof roomKinds)[number];

/** A member's role in one room, highest first. */
export const roles = ["owner", "moderator", "member", "guest"] as const;
export type Role = (typeof roles)[number];
