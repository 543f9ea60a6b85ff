/** A node: the commands, the rooms and the connections of one server process, put together over the ports. */
import {
  type Command,
  type Json,
  type OwnChange,
  type PresenceState,
  type Reply,
  type RoomId,
  type RoomKind,
  type UserId,
} from "@parlance/protocol";
import { CommandRun } from "./command-run.ts";
import { perform } from "./commands/index.ts";
import { Connection } from "./connection.ts";
import { factsOf, viewOf } from "./connection-view.ts";
import { ControlFollower } from "./control.ts";
import { asProtocolError } from "./failure.ts";
import { Files } from "./files.ts";
import { Flusher } from "./flusher.ts";
import type {
  Answerer,
  AskOptions,
  Cause,
  ConnectionlessType,
  ConnectionView,
  FleetAnswers,
  Inlet,
  NamedRooms,
  Node,
  NodeCounts,
  NodePorts,
  NodeSettings,
  OpenRoomView,
  Peer,
} from "./gate.ts";
import { Happenings } from "./happenings.ts";
import { hearDevice, hearJoined, hearOwn } from "./heard-notices.ts";
import { kindByName } from "./kinds.ts";
import { nodeAnswers } from "./node-answers.ts";
import { countsOf, dialectsOf, openRoomsOf, presentIn, whoIsPresent } from "./node-counts.ts";
import { readState, stateQuestion } from "./online.ts";
import { OpenMessages } from "./open-messages.ts";
import type { Awaitable } from "./outcome.ts";
import { People } from "./people.ts";
import { PlaceWriter } from "./places.ts";
import type {
  FilePorts,
  Identity,
  JoinedFact,
  Link,
  Timer,
  Unsubscribe,
  WebhookPresent,
  Wire,
} from "./ports/index.ts";
import { presenceLeaseMs } from "./presence.ts";
import { Questions } from "./questions.ts";
import { Rates, type RateView, type Seat } from "./rates/rates.ts";
import type { RateCost } from "./rates/rules.ts";
import { RecentPool } from "./recent-events.ts";
import { Registry } from "./registry.ts";
import { Rooms } from "./rooms.ts";
import type { Services } from "./services.ts";
import { beginSweeps } from "./sweeps.ts";
import { add, Tally } from "./tally.ts";
import { UnderWay } from "./under-way.ts";
import { UnreadMonitor } from "./unread-monitor.ts";

const connectionCheckMs = 1_000;
/** How long other nodes are waited for to say whether somebody is there. */
const stateWait = { timeoutMs: 700 } as const;
/** A node whose own timer is later than this was asleep, and does not trust what it knows. */
const asleepMs = 3_000;

/**
 * Puts a node together. It does nothing until `start`.
 *
 * @param files Where files are kept; without them the node takes none.
 */
export function createNode(ports: NodePorts, settings: NodeSettings, files?: FilePorts): Node {
  return new ServerNode(ports, settings, files);
}

class ServerNode implements Node {
  readonly tally: Tally = new Tally();
  readonly happenings: Happenings;
  readonly #services: Services;
  readonly #control: ControlFollower;
  readonly #questions: Questions;
  readonly #unread: UnreadMonitor;
  readonly #timers = new Set<Timer>();
  #unsubscribe: Unsubscribe | undefined;
  #isClosed = false;
  #awakeAt: number;
  #isWaking = false;
  #isComparing = false;
  /** Since when the control log could not be read; monotonic milliseconds. */
  #awaySince: number | undefined;

