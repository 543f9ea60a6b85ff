import type { RoomId, UserId } from "@parlance/protocol";
import type { Standing } from "./authorize.ts";
import type { Directory } from "./ports/index.ts";

/** Roles remembered per room. Over it all are forgotten: the next question asks the directory. */
const maxRoles = 10_000;

/** What the look-up needs to know of its room. */
export interface RolesRoom {
  readonly record: { readonly room: RoomId; readonly hasBans: boolean };
  readonly revision: number;
}

/**
 * Who may what in one room, from memory where it was asked before and no event changed it since. What another node
 * changed a moment ago is caught by the revision when something is appended.
 */
export class RoomRoles {
  readonly #room: RolesRoom;
  readonly #directory: Directory;
  readonly #roles = new Map<UserId, Standing>();

  constructor(room: RolesRoom, directory: Directory) {
    this.#room = room;
    this.#directory = directory;
  }

  /** Undefined: neither a member nor banned. */
  of(user: UserId): Standing | Promise<Standing> {
    if (this.#roles.has(user)) return this.#roles.get(user);
    const asked = this.#lookUp(user);
    // Some only want to know whether it is known; for them a failed look-up must not be an unhandled one.
    asked.catch(() => {});
    return asked;
  }

  async #lookUp(user: UserId): Promise<Standing> {
    for (;;) {
      const { revision } = this.#room;
      const { room, hasBans } = this.#room.record;
      const member = await this.#directory.member(room, user);
      const isBanned =
        member === undefined && hasBans && (await this.#directory.isBanned(room, user));
      const standing: Standing = isBanned ? "banned" : member?.role;
      // A membership event that passed meanwhile has the newer word.
      if (this.#roles.has(user)) return this.#roles.get(user);
      if (revision !== this.#room.revision) continue;
      this.remember(user, standing);
      return standing;
    }
  }

  /** An event said so. */
  remember(user: UserId, standing: Standing): void {
    if (this.#roles.size >= maxRoles) this.#roles.clear();
    this.#roles.set(user, standing);
  }

  /** Rights changed in a way that was not seen as an event yet: ask again. */
  forget(): void {
    this.#roles.clear();
  }
}
