/** The commands behind `RoomPeople` and `ClientPeople`. */
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
  RoomId,
  RoomPreferenceChanges,
  RoomPreferences,
  RoomView,
  UserId,
} from "@parlance/protocol";
import { AskingRoom } from "./asking.ts";
import { ProfilesClient } from "./profiles.ts";
import type { ClientPeople, DirectoryQuery, InviteWish, RoomPeople } from "./types-people.ts";

/** What a room does about people. */
export class PeopleRoom extends AskingRoom implements RoomPeople {
  setRole(user: string, role: Role): Promise<MembershipChanged> {
    return this.link.request<"set_role">({ type: "set_role", ...this.#of(user), role });
  }

  ban(user: string, reason?: string): Promise<MembershipChanged> {
    const why = reason === undefined ? {} : { reason };
    return this.link.request<"ban_member">({ type: "ban_member", ...this.#of(user), ...why });
  }

  unban(user: string): Promise<MembershipChanged> {
    return this.link.request<"unban_member">({ type: "unban_member", ...this.#of(user) });
  }

  async bans(): Promise<readonly BanView[]> {
    return (await this.link.request<"list_bans">({ type: "list_bans", room: this.id })).bans;
  }

  createInvite(wish: InviteWish = {}): Promise<InviteMade> {
    return this.link.request<"create_invite">({ type: "create_invite", room: this.id, ...wish });
  }

  async invites(): Promise<readonly InviteView[]> {
    const command = { type: "list_invites", room: this.id } as const;
    return (await this.link.request<"list_invites">(command)).invites;
  }

  revokeInvite(invite: InviteId): Promise<MembershipChanged> {
    const command = { type: "revoke_invite", room: this.id, invite_id: invite } as const;
    return this.link.request<"revoke_invite">(command);
  }

  askToJoin(text?: string): Promise<JoinAsked> {
    const words = text === undefined ? {} : { text };
    return this.link.request<"ask_to_join">({ type: "ask_to_join", room: this.id, ...words });
  }

  async joinRequests(): Promise<readonly JoinRequestView[]> {
    const command = { type: "list_join_requests", room: this.id } as const;
    return (await this.link.request<"list_join_requests">(command)).requests;
  }

  answerJoinRequest(user: string, accept: boolean): Promise<MembershipChanged> {
    const command = { type: "answer_join_request", ...this.#of(user), accept } as const;
    return this.link.request<"answer_join_request">(command);
  }

  async setPreferences(changes: RoomPreferenceChanges): Promise<RoomPreferences> {
    const command = { type: "set_room_preferences", room: this.id, changes } as const;
    return (await this.link.request<"set_room_preferences">(command)).preferences;
  }

  #of(user: string): { readonly room: RoomId; readonly user: UserId } {
    return { room: this.id, user: user as UserId };
  }
}

/** What a client does about ways into rooms, and preferences. */
export abstract class PeopleClient extends ProfilesClient implements ClientPeople {
  directory(query: DirectoryQuery = {}): Promise<DirectoryPage> {
    return this.request<"list_directory">({ type: "list_directory", ...query });
  }

  invite(token: string): Promise<InvitePreview> {
    return this.request<"get_invite">({ type: "get_invite", token });
  }

  acceptInvite(token: string): Promise<RoomView> {
    return this.request<"accept_invite">({ type: "accept_invite", token });
  }

  preferences(): Promise<AllPreferences> {
    return this.request<"get_preferences">({ type: "get_preferences" });
  }

  async setPreferences(changes: OwnPreferenceChanges): Promise<OwnPreferences> {
    return (await this.request<"set_preferences">({ type: "set_preferences", changes }))
      .preferences;
  }
}
