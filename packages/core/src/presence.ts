/**
 * Who is in one room now: users with a live subscription, on this node or another. Each node speaks for its own
 * connections; what a silent node said expires. Changes are told together a few times a second, so that a
 * reconnect of everybody costs as many events as it lasts ticks, not as there are people.
 */
import {
  isSamePresence,
  type Json,
  limits,
  type PresenceEvent,
  type PresentUser,
  type UserId,
} from "@parlance/protocol";
import { wireUser } from "./frames.ts";
import type { Identity, Notice, Timer } from "./ports/index.ts";
import type { Room, RoomContext } from "./room.ts";
import type { Subscription } from "./subscription.ts";

/** Somebody whose last connection went stays visible so long, and comes back without a flicker. */
const graceMs = 1_000;
/** Users of a node that stops are waited for so long: they come back on another one. */
const movingMs = 2_000;
/** More changes than this at once are told as a number only: naming all to all is quadratic. */
const maxNamedChanges = 200;
/** Up to so many subscriptions of a room a list is brought up to date before it is given. */
const maxPromptReaders = 100;
/** Shortest time between two lists to the other nodes, and what each person on it adds: long lists are sent less often. */
const digestMs = 500;
const digestMsPerUser = 0.1;
/**
 * What a node said is forgotten when it is silent for so long; it repeats itself three times in between. That is looked at
 * every third of it, so that the users of a node that died are gone after 30 s at the latest (I-19).
 */
export const presenceLeaseMs = 22_000;

interface Local {
  /** As others see it; undefined where they do not. */
  user: PresentUser | undefined;
  /** What the application says of them here. */
  info: Json | undefined;
  connections: number;
  /** Monotonic time at which the last connection went. */
  leftAt: number | undefined;
}

function withInfo<T extends PresentUser | undefined>(user: T, info: Json | undefined): T {
  return user === undefined || info === undefined ? user : { ...user, info };
}

export class RoomPresence {
  readonly #room: Room;
  readonly #context: RoomContext;
  readonly #local = new Map<UserId, Local>();
  readonly #remote = new Map<
    string,
    { users: ReadonlyMap<UserId, PresentUser>; heardAt: number }
  >();
  /** Users of nodes that stopped, until when they are waited for elsewhere. */
  readonly #moving = new Map<UserId, { readonly user: PresentUser; readonly until: number }>();
  /** What subscribers were told last. */
  readonly #told = new Map<UserId, PresentUser>();
  #timer: Timer | undefined;
  #digestAt = Number.NEGATIVE_INFINITY;
  #isDigestDue = false;
  /** Whether the last list was empty. */
  #saidNobody = true;

  constructor(room: Room, context: RoomContext) {
    this.#room = room;
    this.#context = context;
  }

