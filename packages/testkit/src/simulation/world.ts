/** Nodes, clients, store and broker of one run, and the hand that breaks them. */
import {
  type Authenticator,
  createNode,
  type Dialect,
  defaultSettings,
  type Node,
  type NodeSettings,
  type Wire,
} from "@parlance/core";
import {
  type MarkedRead,
  type Principal,
  ProtocolError,
  type RoomId,
  type RoomList,
  type RoomView,
  type SessionId,
  type UserId,
} from "@parlance/protocol";
import { LossyBroker } from "./broker.ts";
import { Checker } from "./checker.ts";
import { ModelClient, type Surroundings } from "./client.ts";
import { createHost, createIds, createVirtualClock, type SimHost, wallStart } from "./host.ts";
import { type LinkCredential, SimLink } from "./link.ts";
import { Random } from "./random.ts";
import { Scheduler } from "./scheduler.ts";
import { FaultyStore } from "./store.ts";
import type { Tampering, Tools } from "./tampering.ts";
import { createLineWire } from "./wire.ts";

/** What can go wrong, by name. */
export type FaultName =
  | "crash"
  | "pause"
  | "cut"
  | "outage"
  | "partition"
  | "stopReading"
  | "slowReading"
  | "clockJump"
  | "kick"
  | "revoke"
  | "restore";

/** Small budgets and short times, so that every mode is reached within seconds. */
const settings: NodeSettings = {
  ...defaultSettings,
  commandsPerSecond: 0,
  outboxBytes: 3_000,
  stallTimeoutMs: 5_000,
  signInTimeoutMs: 5_000,
};

const lobby = "lobby" as RoomId;
const den = "den" as RoomId;
const nodeCount = 2;
/** Mean time between two actions of one client, and between two faults, in milliseconds. */
const actionMs = 350;
const faultMs = 450;

interface Slot {
  readonly name: string;
  host: SimHost;
  node: Node | undefined;
  starts: number;
}

interface Token extends LinkCredential {
  readonly user: UserId;
}

export class World {
  readonly scheduler: Scheduler = new Scheduler();
  readonly checker: Checker;
  readonly faults: Record<FaultName, number> = {
    crash: 0,
    pause: 0,
    cut: 0,
    outage: 0,
    partition: 0,
    stopReading: 0,
    slowReading: 0,
    clockJump: 0,
    kick: 0,
    revoke: 0,
    restore: 0,
  };
  readonly #random: Random;
  readonly #store: FaultyStore;
  readonly #broker: LossyBroker;
  readonly #wire: Wire;
  readonly #tampering: Tampering;
  readonly #slots: Slot[] = [];
  readonly #clients: ModelClient[] = [];
  readonly #links = new Set<SimLink>();
  readonly #tokens = new Map<string, Token>();
  readonly #ended = new Set<string>();
  /** Clients whose tokens live for seconds. */
  readonly #shortLived = new Set<string>();
  #private: RoomId | undefined;
  #isChaos = false;
  #tokenCount = 0;