  constructor(ports: NodePorts, settings: NodeSettings, filePorts: FilePorts | undefined) {
    const registry = new Registry();
    const { tally } = this;
    const happenings = new Happenings(ports.clock.now());
    this.happenings = happenings;
    const flusher = new Flusher(ports.clock, () => this.#isAwake(), tally);
    const people = new People({ ...ports, registry });
    const rooms = new Rooms({
      log: ports.log,
      directory: ports.directory,
      broker: ports.broker,
      clock: ports.clock,
      ids: ports.ids,
      nodeId: ports.nodeId,
      flusher,
      recentPool: new RecentPool(),
      tally,
      happenings,
      presenceFlushMs: settings.presenceFlushMs,
      namedRooms: settings.namedRooms,
      people,
      onFailure: (event, error) => ports.report("warn", event, { error }),
      onJoined: (fact) => this.#services.tellJoined(fact),
      ...(ports.onCommitted === undefined ? {} : { onCommitted: ports.onCommitted }),
      ...(ports.documents === undefined ? {} : { documents: ports.documents }),
    });
    const rates = new Rates({
      rules: settings.rates,
      nodeId: ports.nodeId,
      clock: ports.clock,
      report: ports.report,
      tally,
      kindOf: (room) => kindOf(rooms, settings.namedRooms, room),
      ...(ports.rateStore === undefined ? {} : { store: ports.rateStore }),
    });
    const isAwake = (): boolean => this.#isAwake();
    const tellJoined = (fact: JoinedFact): void => {
      ports.broker.publish("control", { type: "joined", fact });
      hearJoined(registry, fact);
    };
    const tellOwn = (user: UserId, change: OwnChange): void => {
      ports.broker.publish("control", { type: "own", user, change });
      hearOwn(registry, user, change);
    };
    const devicePlaces = new PlaceWriter(ports.directory, ports.clock, ports.report);
    const files = filePorts === undefined ? {} : { files: new Files(filePorts, ports.clock) };
    this.#services = {
      ...ports,
      settings,
      rooms,
      flusher,
      registry,
      people,
      rates,
      devicePlaces,
      tally,
      happenings,
      openMessages: new OpenMessages({ ...ports, rooms, tally }),
      questions: new UnderWay(),
      isAwake,
      tellJoined,
      tellOwn,
      stateOf: async (user) => readState(await this.askAll(stateQuestion, user, stateWait)),
      ...files,
    };
    this.#control = new ControlFollower(this.#services);
    this.#unread = new UnreadMonitor({
      directory: ports.directory,
      log: ports.log,
      registry,
      tally,
      report: ports.report,
    });
    this.#questions = new Questions({ ...ports, tally });
    for (const [question, answerer] of nodeAnswers(this.#services)) {
      this.onQuestion(question, answerer);
    }
    this.#awakeAt = ports.clock.monotonic();
  }

  async start(): Promise<void> {
    const { broker, rooms, settings } = this.#services;
    await this.#control.start();
    this.#unsubscribe = await broker.subscribe("control", (notice) => {
      if (notice.type === "control") void this.#checkControl();
      else if (notice.type === "joined") hearJoined(this.#services.registry, notice.fact);
      else if (notice.type === "own") {
        hearOwn(this.#services.registry, notice.user, notice.change);
      } else if (notice.type === "device") hearDevice(this.#services.registry, notice.fact);
      else this.#questions.hear(notice);
    });
    broker.onInterruption(() => {
      this.tally.interruptions += 1;
      rooms.repairAll();
      void this.#checkControl();
    });
    this.#awakeAt = this.#services.clock.monotonic();
    this.#every(settings.controlPollMs, () => {
      if (!this.#wasAsleep()) this.#awakeAt = this.#services.clock.monotonic();
      void this.#checkControl();
    });
    this.#every(settings.pollMs, () => {
      void this.#checkHeads();
      void this.#services.openMessages.tellAll();
    });
    this.#every(connectionCheckMs, () => {
      for (const connection of this.#services.registry) connection.check();
      void this.#services.devicePlaces.flush();
      this.#services.people.tick();
    });
    this.#every(presenceLeaseMs / 3, () => {
      for (const room of rooms) {
        room.presence.tick();
        room.awareness.tick();
      }
    });
    beginSweeps({
      services: this.#services,
      unread: this.#unread,
      every: (intervalMs, run) => this.#every(intervalMs, run),
      isQuiet: () => this.#isClosed || this.#awaySince !== undefined,
    });
  }

  connect(link: Link, wire: Wire, peer: Peer): Inlet {
    const connection = new Connection(link, wire, peer, this.#services);
    this.#services.registry.add(connection);
    add(this.tally.opened, wire.dialect.name);
    this.#services.report("info", "connection_opened", {
      connection_id: connection.connectionId,
      dialect: wire.dialect.name,
      transport: peer.transport,
    });
    this.#services.moments?.connected(factsOf(connection));
    connection.opened();
    return connection;
  }

  async execute<T extends ConnectionlessType>(
    identity: Identity,
    command: Command<T>,
    cause: Cause = {},
  ): Promise<Reply<T>> {
    const { via = "none", traceparent } = cause;
    const run = new CommandRun(this.#services, command.type, via, traceparent);
    const context = { services: this.#services, identity, via };
    try {
      await this.#seatOf(identity).take(command);
      const reply = await perform(
        run.trace === undefined ? context : { ...context, trace: run.trace },
        command,
      );
      run.end();
      return reply;
    } catch (error) {
      const fields = { command: command.type, user_id: identity.user };
      const told = asProtocolError(error, this.#services.report, fields);
      this.tally.error(told.code);
      run.end(told.code);
      throw told;
    }
  }

  async spend(identity: Identity, cost: RateCost): Promise<void> {
    await this.#seatOf(identity).spend(cost);
  }

  rate(identity: Identity, cost: RateCost): RateView | undefined {
    return this.#seatOf(identity).view(cost);
  }

  ratesAreShared(): boolean | undefined {
    return this.#services.rates.isShared;
  }

  async drain(spreadMs: number): Promise<void> {
    const { clock, ids, registry } = this.#services;
    await Promise.all(
      [...registry].map(async (connection) => {
        const delayMs = Math.floor(ids.random() * spreadMs);
        connection.notify({ type: "goodbye", reconnect_after_ms: delayMs });
        await new Promise<void>((resolve) => clock.after(delayMs, resolve));
        await connection.finish();
        connection.end("draining");
      }),
    );
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const timer of this.#timers) timer.cancel();
    this.#unsubscribe?.();
    this.#questions.close();
    for (const connection of [...this.#services.registry]) connection.terminate("shutdown");
    await this.#services.openMessages.close();
    this.#services.rooms.close();
    this.#services.rates.close();
    await this.#services.devicePlaces.flush();
    await this.#services.people.writeSeen();
    await this.#services.broker.close();
  }

  askAll(question: string, detail: Json | undefined, options: AskOptions): Promise<FleetAnswers> {
    return this.#questions.askAll(question, detail, options);
  }

  onQuestion(question: string, answerer: Answerer): void {
    this.#questions.onQuestion(question, answerer);
  }

  counts(): NodeCounts {
    return countsOf(this.#services);
  }

  dialects(): ReadonlyMap<string, number> {
    return dialectsOf(this.#services);
  }

  presentHere(): number {
    return presentIn(this.#services);
  }

  openMessagesHere(): number {
    return this.#services.openMessages.count;
  }

  openRooms(): readonly OpenRoomView[] {
    return openRoomsOf(this.#services);
  }

  connections(): readonly ConnectionView[] {
    const now = this.#services.clock.monotonic();
    return Array.from(this.#services.registry, (connection) => viewOf(connection, now));
  }

  #seatOf(identity: Identity): Seat {
    const { dialect = "rest", address } = identity.cameBy ?? {};
    const from = address === undefined ? {} : { address };
    return this.#services.rates.seat({ identity, dialect, ...from });
  }

  stateHere(user: UserId): PresenceState {
    return this.#services.people.stateHere(user);
  }

  present(): readonly WebhookPresent[] {
    return whoIsPresent(this.#services);
  }

  // --- Periodic checks ------------------------------------------------------------------------------

  #every(intervalMs: number, run: () => void): void {
    const again = (): void => {
      const timer = this.#services.clock.after(intervalMs, () => {
        this.#timers.delete(timer);
        if (this.#isClosed) return;
        run();
        again();
      });
      this.#timers.add(timer);
    };
    again();
  }

  async #checkControl(): Promise<void> {
    const { clock, report } = this.#services;
    try {
      await this.#control.check();
    } catch (error) {
      // One under way when the node closed finds the store closed. Told once: the next comes in a second.
      if (this.#isClosed || this.#awaySince !== undefined) return;
      this.#awaySince = clock.monotonic();
      report("warn", "control_check_failed", { error });
      return;
    }
    if (this.#awaySince === undefined) return;
    const awayMs = Math.round(clock.monotonic() - this.#awaySince);
    this.#awaySince = undefined;
    report("info", "database_back", { away_ms: awayMs });
  }

  /* One at a time: where the database takes long, each that is asked holds a connection. */
  async #checkHeads(): Promise<void> {
    if (this.#isComparing) return;
    this.#isComparing = true;
    try {
      await this.#services.rooms.checkHeads();
    } catch (error) {
      if (this.#isClosed || this.#awaySince !== undefined) return;
      this.#services.report("warn", "head_check_failed", { error });
    } finally {
      this.#isComparing = false;
    }
  }

  #wasAsleep(): boolean {
    const sinceMs = this.#services.clock.monotonic() - this.#awakeAt;
    return sinceMs > this.#services.settings.controlPollMs + asleepMs;
  }

  /*
   * Security: a node that was stopped for a while (SIGSTOP, a suspended machine) wakes with sockets, tokens and
   * memberships of the past. Nothing leaves it, and no command is begun, before it has looked at the clock and read the control log.
   */
  #isAwake(): boolean {
    if (!this.#wasAsleep()) return true;
    if (!this.#isWaking) {
      this.#isWaking = true;
      void this.#wake();
    }
    return false;
  }

  async #wake(): Promise<void> {
    const { clock, flusher, registry, rooms, report, settings } = this.#services;
    report("warn", "woke_up", { asleep_ms: Math.round(clock.monotonic() - this.#awakeAt) });
    for (const connection of registry) connection.check();
    try {
      await this.#control.checkAnew();
    } catch (error) {
      report("warn", "control_check_failed", { error });
      if (!this.#isClosed) clock.after(settings.controlPollMs, () => void this.#wake());
      return;
    }
    rooms.repairAll();
    this.#awakeAt = clock.monotonic();
    this.#isWaking = false;
    flusher.resume();
    for (const connection of registry) connection.awoke();
  }
}

function kindOf(rooms: Rooms, named: NamedRooms, room: RoomId): Awaitable<RoomKind> {
  const open = rooms.get(room);
  if (open !== undefined) return open.record.kind;
  return rooms.open(room).then(
    ({ record }) => record.kind,
    () => named.get(room)?.kind ?? kindByName(room),
  );
}
