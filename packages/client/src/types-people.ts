/** What rooms and clients do about people: roles, bans, invites, requests to come in, the directory, preferences. */
import type {
  AllPreferences,
  BanView,
  DirectoryPage,
  InviteId,
  InviteMade,
  InvitePreview,
  InviteView,
  JoinAsked,
  JoinRequestView,
  MembershipChanged,
  OwnPreferenceChanges,
  OwnPreferences,
  Role,
  RoomPreferenceChanges,
  RoomPreferences,
  RoomView,
} from "@parlance/protocol";
import type { CommandBody } from "./types.ts";

/** What a link gives, to how many, and for how long. */
export type InviteWish = Omit<CommandBody<"create_invite">, "type" | "room">;
/** Which rooms are looked for, and how many at once. */
export type DirectoryQuery = Omit<CommandBody<"list_directory">, "type">;

/** Who is in one room and who may come. Every call rejects with `ClientError` where the server refuses. */
export interface RoomPeople {
  /** Gives a member another role; only owners make and unmake staff. */
  setRole(user: string, role: Role): Promise<MembershipChanged>;
  /** Puts somebody out for good, member or not. `reason`: one line that they and the room's members read. */
  ban(user: string, reason?: string): Promise<MembershipChanged>;
  /** Lets somebody come back. Does not make a member. */
  unban(user: string): Promise<MembershipChanged>;
  /** Who is banned, the newest first; for the staff. */
  bans(): Promise<readonly BanView[]>;
  /** Makes a link that lets people in. Its token is in this answer alone. */
  createInvite(wish?: InviteWish): Promise<InviteMade>;
  /** The links that are good; for the staff. */
  invites(): Promise<readonly InviteView[]>;
  /** Makes a link useless. */
  revokeInvite(invite: InviteId): Promise<MembershipChanged>;
  /** Asks to be let into a private room that is listed. */
  askToJoin(text?: string): Promise<JoinAsked>;
  /** Who waits to be let in, who asked first is first; for the staff. */
  joinRequests(): Promise<readonly JoinRequestView[]>;
  /** Lets somebody in who asked, or does not. */
  answerJoinRequest(user: string, accept: boolean): Promise<MembershipChanged>;
  /** Sets how one wants to see the room; null takes a wish back. Resolves with all that is wished now. */
  setPreferences(changes: RoomPreferenceChanges): Promise<RoomPreferences>;
}

/** Ways into rooms, and what one prefers everywhere. Every call rejects with `ClientError` where the server refuses. */
export interface ClientPeople {
  /** A page of the rooms that may be found, by title. `next` of a page is the `after` of the one behind it. */
  directory(query?: DirectoryQuery): Promise<DirectoryPage>;
  /** What a link leads to. `not_found` for every link that is not good. */
  invite(token: string): Promise<InvitePreview>;
  /** Becomes a member by a link. */
  acceptInvite(token: string): Promise<RoomView>;
  /** All that one prefers. */
  preferences(): Promise<AllPreferences>;
  /** Sets what one prefers everywhere; null takes a wish back. Resolves with all that is wished now. */
  setPreferences(changes: OwnPreferenceChanges): Promise<OwnPreferences>;
}
