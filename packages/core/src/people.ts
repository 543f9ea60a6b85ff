/**
 * Who is connected to this node, as others may see them: what they chose to say, and whether their windows are idle. Read before a
 * connection may do anything, so that somebody invisible is never seen for a moment; the control log says when to read again.
 */
import {
  type Availability,
  type ChosenStatus,
  chosenAt,
  type OwnProfile,
  type PresenceState,
  type PresentUser,
  type UserId,
} from "@parlance/protocol";
import { wireUser } from "./frames.ts";
import type { Report } from "./gate.ts";
import type { Clock, Identity, ProfileRecord, Profiles } from "./ports/index.ts";
import type { Registry } from "./registry.ts";
import type { Room } from "./room.ts";

/** Somebody without a connection is remembered so long: they come back, or are just coming in. */
const rememberedMs = 60_000;
/** How often it is written down that somebody is here, so that little is lost with a node that is killed. */
const seenEveryMs = 60_000;
/** How soon it is written down that somebody went: those of a moment together. */
const writeSeenMs = 2_000;
/** Users in one such statement. */
const seenAtOnce = 500;

/** What was chosen by somebody. */
interface Known {
  record: ProfileRecord | undefined;
  availability: Availability | undefined;
  status: ChosenStatus | undefined;
  /** When something of it is over, in milliseconds since 1970. */
  endsAt: number | undefined;
  /** What was read is old: it has to be read again. */
  isStale: boolean;
  /** What the user's own connections were told last. */
  told: string;
  /** Monotonic milliseconds. */
  usedAt: number;
}

export interface PeoplePorts {
  readonly directory: Pick<Profiles, "profilesOf" | "noteSeen">;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly report: Report;
}

export class People {
  readonly #ports: PeoplePorts;
  readonly #known = new Map<UserId, Known>();
  /** Being read; what is said of them meanwhile makes the answer old. */
  readonly #reading = new Map<UserId, { isStale: boolean; done: Promise<void> }>();
  /** Who could not be read: they are tried again. */
  readonly #unread = new Set<UserId>();
  /** Who was here since it was written down last. */
  readonly #seen = new Set<UserId>();
  #seenAt: number;
  #wroteAt: number;
  /** Whether it was told that this fails just now. */
  #hasTold = false;

  constructor(ports: PeoplePorts) {
    this.#ports = ports;
    this.#seenAt = ports.clock.monotonic();
    this.#wroteAt = this.#seenAt;
  }

  /**
   * Reads what somebody chose, before anything is done with their connection. Where it cannot be read they come in all the same, and
   * are not seen until it can.
   */
  async know({ user, isAnonymous }: Identity): Promise<void> {
    if (isAnonymous === true) return;
    const known = this.#known.get(user);
    if (known !== undefined) {
      known.usedAt = this.#ports.clock.monotonic();
      if (!known.isStale) return;
    }
    await this.#read(user);
  }

  /** Somebody as a room's people see them; undefined where they are not to be seen. */
  shown(identity: Identity): PresentUser | undefined {
    const { user, isAnonymous } = identity;
    if (isAnonymous === true) return wireUser(identity);
    const known = this.#known.get(user);
    /* Security: whoever may be invisible is, until it is known. */
    if (known === undefined) void this.#read(user);
    if (known === undefined || known.availability === "invisible") return undefined;
    const state = this.#stateOf(user, known);
    const { picture } = known.record?.profile ?? {};
    return {
      ...wireUser(identity),
      ...(state === undefined ? {} : { state }),
      ...(known.status === undefined ? {} : { status: known.status }),
      ...(picture === undefined ? {} : { picture }),
    };
  }

  /** Whether nobody may learn that somebody is here. */
  isInvisible({ user, isAnonymous }: Identity): boolean {
    if (isAnonymous === true) return false;
    const known = this.#known.get(user);
    return known === undefined || known.availability === "invisible";
  }

  /** What others see of somebody by the connections of this node alone. */
  stateHere(user: UserId): PresenceState {
    const [connection] = this.#ports.registry.ofUser(user);
    const identity = connection?.identity;
    if (identity === undefined || this.isInvisible(identity)) return "offline";
    const known = this.#known.get(user);
    return (known === undefined ? undefined : this.#stateOf(user, known)) ?? "active";
  }

  #stateOf(user: UserId, { availability }: Known): "away" | "dnd" | undefined {
    if (availability === "away" || availability === "dnd") return availability;
    const connections = this.#ports.registry.ofUser(user);
    const isIdle = connections.length > 0 && connections.every(({ isIdle: idles }) => idles);
    return isIdle ? "away" : undefined;
  }

  /** The control log says that somebody's profile is different. */
  hear(user: UserId): void {
    const reading = this.#reading.get(user);
    if (reading !== undefined) reading.isStale = true;
    const known = this.#known.get(user);
    if (known === undefined) return;
    known.isStale = true;
    void this.#read(user);
  }