  constructor(seed: number, dialect: Dialect, tampering: Tampering) {
    this.#random = new Random(seed);
    this.#store = new FaultyStore(this.scheduler, this.#random);
    this.#broker = new LossyBroker(this.scheduler, this.#random);
    this.checker = new Checker(this.scheduler, this.#store);
    this.#wire = createLineWire(dialect);
    this.#tampering = tampering;
  }

  // --- Beginning --------------------------------------------------------------------------------------

  /** Two nodes, a handful of clients, two public rooms and a private one. */
  setUp(): void {
    for (let index = 0; index < nodeCount; index += 1) {
      const slot = { name: `n${index}`, host: createHost(`n${index}`), node: undefined, starts: 0 };
      this.#slots.push(slot);
      this.#start(slot);
    }
    const random = this.#random;
    const count = random.between(4, 6);
    for (let index = 0; index < count; index += 1) {
      const name = `c${index}`;
      const user = `u_${name}` as UserId;
      void this.#store.directory.upsertExternal(user, `Client ${index}`, wallStart);
      const pipeline = random.pick([1, 1, 3]);
      const forgetsIds = this.#tampering.clientsForgetIds === true;
      const client = new ModelClient({ name, user, pipeline, forgetsIds }, this.#surroundings());
      if (index > 0 && random.chance(0.25)) this.#shortLived.add(name);
      this.#clients.push(client);
      client.read(lobby);
      if (random.chance(0.6)) client.read(den);
      this.scheduler.after(random.between(50, 200), `${name} connects`, () => client.connect());
    }
    this.scheduler.after(400, "private room", () => this.#makePrivateRoom());
    this.#inspect();
  }

  #surroundings(): Surroundings {
    return {
      scheduler: this.scheduler,
      random: this.#random,
      checker: this.checker,
      dial: (client) => this.#dial(client),
      issueToken: (client) => this.#issueToken(client),
    };
  }

  #makePrivateRoom(): void {
    const owner = this.#owner();
    owner.ask({ type: "create_room", kind: "private", title: "Private" }, (answer) => {
      if (answer.type === "error") return;
      const { room } = answer.result as RoomView;
      this.#private = room;
      owner.read(room);
      for (const client of this.#clients.slice(1, 4)) {
        owner.ask({ type: "add_member", room, user: client.user }, () => client.read(room));
      }
    });
  }

  #owner(): ModelClient {
    const owner = this.#clients[0];
    if (owner === undefined) throw new Error("a world has clients");
    return owner;
  }

  // --- Nodes ------------------------------------------------------------------------------------------

  #start(slot: Slot): void {
    slot.starts += 1;
    const host = createHost(`${slot.name}.${slot.starts}`);
    slot.host = host;
    host.healthySince = this.scheduler.now;
    const log = this.#store.logFor(host);
    const broker = this.#broker.attach(host);
    const tools = this.#tools((room, notice) => broker.publish(room, notice));
    const directory = this.#store.directoryFor(host);
    const clock = createVirtualClock(this.scheduler, host);
    const node = createNode(
      {
        nodeId: host.name,
        log: this.#tampering.log?.(log, tools) ?? log,
        directory,
        broker,
        clock,
        ids: createIds(this.#random),
        authenticator: this.#authenticator(directory, () => clock.now()),
        report: (level, event, fields) => {
          this.scheduler.mark(`${host.name} reports ${event}`);
          if (level === "error") this.checker.violate("bug", `${event} ${describe(fields["error"])}`);
        },
      },
      settings,
    );
    node.start().then(
      () => {
        slot.node = node;
      },
      () => this.#restart(slot, host),
    );
  }

  #restart(slot: Slot, host: SimHost): void {
    host.isDead = true;
    this.scheduler.after(300, "start again", () => this.#start(slot));
  }

