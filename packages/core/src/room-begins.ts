import type { RoomId, Sequence, UserId } from "@parlance/protocol";
import type { Directory } from "./ports/index.ts";

/** Members remembered per room. Over it all are forgotten: the next question asks the directory. */
const maxMembers = 10_000;

/** What the look-up needs to know of its room. */
export interface BegunRoom {
  readonly record: { readonly room: RoomId };
  readonly last: Sequence;
  readonly revision: number;
}

/**
 * With which event each member's present membership began, asked for only in rooms where reading begins there. Kept as
 * `RoomRoles` are: an event about somebody makes it forgotten.
 */
export class RoomBegins {
  readonly #room: BegunRoom;
  readonly #directory: Directory;
  readonly #begins = new Map<UserId, Sequence>();

  constructor(room: BegunRoom, directory: Directory) {
    this.#room = room;
    this.#directory = directory;
  }

  /** The sequence of the `member.joined`; of somebody who is no member one that the room has not reached. */
  of(user: UserId): Sequence | Promise<Sequence> {
    const known = this.#begins.get(user);
    if (known !== undefined) return known;
    const asked = this.#lookUp(user);
    // Some only want to know whether it is known; for them a failed look-up must not be an unhandled one.
    asked.catch(() => {});
    return asked;
  }

  async #lookUp(user: UserId): Promise<Sequence> {
    for (;;) {
      const { revision } = this.#room;
      const member = await this.#directory.member(this.#room.record.room, user);
      if (revision !== this.#room.revision) continue;
      if (member === undefined) return this.#room.last + 1;
      if (this.#begins.size >= maxMembers) this.#begins.clear();
      this.#begins.set(user, member.joinedSequence);
      return member.joinedSequence;
    }
  }

  /** An event said that the user came or went. */
  forget(user: UserId): void {
    this.#begins.delete(user);
  }

  /** Memberships changed in a way that was not seen as an event yet: ask again. */
  forgetAll(): void {
    this.#begins.clear();
  }
}
