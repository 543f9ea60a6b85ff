import type { Role, RoomId, UserId } from "@parlance/protocol";
import type { Directory } from "./ports/index.ts";

/** Roles remembered per room. Over it all are forgotten: the next question asks the directory. */
const maxRoles = 10_000;

/** What the look-up needs to know of its room. */
export interface RolesRoom {
  readonly record: { readonly room: RoomId };
  readonly revision: number;
}

/**
 * Who may what in one room, from memory where it was asked before and no event changed it since. What another node
 * changed a moment ago is caught by the revision when something is appended.
 */
export class RoomRoles {
  readonly #room: RolesRoom;
  readonly #directory: Directory;
  readonly #roles = new Map<UserId, Role | undefined>();

  constructor(room: RolesRoom, directory: Directory) {
    this.#room = room;
    this.#directory = directory;
  }

  /** Undefined: not a member. */
  of(user: UserId): Role | undefined | Promise<Role | undefined> {
    if (this.#roles.has(user)) return this.#roles.get(user);
    const asked = this.#lookUp(user);
    // Some only want to know whether it is known; for them a failed look-up must not be an unhandled one.
    asked.catch(() => {});
    return asked;
  }

  async #lookUp(user: UserId): Promise<Role | undefined> {
    for (;;) {
      const { revision } = this.#room;
      const member = await this.#directory.member(this.#room.record.room, user);
      // A membership event that passed meanwhile has the newer word.
      if (this.#roles.has(user)) return this.#roles.get(user);
      if (revision !== this.#room.revision) continue;
      this.remember(user, member?.role);
      return member?.role;
    }
  }

  /** An event said so. */
  remember(user: UserId, role: Role | undefined): void {
    if (this.#roles.size >= maxRoles) this.#roles.clear();
    this.#roles.set(user, role);
  }

  /** Rights changed in a way that was not seen as an event yet: ask again. */
  forget(): void {
    this.#roles.clear();
  }
}