  /** What a command of this node has just stored: told at once. */
  changed(record: ProfileRecord): void {
    if (this.#known.has(record.id)) this.#apply(record.id, record);
  }

  /** A connection came, went, fell idle or is used again: others may see its user otherwise now. */
  moved(user: UserId): void {
    const known = this.#known.get(user);
    if (known === undefined) return;
    known.usedAt = this.#ports.clock.monotonic();
    if (known.availability !== "invisible") this.#seen.add(user);
    this.#tellRooms(user);
  }

  /** Once a second: what has run out, what could not be read, and whom nobody asks for any more. */
  tick(): void {
    const { clock, registry } = this.#ports;
    const [now, monotonic] = [clock.now(), clock.monotonic()];
    for (const user of this.#unread) {
      if (registry.ofUser(user).length > 0) void this.#read(user);
      else this.#unread.delete(user);
    }
    for (const [user, known] of this.#known) {
      if (known.isStale) void this.#read(user);
      else if (known.endsAt !== undefined && known.endsAt <= now) this.#apply(user, known.record);
      if (monotonic - known.usedAt < rememberedMs) continue;
      if (registry.ofUser(user).length > 0) known.usedAt = monotonic;
      else this.#known.delete(user);
    }
    if (monotonic - this.#seenAt >= seenEveryMs) {
      this.#seenAt = monotonic;
      for (const user of this.#known.keys()) {
        const state = this.stateHere(user);
        if (state === "active" || state === "dnd") this.#seen.add(user);
      }
    }
    if (this.#seen.size === 0 || monotonic - this.#wroteAt < writeSeenMs) return;
    this.#wroteAt = monotonic;
    void this.writeSeen();
  }

  /** Writes down who was here since the last time. Never fails: what could not be written is tried again. */
  async writeSeen(): Promise<void> {
    const { clock, directory, report } = this.#ports;
    const seen = [...this.#seen];
    this.#seen.clear();
    for (let start = 0; start < seen.length; start += seenAtOnce) {
      const users = seen.slice(start, start + seenAtOnce);
      try {
        await directory.noteSeen(users, clock.now());
        this.#hasTold = false;
      } catch (error) {
        for (const user of seen.slice(start)) this.#seen.add(user);
        // Once: it is tried every few seconds for as long as the database is away.
        if (!this.#hasTold) report("warn", "last_seen_failed", { error });
        this.#hasTold = true;
        return;
      }
    }
  }

  #read(user: UserId): Promise<void> {
    const under = this.#reading.get(user);
    if (under !== undefined) return under.done;
    const reading = { isStale: false, done: Promise.resolve() };
    this.#reading.set(user, reading);
    reading.done = this.#readUntilFresh(user, reading).finally(() => this.#reading.delete(user));
    return reading.done;
  }

  async #readUntilFresh(user: UserId, reading: { isStale: boolean }): Promise<void> {
    try {
      let record: ProfileRecord | undefined;
      do {
        reading.isStale = false;
        [record] = await this.#ports.directory.profilesOf([user]);
      } while (reading.isStale);
      this.#unread.delete(user);
      this.#apply(user, record);
    } catch (error) {
      this.#unread.add(user);
      this.#ports.report("warn", "profile_unreadable", { user_id: user, error });
    }
  }

  #apply(user: UserId, record: ProfileRecord | undefined): void {
    const { clock, registry } = this.#ports;
    const now = clock.now();
    const before = this.#known.get(user);
    const profile = record?.profile ?? {};
    const { availability, status } = chosenAt(profile, now);
    const ends = [
      ...(availability === undefined ? [] : [profile.availability_until]),
      ...(status === undefined ? [] : [status.until]),
    ].flatMap((end) => (end === undefined ? [] : [Date.parse(end)]));
    const own: OwnProfile | undefined = record && { name: record.name, ...profile };
    const told = JSON.stringify(own ?? null);
    this.#known.set(user, {
      record,
      availability,
      status,
      endsAt: ends.length === 0 ? undefined : Math.min(...ends),
      isStale: false,
      told,
      usedAt: before?.usedAt ?? clock.monotonic(),
    });
    // Whoever becomes invisible was here until now, as far as others may know.
    const wasSeen = before !== undefined && before.availability !== "invisible";
    if (wasSeen && availability === "invisible" && registry.ofUser(user).length > 0) {
      this.#seen.add(user);
    }
    if (before === undefined || own === undefined || record === undefined) {
      this.#tellRooms(user);
      return;
    }
    for (const connection of registry.ofUser(user)) {
      connection.called(record.name);
      if (told !== before.told) connection.own({ type: "own", change: { what: "profile", own } });
    }
    this.#tellRooms(user);
  }

  #tellRooms(user: UserId): void {
    const rooms = new Map<Room, Identity>();
    for (const connection of this.#ports.registry.ofUser(user)) {
      const { identity } = connection;
      if (identity === undefined) continue;
      for (const room of connection.rooms()) rooms.set(room, identity);
    }
    for (const [room, identity] of rooms) {
      room.presence.moved(identity);
      room.awareness.moved(identity);
    }
  }
}
