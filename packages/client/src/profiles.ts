/** Who people are: the commands behind `ClientProfiles`. */
import type {
  CommandType,
  OwnProfile,
  PersonView,
  ProfileChanges,
  ProfileShown,
  Reply,
  RoomId,
  UserId,
} from "@parlance/protocol";
import type { CommandBody } from "./types.ts";
import type { ClientProfiles } from "./types-profiles.ts";

/** Characters that are made of bytes at once: more than a call takes as arguments is refused by engines. */
const pieceLength = 8_192;

export abstract class ProfilesClient implements ClientProfiles {
  #isIdle = false;

  abstract request<T extends CommandType>(command: CommandBody<T>): Promise<Reply<T>>;

  profile(user?: string, room?: string): Promise<ProfileShown> {
    return this.request<"get_profile">({
      type: "get_profile",
      ...(user === undefined ? {} : { user: user as UserId }),
      ...(room === undefined ? {} : { room: room as RoomId }),
    });
  }

  async setProfile(changes: ProfileChanges): Promise<OwnProfile> {
    return (await this.request<"set_profile">({ type: "set_profile", changes })).own;
  }

  async setPicture(picture: Uint8Array | null): Promise<OwnProfile> {
    const data = picture === null ? null : toBase64(picture);
    return (await this.request<"set_picture">({ type: "set_picture", data })).own;
  }

  setIdle(idle: boolean): void {
    if (idle === this.#isIdle) return;
    this.#isIdle = idle;
    this.#sayIdle();
  }

  async people(room: string): Promise<readonly PersonView[]> {
    const id = room as RoomId;
    return (await this.request<"list_people">({ type: "list_people", room: id })).people;
  }

  /** A new line is up: to the server its window is in use. */
  protected saidAnew(): void {
    if (this.#isIdle) this.#sayIdle();
  }

  /** A server that does not know it shows nobody as away; nothing else depends on it. */
  #sayIdle(): void {
    this.request<"set_idle">({ type: "set_idle", idle: this.#isIdle }).catch(() => undefined);
  }
}

function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += pieceLength) {
    text += String.fromCharCode(...bytes.subarray(at, at + pieceLength));
  }
  return btoa(text);
}