  came(subscription: Subscription): void {
    const { identity } = subscription.connection;
    if (identity === undefined) return;
    const local = this.#local.get(identity.user);
    if (local !== undefined) {
      local.connections += 1;
      local.leftAt = undefined;
      local.info = subscription.info ?? local.info;
      this.moved(identity);
      return;
    }
    const { info } = subscription;
    const user = withInfo(this.#context.people.shown(identity), info);
    this.#local.set(identity.user, { user, info, connections: 1, leftAt: undefined });
    if (user !== undefined) this.#changed();
  }

  /** Somebody here may be seen otherwise now. */
  moved(identity: Identity): void {
    const local = this.#local.get(identity.user);
    // Whoever is gone stays as they were seen last.
    if (local === undefined || local.leftAt !== undefined) return;
    const user = withInfo(this.#context.people.shown(identity), local.info);
    const isSame = user && local.user ? isSamePresence(user, local.user) : user === local.user;
    local.user = user;
    if (!isSame) this.#changed();
  }

  went(subscription: Subscription): void {
    const local = this.#local.get(subscription.connection.userId);
    if (local === undefined) return;
    local.connections -= 1;
    if (local.connections > 0) return;
    local.leftAt = this.#context.clock.monotonic();
    // Nothing has changed for others before the grace is over.
    this.#arm();
  }

  /** Those of this node who may be seen, in grace too. */
  *here(): Generator<PresentUser> {
    for (const { user } of this.#local.values()) if (user !== undefined) yield user;
  }

  /** Another node's list; an empty one means that it has nobody left. */
  heard({ node, users, isClosing }: Notice & { readonly type: "present" }): void {
    const now = this.#context.clock.monotonic();
    if (isClosing === true) {
      for (const [id, user] of this.#remote.get(node)?.users ?? []) {
        this.#moving.set(id, { user, until: now + movingMs });
      }
    }
    if (users.length === 0) this.#remote.delete(node);
    else {
      const map = new Map(users.map((user) => [user.id, user]));
      this.#remote.set(node, { users: map, heardAt: now });
    }
    this.#arm();
  }

  /** Another node wants to know who is here. */
  asked(): void {
    if (this.#local.size > 0) this.#changed();
  }

  /** Users with a live subscription on this node, and those in grace. */
  get localSize(): number {
    return this.#local.size;
  }

  /** Whether somebody is here, on any node; on this one whoever is invisible too. */
  has(user: UserId): boolean {
    if (this.#local.has(user)) return true;
    for (const { users } of this.#remote.values()) if (users.has(user)) return true;
    return false;
  }

  /**
   * Everybody here, those in grace included, as subscribers were told last: what the changes told from now on are to be applied
   * to. Somebody who went and came again before that was told is on the list, since nothing will be told about them.
   * At most `limits.listItems`.
   */
  list(): PresentUser[] {
    this.tellNow();
    return [...this.#told.values()].slice(0, limits.listItems);
  }

  /** How many were told to be here. */
  get count(): number {
    return this.#told.size;
  }

  /** `list`, and the one who is about to subscribe. */
  listWith(identity: Identity): PresentUser[] {
    const others = [...this.#told.values()].filter((user) => user.id !== identity.user);
    const self = this.#context.people.shown(identity) ?? wireUser(identity);
    const { info } = this.#local.get(identity.user) ?? {};
    return [...others.slice(0, limits.listItems - 1), withInfo(self, info)];
  }

  /** Changes that are not named: whoever missed some asks for the list. */
  unnamed(): PresenceEvent {
    const { room } = this.#room.record;
    return {
      type: "presence",
      room,
      count: this.#told.size,
      online: [],
      offline: [],
      omitted: true,
    };
  }

  /**
   * Tells at once what waits to be told, so that somebody who is about to be given a list finds everybody on it. In a room
   * with many readers it waits: there a storm of comers would make everybody read about each of them by itself.
   */
  tellNow(): void {
    if (this.#room.subscriptionCount <= maxPromptReaders) this.#tell();
  }

  /** Repeats this node's list and forgets nodes that fell silent. Called every third of the lease. */
  tick(): void {
    const now = this.#context.clock.monotonic();
    for (const [node, { heardAt }] of this.#remote) {
      if (now - heardAt > presenceLeaseMs) {
        this.#remote.delete(node);
        this.#arm();
      }
    }
    if (this.#local.size > 0) this.#digest(now);
  }

  /** Takes back what this node said, so that nobody waits for the end of a lease. */
  close(): void {
    this.#timer?.cancel();
    if (this.#digestAt === Number.NEGATIVE_INFINITY || this.#saidNobody) return;
    this.#context.broker.publish(this.#room.record.room, {
      type: "present",
      node: this.#context.nodeId,
      users: [],
      isClosing: true,
    });
  }

  #changed(): void {
    this.#isDigestDue = true;
    this.#arm();
  }

  #arm(): void {
    this.#timer ??= this.#context.clock.after(this.#context.presenceFlushMs, () => {
      this.#timer = undefined;
      this.#flush();
    });
  }

  #now(): Map<UserId, PresentUser> {
    const users = new Map<UserId, PresentUser>();
    for (const { user } of this.#local.values()) if (user !== undefined) users.set(user.id, user);
    for (const { users: remote } of this.#remote.values()) {
      for (const [id, user] of remote) {
        /* Security: what this node knows of its own people comes first: another may not have heard yet that they are invisible. */
        const isHidden = this.#local.get(id)?.user === undefined && this.#local.has(id);
        const known = users.get(id);
        // One is away where all of one's windows are idle.
        if (!isHidden && (known === undefined || known.state === "away")) users.set(id, user);
      }
    }
    for (const [id, { user }] of this.#moving) if (!users.has(id)) users.set(id, user);
    return users;
  }

  #flush(): void {
    const now = this.#context.clock.monotonic();
    let isSomebodyInGrace = false;
    for (const [id, local] of this.#local) {
      if (local.leftAt === undefined) continue;
      if (now - local.leftAt < graceMs) isSomebodyInGrace = true;
      else {
        this.#local.delete(id);
        this.#isDigestDue = true;
      }
    }
    for (const [id, { until }] of this.#moving) if (until <= now) this.#moving.delete(id);
    const intervalMs = Math.max(digestMs, this.#local.size * digestMsPerUser);
    if (this.#isDigestDue && now - this.#digestAt >= intervalMs) this.#digest(now);
    if (isSomebodyInGrace || this.#isDigestDue || this.#moving.size > 0) this.#arm();
    this.#tell();
  }

  #tell(): void {
    const users = this.#now();
    const online = [...users.values()].filter((user) => !this.#told.has(user.id));
    const offline = [...this.#told.keys()].filter((id) => !users.has(id));
    const changed = [...users.values()].filter((user) => {
      const told = this.#told.get(user.id);
      return told !== undefined && told !== user && !isSamePresence(told, user);
    });
    if (online.length + offline.length + changed.length === 0) return;
    for (const user of [...online, ...changed]) this.#told.set(user.id, user);
    for (const id of offline) this.#told.delete(id);
    const { room } = this.#room.record;
    this.#room.deliverEphemeral(
      online.length + offline.length + changed.length > maxNamedChanges
        ? this.unnamed()
        : {
            type: "presence",
            room,
            count: users.size,
            online,
            offline,
            ...(changed.length === 0 ? {} : { changed }),
          },
    );
  }

  #digest(now: number): void {
    this.#digestAt = now;
    this.#isDigestDue = false;
    const users = [...this.here()];
    this.#saidNobody = users.length === 0;
    this.#context.broker.publish(this.#room.record.room, {
      type: "present",
      node: this.#context.nodeId,
      users,
    });
  }
}
