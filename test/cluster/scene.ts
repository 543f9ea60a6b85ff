/** One run on one cluster: people under load, faults one after the other, rest, and the verdict. */
import { availableParallelism, loadavg } from "node:os";
import {
  type BrokerName,
  Cluster,
  type ClusterNode,
  type Convergence,
  check,
  type Engine,
  type Evidence,
  type Fault,
  MessageRelay,
  type Minimums,
  readEverything,
  type Verdict,
} from "@parlance/testkit/cluster";
import { Random } from "@parlance/testkit/simulation";
import { Population } from "./population.ts";

export interface SceneOptions {
  readonly engine: Engine;
  readonly broker: BrokerName;
  readonly seed: number;
  /** Faults last as long as the rules say, not as long as a test run can bear. */
  readonly isLong?: boolean;
}

/** T_poll of the nodes here. */
export const pollMs = 1_500;
const heartbeatMs = 2_000;
/** I-12: with a broker, and without. */
const restMs = { with: 10_000, without: pollMs + 5_000 };
const tickMs = 20;
const giveUpMs = 60_000;

export class Scene {
  readonly options: SceneOptions;
  readonly cluster: Cluster;
  readonly random: Random;
  readonly people: Population;
  readonly faults: Fault[] = [];
  readonly convergences: Convergence[] = [];
  /** Between the broker and each node; none without a broker. */
  readonly relays: MessageRelay[] = [];
  readonly isLong: boolean;
  #latenessMs = 0;
  #slowness = 1;
  #clock: NodeJS.Timeout | undefined;
  /** When the last fault was over. */
  #healedAt = 0;

  private constructor(options: SceneOptions, cluster: Cluster, random: Random) {
    this.options = options;
    this.cluster = cluster;
    this.random = random;
    this.isLong = options.isLong ?? false;
    this.people = new Population(cluster, random);
    for (const { brokerLine } of cluster.nodes) {
      if (brokerLine === undefined || options.broker === "none") continue;
      const relay = new MessageRelay(options.broker, random);
      brokerLine.inspector = relay.inspector;
      this.relays.push(relay);
    }
  }

  static async start(options: SceneOptions): Promise<Scene> {
    const { engine, broker } = options;
    const random = new Random(options.seed);
    const cluster = await Cluster.make({
      engine,
      broker,
      environment: {
        PARLANCE_POLL_MS: String(pollMs),
        PARLANCE_HEARTBEAT_MS: String(heartbeatMs),
      },
    });
    const scene = new Scene(options, cluster, random);
    await cluster.startAll();
    scene.#watchClock();
    try {
      await scene.people.settle();
    } catch (error) {
      await scene.close();
      throw error;
    }
    scene.people.begin();
    return scene;
  }

  get hasBroker(): boolean {
    return this.options.broker !== "none" && this.options.engine !== "sqlite";
  }