  #authenticator(directory: { session: FaultyStore["directory"]["session"] }, now: () => number) {
    return {
      authenticate: async (credential) => {
        const token = "token" in credential ? this.#tokens.get(credential.token) : undefined;
        if (token === undefined) throw new ProtocolError("unauthenticated");
        const session = await directory.session(token.session as SessionId);
        if (session === undefined) throw new ProtocolError("unauthenticated");
        if (token.expiresAt <= now()) throw new ProtocolError("token_expired");
        const { user, expiresAt } = token;
        token.isVerified = true;
        return {
          user,
          name: session.userRecord.name,
          kind: "external",
          principal: user as string as Principal,
          session: session.id,
          expiresAt,
        };
      },
    } satisfies Authenticator;
  }

  #issueToken(client: ModelClient): (Token & { readonly token: string }) | undefined {
    const session = `s${client.name}`;
    if (this.#ended.has(session)) return undefined;
    if (this.#isChaos && client !== this.#owner() && this.#random.chance(0.02)) {
      // While it is being signed in.
      this.scheduler.after(this.#random.between(0, 300), "revoke", () => this.#revoke(client));
    }
    const { directory } = this.#store;
    const lifeMs = this.#shortLived.has(client.name) ? this.#random.between(2_000, 6_000) : 1e9;
    const expiresAt = wallStart + this.scheduler.now + lifeMs;
    void directory.createSession({
      id: session as SessionId,
      user: client.user,
      secretHash: "",
      createdAt: wallStart,
      expiresAt: wallStart + 1e9,
    });
    this.#tokenCount += 1;
    const made: Token & { readonly token: string } = {
      user: client.user,
      session,
      expiresAt,
      isVerified: false,
      token: `t${this.#tokenCount}`,
    };
    this.#tokens.set(made.token, made);
    return made;
  }

  #dial(client: ModelClient): SimLink | undefined {
    const slot = this.#random.pick(this.#slots);
    const { node, host } = slot;
    if (node === undefined || host.isDead) return undefined;
    const ends = { host, peer: client };
    const link = new SimLink(this.scheduler, this.#random, ends, (own) =>
      this.checker.isLive(own),
    );
    this.#links.add(link);
    const tools = this.#tools(() => {});
    const outer = this.#tampering.link?.(link, tools) ?? link;
    const accept = (): void => {
      const inlet = node.connect(outer, this.#wire, { address: client.name, transport: "websocket" });
      link.accept(this.#tampering.inlet?.(inlet, tools) ?? inlet);
    };
    this.scheduler.after(0, "accept", accept, host);
    return link;
  }

  #tools(announce: Tools["announce"]): Tools {
    return { random: this.#random, store: this.#store, announce };
  }

  /** Once in a while: whether a connection lives on whose identity is over. */
  #inspect(): void {
    this.scheduler.after(250, "inspect", () => {
      for (const link of this.#links) this.checker.isLive(link);
      this.#inspect();
    });
  }

  // --- Chaos ------------------------------------------------------------------------------------------

  /** Clients talk, everything breaks, for so long. At least one crash is among it. */
  beginChaos(chaosMs: number): void {
    this.#isChaos = true;
    const random = this.#random;
    Object.assign(this.#store.faults, {
      refuseRate: random.pick([0, 0.02]),
      unknownRate: random.pick([0, 0.06]),
      maxDelayMs: random.pick([3, 20, 150]),
    });
    Object.assign(this.#broker.faults, {
      loseRate: random.pick([0, 0.2, 1]),
      doubleRate: random.pick([0, 0.3]),
      maxDelayMs: random.pick([5, 60, 400]),
    });
    for (const client of this.#clients) this.#act(client);
    this.#break();
    const crashAt = random.between(1_000, chaosMs - 1_000);
    this.scheduler.after(crashAt, "planned crash", () => this.#crash(random.pick(this.#slots)));
    if (random.chance(0.2)) {
      const at = random.between(1_000, chaosMs - 1_000);
      this.scheduler.after(at, "planned restore", () => this.#restore());
    }
  }

  #act(client: ModelClient): void {
    this.scheduler.after(this.#random.between(1, 2 * actionMs), `${client.name} acts`, () => {
      if (!this.#isChaos) return;
      if (!client.isOver) this.#actOnce(client);
      this.#act(client);
    });
  }

  #actOnce(client: ModelClient): void {
    const random = this.#random;
    const room = random.pick(client.rooms);
    const roll = random.next();
    if (roll < 0.7) {
      // A burst now and then, and long texts, so that budgets are passed.
      const burst = random.chance(0.15) ? random.between(4, 12) : 1;
      for (let index = 0; index < burst; index += 1) {
        client.publish(room, "é".repeat(random.chance(0.3) ? random.between(100, 700) : 0));
      }
    } else if (!client.isOnline) return;
    else if (roll < 0.76) client.history(room);
    else if (roll < 0.82) client.ask({ type: "typing", room, active: true }, () => {});
    else if (roll < 0.87) {
      const sequence = random.between(0, this.checker.head(room));
      client.ask({ type: "mark_read", room, sequence }, () => {});
    } else if (roll < 0.92) client.ask({ type: random.pick(["join", "leave"]), room: lobby }, () => {});
    else if (roll < 0.96) client.refresh();
    else client.repeatLast(room);
  }

  #break(): void {
    this.scheduler.after(this.#random.between(1, 2 * faultMs), "fault", () => {
      if (!this.#isChaos) return;
      this.#breakOnce();
      this.#break();
    });
  }

  #breakOnce(): void {
    const random = this.#random;
    const roll = random.next();
    const slot = random.pick(this.#slots);
    const client = random.pick(this.#clients);
    if (roll < 0.38) {
      this.faults.cut += 1;
      client.hangUp(random.between(0, 3_000));
    } else if (roll < 0.44) this.#crash(slot);
    else if (roll < 0.5) this.#pause(slot);
    else if (roll < 0.55) this.#outage();
    else if (roll < 0.62) this.#partition(slot);
    else if (roll < 0.74) this.#slowDown(client);
    else if (roll < 0.78) this.#jump(slot);
    else if (roll < 0.95) this.#kickOrBringBack();
    else this.#revoke(random.pick(this.#clients.slice(1)));
  }

  #crash({ host, node, ...slot }: Slot): void {
    const own = this.#slots.find((candidate) => candidate.name === slot.name);
    if (own === undefined || node === undefined || host.isDead) return;
    this.faults.crash += 1;
    own.node = undefined;
    host.isDead = true;
    host.held = [];
    for (const link of this.#links) {
      if (link.host !== host) continue;
      this.#links.delete(link);
      this.scheduler.after(this.#random.between(0, 5), "reset by peer", () => link.cut(0));
    }
    this.scheduler.after(this.#random.between(100, 2_500), "start", () => this.#start(own));
  }

  #pause({ host }: Slot): void {
    if (host.isDead || host.isPaused) return;
    this.faults.pause += 1;
    host.isPaused = true;
    host.pausedAt = this.scheduler.now;
    const forMs = this.#random.between(200, 8_000);
    this.scheduler.after(forMs, "continue", () => this.#continue(host));
  }

  #continue(host: SimHost): void {
    if (!host.isPaused) return;
    host.healthySince = this.scheduler.now;
    host.pausedForMs = this.scheduler.now - host.pausedAt;
    const timersFirst = this.#random.chance(0.5);
    this.scheduler.resume(host, (task) => timersFirst && task.label === "timer");
  }

  #outage(): void {
    const { faults } = this.#store;
    if (faults.isDown) return;
    this.faults.outage += 1;
    faults.isDown = true;
    this.scheduler.after(this.#random.between(200, 3_000), "database back", () => this.#databaseBack());
  }

  #databaseBack(): void {
    this.#store.faults.isDown = false;
    for (const { host } of this.#slots) {
      host.healthySince = this.scheduler.now;
      host.pausedForMs = 0;
    }
  }

  #partition({ host }: Slot): void {
    this.faults.partition += 1;
    this.#broker.cut(host, true, false);
    const isLoud = this.#random.chance(0.5);
    const back = (): void => this.#broker.cut(host, false, isLoud);
    this.scheduler.after(this.#random.between(500, 4_000), "broker heals", back);
  }

  #slowDown(client: ModelClient): void {
    const isStop = this.#random.chance(0.5);
    this.faults[isStop ? "stopReading" : "slowReading"] += 1;
    client.readRate = isStop ? 0 : this.#random.between(20, 400);
    const back = (): void => this.#readOn(client);
    this.scheduler.after(this.#random.between(300, 7_000), "reads on", back);
  }

  #readOn(client: ModelClient): void {
    client.readRate = Number.POSITIVE_INFINITY;
    client.link?.drain();
  }

  /* Seconds, not hours: expiry is judged by this clock, and short tokens live for seconds. */
  #jump({ host }: Slot): void {
    this.faults.clockJump += 1;
    host.wallOffset = this.#random.between(-2_000, 2_000);
    host.healthySince = this.scheduler.now;
    host.pausedForMs = 0;
  }

  #kickOrBringBack(): void {
    const room = this.#private;
    const owner = this.#owner();
    const client = this.#random.pick(this.#clients.slice(1));
    if (room === undefined) return;
    if (!this.checker.isMember(room, client.user)) {
      if (!owner.isOnline || this.#tampering.kick !== undefined) return;
      owner.ask({ type: "add_member", room, user: client.user }, () => client.read(room));
    } else if (this.#tampering.kick === undefined) {
      if (!owner.isOnline) return;
      this.faults.kick += 1;
      owner.ask({ type: "remove_member", room, user: client.user }, () => {});
    } else {
      this.faults.kick += 1;
      this.#tampering.kick(room, client.user, this.#tools(() => {}));
      this.checker.kickConfirmed(room, client.user);
    }
  }

  #revoke(client: ModelClient): void {
    const session = `s${client.name}`;
    if (this.#ended.has(session) || this.#store.faults.isDown) return;
    this.faults.revoke += 1;
    this.#ended.add(session);
    this.checker.revoked(session, client.user);
    void this.#store.directory.revokeSession(session as SessionId, wallStart + this.scheduler.now);
  }

  /* A failover that lost the newest commits of a room: the nodes live through it. */
  #restore(): void {
    const room = this.#random.pick([lobby, den]);
    const head = this.checker.head(room);
    if (head === 0) return;
    this.faults.restore += 1;
    this.#store.restore(room, Math.max(0, head - this.#random.between(0, 6)));
  }

  // --- Rest -------------------------------------------------------------------------------------------

  /** Ends every fault; nobody says anything new. */
  heal(): void {
    this.#isChaos = false;
    Object.assign(this.#store.faults, { refuseRate: 0, unknownRate: 0, maxDelayMs: 5 });
    Object.assign(this.#broker.faults, { loseRate: 0, doubleRate: 0, maxDelayMs: 5 });
    this.#shortLived.clear();
    this.#databaseBack();
    for (const slot of this.#slots) {
      this.#broker.cut(slot.host, false, false);
      this.#continue(slot.host);
    }
    for (const client of this.#clients) this.#readOn(client);
  }

  /** I-21: everybody marks something read in a room of theirs, and lists their rooms. */
  askAtRest(): void {
    for (const client of this.#clients) {
      if (!client.isOnline) continue;
      client.ask({ type: "list_rooms" }, (answer) => {
        if (answer.type === "error") return this.checker.violate("I-12", "no list at rest");
        for (const { room } of (answer.result as RoomList).joined) this.#askUnread(client, room);
      });
    }
  }

  #askUnread(client: ModelClient, room: RoomId): void {
    const sequence = this.#random.between(0, this.checker.head(room));
    client.ask({ type: "mark_read", room, sequence }, (answer) => {
      const expected = this.checker.unread(room, sequence);
      const unread = answer.type === "reply" ? (answer.result as MarkedRead).unread : undefined;
      if (unread === expected) return;
      this.checker.violate("I-21", `${client.name} ${room}: ${unread} unread, not ${expected}`);
    });
  }

  /** I-12, I-1 and I-4 over the whole run. */
  checkAtRest(): void {
    for (const client of this.#clients) {
      if (client.isOver || this.#ended.has(`s${client.name}`)) continue;
      if (!client.isOnline) this.checker.violate("I-12", `${client.name} is not back`);
      if (client.outstanding > 0) {
        this.checker.violate("I-12", `${client.name} has ${client.outstanding} without an answer`);
      }
      for (const room of client.rooms) {
        const isPrivate = room === this.#private;
        if (!isPrivate || this.checker.isMember(room, client.user)) {
          if (!(isPrivate && this.#tampering.kick !== undefined)) this.checker.complete(client.name, room);
        }
      }
    }
    this.checker.settled();
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
