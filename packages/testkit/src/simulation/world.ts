/** Nodes, clients, store and broker of one run; what is asked of them at rest. */
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
  rates: [],
  outboxBytes: 3_000,
  stallTimeoutMs: 5_000,
  signInTimeoutMs: 5_000,
};

/** The public rooms of every world. */
export const lobby: RoomId = "lobby" as RoomId;
export const den: RoomId = "den" as RoomId;
const nodeCount = 2;
/** Where one node after another runs. */
export interface Slot {
  readonly name: string;
  host: SimHost;
  node: Node | undefined;
  starts: number;
}

interface Token extends LinkCredential {
  readonly user: UserId;
}

/** One run's parts. `Chaos` works on them; `simulate` says when. */
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
  readonly random: Random;
  readonly store: FaultyStore;
  readonly broker: LossyBroker;
  readonly #wire: Wire;
  readonly tampering: Tampering;
  readonly slots: Slot[] = [];
  readonly clients: ModelClient[] = [];
  readonly links: Set<SimLink> = new Set();
  readonly #tokens = new Map<string, Token>();
  readonly #ended = new Set<string>();
  /** Clients whose tokens live for seconds. */
  readonly #shortLived = new Set<string>();
  privateRoom: RoomId | undefined;
  /** Things break, and people say new things. */
  isChaos = false;
  #tokenCount = 0;

  constructor(seed: number, dialect: Dialect, tampering: Tampering) {
    this.random = new Random(seed);
    this.store = new FaultyStore(this.scheduler, this.random);
    this.broker = new LossyBroker(this.scheduler, this.random);
    this.checker = new Checker(this.scheduler, this.store);
    this.#wire = createLineWire(dialect);
    this.tampering = tampering;
  }

  // --- Beginning --------------------------------------------------------------------------------------

  /** Two nodes, a handful of clients, two public rooms and a private one. */
  setUp(): void {
    for (let index = 0; index < nodeCount; index += 1) {
      const slot = { name: `n${index}`, host: createHost(`n${index}`), node: undefined, starts: 0 };
      this.slots.push(slot);
      this.start(slot);
    }
    const random = this.random;
    const count = random.between(4, 6);
    for (let index = 0; index < count; index += 1) {
      const name = `c${index}`;
      const user = `u_${name}` as UserId;
      void this.store.directory.upsertExternal(user, `Client ${index}`, wallStart);
      const pipeline = random.pick([1, 1, 3]);
      const forgetsIds = this.tampering.clientsForgetIds === true;
      const client = new ModelClient({ name, user, pipeline, forgetsIds }, this.#surroundings());
      if (index > 0 && random.chance(0.25)) this.#shortLived.add(name);
      this.clients.push(client);
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
      random: this.random,
      checker: this.checker,
      dial: (client) => this.#dial(client),
      issueToken: (client) => this.#issueToken(client),
    };
  }

  #makePrivateRoom(): void {
    const owner = this.owner();
    owner.ask({ type: "create_room", kind: "private", title: "Private" }, (answer) => {
      if (answer.type === "error") return;
      const { room } = answer.result as RoomView;
      this.privateRoom = room;
      owner.read(room);
      for (const client of this.clients.slice(1, 4)) {
        owner.ask({ type: "add_member", room, user: client.user }, () => client.read(room));
      }
    });
  }

  /** Who made the private room. */
  owner(): ModelClient {
    const owner = this.clients[0];
    if (owner === undefined) throw new Error("a world has clients");
    return owner;
  }

  // --- Nodes ------------------------------------------------------------------------------------------

  /** A new node, which knows nothing of the one before. */
  start(slot: Slot): void {
    slot.starts += 1;
    const host = createHost(`${slot.name}.${slot.starts}`);
    slot.host = host;
    host.healthySince = this.scheduler.now;
    const log = this.store.logFor(host);
    const broker = this.broker.attach(host);
    const tools = this.tools((room, notice) => broker.publish(room, notice));
    const directory = this.store.directoryFor(host);
    const clock = createVirtualClock(this.scheduler, host);
    const node = createNode(
      {
        nodeId: host.name,
        log: this.tampering.log?.(log, tools) ?? log,
        directory,
        broker,
        clock,
        ids: createIds(this.random),
        authenticator: this.#authenticator(directory, () => clock.now()),
        report: (level, event, fields) => {
          this.scheduler.mark(`${host.name} reports ${event}`);
          if (level === "error")
            this.checker.violate("bug", `${event} ${describe(fields["error"])}`);
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
    this.scheduler.after(300, "start again", () => this.start(slot));
  }

  #authenticator(directory: { session: FaultyStore["directory"]["session"] }, now: () => number) {
    return {
      checkName: () => {},
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
    if (this.isChaos && client !== this.owner() && this.random.chance(0.02)) {
      // While it is being signed in.
      this.scheduler.after(this.random.between(0, 300), "revoke", () => this.revoke(client));
    }
    const { directory } = this.store;
    const lifeMs = this.#shortLived.has(client.name) ? this.random.between(2_000, 6_000) : 1e9;
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
    const slot = this.random.pick(this.slots);
    const { node, host } = slot;
    if (node === undefined || host.isDead) return undefined;
    const ends = { host, peer: client };
    const link = new SimLink(this.scheduler, this.random, ends, this.checker);
    this.links.add(link);
    const tools = this.tools(() => {});
    const outer = this.tampering.link?.(link, tools) ?? link;
    const accept = (): void => {
      const inlet = node.connect(outer, this.#wire, {
        address: client.name,
        transport: "websocket",
      });
      link.accept(this.tampering.inlet?.(inlet, tools) ?? inlet);
    };
    this.scheduler.after(0, "accept", accept, host);
    return link;
  }

  /** What tampered parts may use. */
  tools(announce: Tools["announce"]): Tools {
    return { random: this.random, store: this.store, announce };
  }

  /** Once in a while: whether a connection lives on whose identity is over. */
  #inspect(): void {
    this.scheduler.after(250, "inspect", () => {
      for (const link of this.links) this.checker.isLive(link);
      this.#inspect();
    });
  }

  // --- What chaos uses and healing ends ---------------------------------------------------------------

  /** Ends a client's session for good. */
  revoke(client: ModelClient): void {
    const session = `s${client.name}`;
    if (this.#ended.has(session) || this.store.faults.isDown) return;
    this.faults.revoke += 1;
    this.#ended.add(session);
    this.checker.revoked(session, client.user);
    void this.store.directory.revokeSession(session as SessionId, wallStart + this.scheduler.now);
  }

  /** Ends a pause. */
  continue(host: SimHost): void {
    if (!host.isPaused) return;
    host.healthySince = this.scheduler.now;
    host.pausedForMs = this.scheduler.now - host.pausedAt;
    const timersFirst = this.random.chance(0.5);
    this.scheduler.resume(host, (task) => timersFirst && task.label === "timer");
  }

  /** Ends an outage. */
  databaseBack(): void {
    this.store.faults.isDown = false;
    for (const { host } of this.slots) {
      host.healthySince = this.scheduler.now;
      host.pausedForMs = 0;
    }
  }

  /** A client reads as fast as it can again. */
  readOn(client: ModelClient): void {
    client.readRate = Number.POSITIVE_INFINITY;
    client.link?.drain();
  }

  // --- Rest -------------------------------------------------------------------------------------------

  /** Ends every fault; nobody says anything new. */
  heal(): void {
    this.isChaos = false;
    Object.assign(this.store.faults, { refuseRate: 0, unknownRate: 0, maxDelayMs: 5 });
    Object.assign(this.broker.faults, { loseRate: 0, doubleRate: 0, maxDelayMs: 5 });
    this.#shortLived.clear();
    this.databaseBack();
    for (const slot of this.slots) {
      this.broker.cut(slot.host, false, false);
      this.continue(slot.host);
    }
    for (const client of this.clients) this.readOn(client);
  }

  /** I-21: everybody marks something read in a room of theirs, and lists their rooms. */
  askAtRest(): void {
    for (const client of this.clients) {
      if (!client.isOnline) continue;
      client.ask({ type: "list_rooms" }, (answer) => {
        if (answer.type === "error") return this.checker.violate("I-12", "no list at rest");
        for (const { room } of (answer.result as RoomList).joined) this.#askUnread(client, room);
      });
    }
  }

  #askUnread(client: ModelClient, room: RoomId): void {
    const sequence = this.random.between(0, this.checker.head(room));
    client.ask({ type: "mark_read", room, sequence }, (answer) => {
      if (answer.type === "error") return this.checker.violate("I-12", "no mark at rest");
      const { unread, unread_after: mark = 0 } = answer.result as MarkedRead;
      if (mark < sequence) this.checker.violate("I-20", `${client.name} ${room}: ${mark}`);
      const expected = this.checker.unread(room, mark);
      if (unread === expected) return;
      this.checker.violate("I-21", `${client.name} ${room}: ${unread} unread, not ${expected}`);
    });
  }

  /** I-12, I-1 and I-4 over the whole run. */
  checkAtRest(): void {
    for (const client of this.clients) {
      if (client.isOver || this.#ended.has(`s${client.name}`)) continue;
      if (!client.isOnline) this.checker.violate("I-12", `${client.name} is not back`);
      if (client.outstanding > 0) {
        this.checker.violate("I-12", `${client.name} has ${client.outstanding} without an answer`);
      }
      for (const room of client.rooms) {
        const isPrivate = room === this.privateRoom;
        if (!isPrivate || this.checker.isMember(room, client.user)) {
          if (!(isPrivate && this.tampering.kick !== undefined))
            this.checker.complete(client.name, room);
        }
      }
    }
    this.checker.settled();
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