  /* How late this process itself is: it shares the machine with the nodes. */
  #watchClock(): void {
    let dueAt = performance.now() + tickMs;
    this.#clock = setInterval(() => {
      const now = performance.now();
      this.#latenessMs = Math.max(this.#latenessMs, now - dueAt);
      this.#slowness = Math.max(this.#slowness, (loadavg()[0] ?? 0) / availableParallelism());
      dueAt = now + tickMs;
    }, tickMs);
  }

  pickNode(): ClusterNode {
    return this.random.pick(this.cluster.nodes);
  }

  /** Puts a fault in and takes it out again. */
  async fault(id: string, what: string, act: () => Promise<void>): Promise<void> {
    const from = performance.now();
    await act();
    this.#healedAt = performance.now();
    this.faults.push({ id, what, from, to: this.#healedAt });
  }

  /** How the measuring itself fared. */
  get measuring(): { readonly latenessMs: number; readonly slowness: number } {
    return { latenessMs: Math.round(this.#latenessMs), slowness: this.#slowness };
  }

  get acks(): number {
    let sum = 0;
    for (const { history } of this.people.clients) {
      for (const { kind } of history.entries) if (kind === "acked") sum += 1;
    }
    return sum;
  }

  /** Waits until so many more messages were acknowledged, to anybody. */
  async moreAcks(count: number): Promise<void> {
    const wanted = this.acks + count;
    await this.until(`${count} more acknowledgements`, () => this.acks >= wanted);
  }

  /** @throws Error if it does not become true. */
  async until(what: string, isTrue: () => boolean, timeoutMs: number = giveUpMs): Promise<number> {
    const from = performance.now();
    while (!isTrue()) {
      if (performance.now() - from > timeoutMs) throw new Error(`never: ${what}`);
      await pause(tickMs);
    }
    return performance.now() - from;
  }

  /** Notes whether something becomes true in time. Waits longer than that, but not for ever. */
  async converges(
    invariant: string,
    what: string,
    allowedMs: number,
    isTrue: () => boolean | Promise<boolean>,
    from: number = performance.now(),
  ): Promise<void> {
    for (;;) {
      const afterMs = performance.now() - from;
      if (await isTrue()) {
        this.convergences.push({ invariant, what, allowedMs, afterMs });
        return;
      }
      if (afterMs > allowedMs * 2 + 20_000) break;
      await pause(tickMs);
    }
    this.convergences.push({ invariant, what, allowedMs, afterMs: undefined });
  }

  /** Something that had to be true at that moment. */
  must(invariant: string, what: string, isTrue: boolean): void {
    this.convergences.push({ invariant, what, allowedMs: 0, afterMs: isTrue ? 0 : undefined });
  }

  /** So long in a test run, as the rules say in a long one. */
  lastingMs(short: number, long: number): Promise<void> {
    return pause(this.isLong ? long : short);
  }

  /** Lets everything come to rest and decides. */
  async decide(minimums: Minimums): Promise<Verdict> {
    const { people } = this;
    await people.end();
    await people.letIn();
    for (const { writer } of people.clients.filter(({ isOver }) => isOver)) writer.forget();
    await this.until("every message answered", () => {
      for (const client of people.sdk) client.balance(false);
      return (
        people.clients.every(({ writer }) => writer.outstanding === 0) &&
        people.sdk.every(({ outstanding, isOnline }) => outstanding === 0 && isOnline)
      );
    });
    // The SDK waits longer and longer while nothing answers: rest begins when it is back.
    this.#healedAt = performance.now();
    await this.#comeToRest();
    await this.#presence();
    await this.#marks();
    const evidence: Evidence = {
      histories: [...people.clients, ...people.sdk].map(({ history }) => history),
      ...(await readEverything(this.cluster.database)),
      changes: people.changes,
      revocations: people.revocations,
      convergences: this.convergences,
      faults: this.faults,
      latenessMs: this.#latenessMs,
      slowness: this.#slowness,
    };
    return check(evidence, minimums);
  }

  /** I-12: everybody who is there has everything. */
  async #comeToRest(): Promise<void> {
    const { people } = this;
    const from = Math.max(this.#healedAt, this.#lastAckAt());
    const { rooms } = await readEverything(this.cluster.database);
    const heads = new Map(rooms.map(({ room, head }) => [room, head]));
    const readers = people.clients.filter(
      ({ isOver, name }) => !isOver && name !== "stranger" && !name.startsWith("slow"),
    );
    const lacking = (): string[] =>
      [...readers, ...people.sdk].flatMap((reader) => {
        if ("isLive" in reader && !reader.isLive) return [`${reader.name} is not connected`];
        return [...reader.history.places].flatMap(([room, { offset }]) =>
          offset === heads.get(room) ? [] : [`${reader.name} ${room} ${offset}`],
        );
      });
    const allowedMs = this.hasBroker ? restMs.with : restMs.without;
    let last: string[] = [];
    await this.converges(
      "I-12",
      "everybody has everything",
      allowedMs,
      () => {
        last = lacking();
        return last.length === 0;
      },
      from,
    );
    if (last.length > 0) this.must("I-12", last.slice(0, 5).join("; "), false);
  }

  #lastAckAt(): number {
    let last = 0;
    for (const { history } of this.people.clients) {
      const ack = history.entries.findLast(({ kind }) => kind === "acked");
      last = Math.max(last, ack?.at ?? 0);
    }
    return last;
  }

  /**
   * I-19: each node's watcher sees who is in the lobby; somebody who comes is seen, who leaves is not, in good order
   * and with a reset. With a broker and without.
   */
  async #presence(): Promise<void> {
    const { people } = this;
    const wrong = (): string[] => {
      const there = people.clients.filter((client) => client.isSubscribed("lobby"));
      const truth = new Set([
        ...there.map(({ user }) => user),
        ...people.sdk.map(({ history }) => history.user),
      ]);
      return people.clients
        .filter(({ name }) => name.startsWith("watcher"))
        .flatMap((watcher) => {
          const seen = watcher.present.get("lobby") ?? new Set<string>();
          const differ = [
            ...[...truth].filter((user) => !seen.has(user)).map((user) => `lacks ${user}`),
            ...[...seen].filter((user) => !truth.has(user)).map((user) => `still has ${user}`),
          ];
          return differ.length === 0 ? [] : [`${watcher.name} ${differ.join(", ")}`];
        });
    };
    const isTrue = (): boolean => wrong().length === 0;
    const { afterHealMs, afterKillMs, changeMs } = presenceMs;
    const hasKilled = this.faults.some(({ id }) => id.startsWith("F-N"));
    const allowedMs = hasKilled ? afterKillMs : afterHealMs;
    await this.converges("I-19", "presence is true", allowedMs, isTrue, this.#healedAt);
    if (!isTrue()) {
      this.must("I-19", wrong().join("; "), false);
      return;
    }
    const visitor = people.add("visitor", { doors: [this.pickNode()] });
    await visitor.watch("lobby");
    await visitor.start();
    await this.converges("I-19", "who comes is seen", changeMs, isTrue);
    visitor.leaveCleanly();
    await this.until("the visitor is gone", () => !visitor.isOnline);
    await this.converges("I-19", "who leaves is not seen", changeMs, isTrue);
    const other = people.add("visitor-2", { doors: [this.pickNode()] });
    await other.watch("lobby");
    await other.start();
    await this.converges("I-19", "another who comes is seen", changeMs, isTrue);
    other.stop();
    await this.converges("I-19", "whose line is reset is not seen", changeMs, isTrue);
  }

  /** I-20: what each node tells of the marks is what is stored. */
  async #marks(): Promise<void> {
    const { people, cluster } = this;
    const { marks } = await readEverything(cluster.database);
    const stored = new Map(
      marks.filter(({ room }) => room === people.secret).map((mark) => [mark.user, mark.readMark]),
    );
    type Members = {
      readonly members: readonly { readonly user: { readonly id: string }; read_mark: number }[];
    };
    const token = cluster.token("p-writer-1");
    await this.converges("I-20", "every node tells the stored marks", 2_000, async () => {
      for (const node of cluster.nodes) {
        const path = `/rooms/${people.secret}/members`;
        const { members } = await cluster.rest<Members>(node, "GET", path, token);
        if (members.some(({ user, read_mark }) => read_mark !== (stored.get(user.id) ?? 0))) {
          return false;
        }
      }
      return true;
    });
  }

  async close(): Promise<void> {
    clearInterval(this.#clock);
    await this.people.leave();
    await this.cluster.remove();
  }
}

/** What I-19 allows: after a partition, after the end of a node, and for somebody who comes, leaves or is reset. */
const presenceMs = { afterHealMs: 15_000, afterKillMs: 30_000, changeMs: 2_000 };

/** Resolves after so many milliseconds. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
