/** One node of a cluster under test: a process of the product, with lines of its own to database and broker. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, type ServerEnvironment, ServerProcess } from "../server-process.ts";
import { TcpProxy } from "../tcp-proxy.ts";
import type { Door } from "./client.ts";
import type { InstallDatabase } from "./database.ts";

/** What `GET /ready` says; `unreachable` where nobody answers. */
export interface Readiness {
  readonly status: string;
  readonly components: Readonly<Record<string, string>>;
}

export interface NodeOptions {
  readonly name: string;
  /** `none:` for a cluster without one. */
  readonly brokerUrl: string;
  readonly environment: ServerEnvironment;
  /** Made once the directory is known: SQLite's database lies in it. */
  readonly database: (dataDir: string) => InstallDatabase;
}

const presetPorts: Readonly<Record<string, number>> = { redis: 6_379, amqp: 5_672, nats: 4_222 };
const answerTimeoutMs = 1_000;
const readyTimeoutMs = 60_000;

export class ClusterNode implements Door {
  readonly name: string;
  readonly process: ServerProcess;
  /** Undefined where the database is a file. */
  readonly databaseLine: TcpProxy | undefined;
  /** Undefined without a broker. */
  readonly brokerLine: TcpProxy | undefined;
  isPaused = false;
  #isRunning = false;

  private constructor(
    name: string,
    process: ServerProcess,
    lines: { readonly database: TcpProxy | undefined; readonly broker: TcpProxy | undefined },
  ) {
    this.name = name;
    this.process = process;
    this.databaseLine = lines.database;
    this.brokerLine = lines.broker;
  }

  /** Nothing runs yet. */
  static async make(options: NodeOptions): Promise<ClusterNode> {
    const dataDir = mkdtempSync(join(tmpdir(), `parlance-${options.name}-`));
    const database = options.database(dataDir);
    const databaseLine =
      database.port === undefined
        ? undefined
        : await TcpProxy.open({ port: database.port, host: database.host });
    const broker = URL.parse(options.brokerUrl);
    const isLine = broker !== null && broker.hostname !== "";
    const scheme = broker?.protocol.slice(0, -1) ?? "";
    const brokerLine = isLine
      ? await TcpProxy.open({
          host: broker.hostname,
          port: broker.port === "" ? (presetPorts[scheme] ?? 0) : Number(broker.port),
        })
      : undefined;
    let brokerUrl = options.brokerUrl;
    if (brokerLine !== undefined) {
      const through = new URL(options.brokerUrl);
      through.port = String(brokerLine.port);
      through.hostname = "127.0.0.1";
      brokerUrl = through.href.replace(/\/$/, "");
    }
    const process = new ServerProcess(await freePort(), dataDir, {
      PARLANCE_DATABASE_URL: database.urlBy(databaseLine?.port ?? 0),
      ...(brokerUrl === "" ? {} : { PARLANCE_BROKER_URL: brokerUrl }),
      ...options.environment,
    });
    const lines = { database: databaseLine, broker: brokerLine };
    return new ClusterNode(options.name, process, lines);
  }

  get url(): string {
    return this.process.url;
  }

  get socketUrl(): string {
    return this.process.socketUrl;
  }

  /** Whether it was started and not ended since. */
  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** Starts it and waits until it is ready or degraded. */
  async start(environment: ServerEnvironment = {}): Promise<void> {
    this.#isRunning = true;
    await this.process.start(environment);
    await this.until(({ status }) => status === "ready" || status === "degraded", readyTimeoutMs);
  }

  /** Starts it with a crash point. It may be gone before it is ready. */
  async startToCrash(crashAt: string): Promise<void> {
    this.#isRunning = true;
    await this.process.start({ PARLANCE_CRASH_AT: crashAt }).catch((error: unknown) => {
      if (!this.process.isGone) throw error;
    });
  }

  /** `kill -9`. */
  async kill(): Promise<void> {
    this.resume();
    await this.process.kill();
    this.#isRunning = false;
  }

  /** SIGTERM. @returns the exit code. */
  async stop(): Promise<number | null> {
    this.resume();
    const code = await this.process.stop();
    this.#isRunning = false;
    return code;
  }

  /** SIGSTOP: the process does nothing, its sockets stay open. */
  pause(): void {
    process.kill(this.process.pid, "SIGSTOP");
    this.isPaused = true;
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    if (!this.process.isGone) process.kill(this.process.pid, "SIGCONT");
  }

  async readiness(): Promise<Readiness> {
    try {
      const signal = AbortSignal.timeout(answerTimeoutMs);
      const answer = await fetch(`${this.url}/ready`, { signal });
      return (await answer.json()) as Readiness;
    } catch {
      return { status: "unreachable", components: {} };
    }
  }

  /** Waits until its readiness is as wanted. @throws Error with what it was last. */
  async until(isWanted: (readiness: Readiness) => boolean, timeoutMs = 15_000): Promise<void> {
    const end = performance.now() + timeoutMs;
    for (;;) {
      const readiness = await this.readiness();
      if (isWanted(readiness)) return;
      if (performance.now() > end) {
        const output = this.process.output.slice(-2_000);
        throw new Error(`${this.name} is ${JSON.stringify(readiness)}:\n${output}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Ends the process and its lines, and removes its directory. */
  async remove(): Promise<void> {
    if (this.#isRunning) await this.kill();
    await this.databaseLine?.close();
    await this.brokerLine?.close();
    rmSync(this.process.dataDir, { recursive: true, force: true });
  }
}
