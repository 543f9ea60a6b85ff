/**
 * Who is there in the rooms that this node's Socket.IO connections watch. A person is told about once, however many
 * rooms two people share: as online by the first of them, as offline by the last.
 */
import type { PresenceEvent, RoomId, UserId, WireUser } from "@parlance/protocol";

interface Watched {
  present: Set<UserId>;
  watchers: number;
  isKnown: boolean;
  /** The event that `present` was last changed by. */
  heard: PresenceEvent | undefined;
}

/** What one event means to one connection. */
export interface StatusChanges {
  readonly online: readonly UserId[];
  readonly offline: readonly UserId[];
  /** Too many to name: somebody has to ask who is there. True for the first connection that hears it. */
  readonly isUnnamed: boolean;
}

export class Statuses {
  readonly #rooms = new Map<RoomId, Watched>();

  /** A connection subscribed. */
  watch(room: RoomId): void {
    const watched = this.#rooms.get(room);
    if (watched !== undefined) watched.watchers += 1;
    else {
      const nobody = { present: new Set<UserId>(), watchers: 1, isKnown: false, heard: undefined };
      this.#rooms.set(room, nobody);
    }
  }

  /** Who was there as subscribers were told; the first to learn it makes it known. */
  know(room: RoomId, present: readonly WireUser[]): void {
    if (this.#rooms.get(room)?.isKnown === false) this.renew(room, present);
  }

  unwatch(room: RoomId): void {
    const watched = this.#rooms.get(room);
    if (watched === undefined) return;
    watched.watchers -= 1;
    if (watched.watchers === 0) this.#rooms.delete(room);
  }

  /** Begins anew where too many came and went to be named. */
  renew(room: RoomId, present: readonly WireUser[]): void {
    const watched = this.#rooms.get(room);
    if (watched === undefined) return;
    watched.present = new Set(present.map(({ id }) => id));
    watched.isKnown = true;
  }

  /**
   * What an event tells a connection that did not know it by another of its rooms. Every receiver asks with the same
   * event; the first makes it known.
   *
   * @param rooms The connection's.
   */
  changes(event: PresenceEvent, rooms: Iterable<RoomId>): StatusChanges {
    const isFirst = this.#hear(event);
    const others = [...rooms].filter((room) => room !== event.room);
    const isNews = (user: UserId): boolean => !this.isPresent(user, others);
    return {
      online: event.online.map(({ id }) => id).filter(isNews),
      offline: event.offline.filter(isNews),
      isUnnamed: isFirst && event.omitted === true,
    };
  }

  #hear(event: PresenceEvent): boolean {
    const watched = this.#rooms.get(event.room);
    if (watched === undefined || watched.heard === event) return false;
    watched.heard = event;
    for (const { id } of event.online) watched.present.add(id);
    for (const id of event.offline) watched.present.delete(id);
    return true;
  }

  isPresent(user: UserId, rooms: readonly RoomId[]): boolean {
    return rooms.some((room) => this.#rooms.get(room)?.present.has(user) === true);
  }

  /** Everybody in a room. */
  presentIn(room: RoomId): ReadonlySet<UserId> {
    return this.#rooms.get(room)?.present ?? new Set();
  }
}
