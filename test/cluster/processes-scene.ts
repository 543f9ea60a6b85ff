/** One server of several processes under load, and what a test does to its processes. */
import { execFileSync } from "node:child_process";
import { Agent, request } from "node:http";
import { text } from "node:stream/consumers";
import {
  Cluster,
  type ClusterNode,
  check,
  type Engine,
  type Fault,
  type Minimums,
  RecordingClient,
  readEverything,
  signToken,
  type Verdict,
} from "@parlance/testkit/cluster";
import { Random } from "@parlance/testkit/simulation";

/** A worker as the system and as itself tells. */
export interface Worker {
  readonly number: number;
  readonly pid: number;
}

export const rooms = ["lobby", "plaza"] as const;
const tickMs = 20;
/** Starting several processes on a busy machine takes its time. */
const waitMs = 60_000;

export class ProcessesScene {
  readonly cluster: Cluster;
  readonly count: number;
  readonly clients: RecordingClient[] = [];
  readonly faults: Fault[] = [];
  readonly #random = new Random(20);
  #load: NodeJS.Timeout | undefined;

  private constructor(cluster: Cluster, count: number) {
    this.cluster = cluster;
    this.count = count;
  }

  static async start(
    engine: Engine,
    count: number,
    environment: Readonly<Record<string, string>> = {},
  ): Promise<ProcessesScene> {
    const cluster = await Cluster.start({
      engine,
      broker: "none",
      nodes: 1,
      environment: {
        PARLANCE_BROKER_URL: "memory:",
        PARLANCE_PROCESSES: String(count),
        PARLANCE_HEARTBEAT_MS: "2000",
        ...environment,
      },
    });
    const scene = new ProcessesScene(cluster, count);
    await scene.whole();
    return scene;
  }

  get node(): ClusterNode {
    const [node] = this.cluster.nodes;
    if (node === undefined) throw new Error("no server");
    return node;
  }

  /** The workers that the system knows, by their number. */
  workers(): Worker[] {
    const lines = this.#processes(["--ppid", String(this.node.process.pid)]);
    return lines.flatMap((line) => {
      const [, pid, number] = /^\s*(\d+) parlance worker (\d+)/.exec(line) ?? [];
      return pid === undefined ? [] : [{ number: Number(number), pid: Number(pid) }];
    });
  }

  /** Those of some processes that still live. */
  living(pids: readonly number[]): number[] {
    return this.#processes(["-p", pids.join()]).map((line) => Number.parseInt(line, 10));
  }

  #processes(which: readonly string[]): string[] {
    try {
      const out = execFileSync("ps", [...which, "-o", "pid=,args="], { encoding: "utf8" });
      return out.split("\n").filter((line) => line !== "");
    } catch {
      // Its way to say that there are none.
      return [];
    }
  }

  /** Waits until all workers serve and say so. */
  async whole(): Promise<void> {
    await this.node.until((readiness) => {
      const { processes } = readiness as { processes?: { running: number; of: number } };
      return readiness.status === "ready" && processes?.running === this.count;
    }, waitMs);
  }

  /** The workers that answered, until all have, and how many connections each of them has. */
  async connections(): Promise<{ readonly workers: Set<number>; readonly each: number[] }> {
    const workers = new Set<number>();
    let each = new Map<string, number>();
    await this.until("every worker answers", async () => {
      // The kernel chooses by the connection, so both questions go over one.
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      const ready = (await this.#get(agent, "/ready")) as { processes: { number: number } };
      const all = (await this.#get(agent, "/api/v1/admin/connections")) as {
        connections: readonly { node: string }[];
      };
      agent.destroy();
      workers.add(ready.processes.number);
      each = new Map();
      for (const { node } of all.connections) each.set(node, (each.get(node) ?? 0) + 1);
      return workers.size === this.count;
    });
    return { workers, each: [...each.values()] };
  }

  async #get(agent: Agent, path: string): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const iat = Math.floor(Date.now() / 1_000);
    const claims = { sub: "service:test", scope: "admin", iss: "parlance", iat, exp: iat + 60 };
    const authorization = `Bearer ${signToken(claims, this.cluster.secret)}`;
    const asked = request(`${this.node.url}${path}`, { agent, headers: { authorization } });
    asked.once("error", reject);
    asked.once("response", (response) => void text(response).then(resolve, reject));
    asked.end();
    return JSON.parse(await promise);
  }

  add(name: string): RecordingClient {
    const client = new RecordingClient({
      name,
      user: `p-${name}`,
      token: () => this.cluster.token(`p-${name}`),
      doors: [{ name: "port", socketUrl: this.node.socketUrl }],
      random: this.#random,
    });
    this.clients.push(client);
    return client;
  }

  /** Connects so many people who listen to all rooms. */
  async settle(people: number): Promise<void> {
    const named = Array.from({ length: people }, (_, index) => this.add(`person-${index + 1}`));
    await Promise.all(named.map((client) => client.start()));
    for (const client of named) for (const room of rooms) await client.watch(room);
  }

  /** Somebody says something, again and again. */
  talk(): void {
    this.#load = setInterval(() => {
      const { writer } = this.#random.pick(this.clients);
      if (writer.outstanding < 100) writer.publish(this.#random.pick(rooms));
    }, tickMs);
  }

  get acks(): number {
    return this.clients.reduce(
      (sum, { history }) => sum + history.entries.filter(({ kind }) => kind === "acked").length,
      0,
    );
  }

  async moreAcks(count: number): Promise<void> {
    const wanted = this.acks + count;
    await this.until(`${count} more acknowledgements`, () => this.acks >= wanted);
  }

  async fault(id: string, what: string, act: () => Promise<void>): Promise<void> {
    const from = performance.now();
    await act();
    this.faults.push({ id, what, from, to: performance.now() });
  }

  async until(what: string, isTrue: () => boolean | Promise<boolean>): Promise<void> {
    const end = performance.now() + waitMs;
    while (!(await isTrue())) {
      if (performance.now() > end) throw new Error(`never: ${what}`);
      await new Promise((resolve) => setTimeout(resolve, tickMs));
    }
  }

  /** Lets everything come to rest and decides. */
  async decide(minimums: Minimums): Promise<Verdict> {
    clearInterval(this.#load);
    await this.until("every message answered", () =>
      this.clients.every(({ writer }) => writer.outstanding === 0),
    );
    const { rooms: stored } = await readEverything(this.cluster.database);
    const heads = new Map(stored.map(({ room, head }) => [room, head]));
    await this.until("everybody has everything", () =>
      this.clients.every(
        (client) =>
          client.isOver ||
          (client.isLive &&
            [...client.history.places].every(([room, { offset }]) => offset === heads.get(room))),
      ),
    );
    const evidence = {
      histories: this.clients.map(({ history }) => history),
      ...(await readEverything(this.cluster.database)),
      changes: [],
      revocations: [],
      convergences: [],
      faults: this.faults,
      latenessMs: 0,
      slowness: 1,
    };
    return check(evidence, minimums);
  }

  async close(): Promise<void> {
    clearInterval(this.#load);
    for (const client of this.clients) client.stop();
    await this.cluster.remove();
  }
}
