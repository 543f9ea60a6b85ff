/** An install of several nodes on a real engine and a real broker, made for one test and taken away after it. */
import { randomBytes } from "node:crypto";
import type { ServerEnvironment } from "../server-process.ts";
import { serviceUrl } from "../services.ts";
import { createDatabase, type Engine, fileDatabase, type InstallDatabase } from "./database.ts";
import { ClusterNode } from "./node.ts";
import { signToken } from "./sign-token.ts";

export const brokers = ["redis", "rabbitmq", "nats", "none"] as const;
export type BrokerName = (typeof brokers)[number];

export interface ClusterOptions {
  readonly engine: Engine;
  readonly broker: BrokerName;
  /** 1 with SQLite, else 3 if absent. */
  readonly nodes?: number;
  readonly environment?: ServerEnvironment;
  /** A name for the database that is not made up. */
  readonly databaseName?: string;
  readonly prefix?: string;
  /** Made up if absent. */
  readonly secret?: string;
  /** In the database of another cluster, which takes it away. */
  readonly besides?: InstallDatabase;
}

const tokenLifeS = 86_400;

export class Cluster {
  readonly options: ClusterOptions;
  readonly database: InstallDatabase;
  readonly nodes: readonly ClusterNode[];
  readonly secret: string;

  private constructor(
    options: ClusterOptions,
    database: InstallDatabase,
    nodes: readonly ClusterNode[],
    secret: string,
  ) {
    this.options = options;
    this.database = database;
    this.nodes = nodes;
    this.secret = secret;
  }

  /** Makes a fresh database and starts all nodes in it at the same moment. */
  static async start(options: ClusterOptions): Promise<Cluster> {
    const cluster = await Cluster.make(options);
    await cluster.startAll();
    return cluster;
  }

  /** Makes a fresh database and nodes that do not run yet. */
  static async make(options: ClusterOptions): Promise<Cluster> {
    const { engine, broker } = options;
    const secret = options.secret ?? randomBytes(24).toString("hex");
    const name = options.databaseName ?? `parlance_cluster_${randomBytes(6).toString("hex")}`;
    let database: InstallDatabase | undefined;
    if (engine !== "sqlite") {
      const { besides, prefix } = options;
      database = await createDatabase(engine, {
        name: besides?.name ?? name,
        isShared: besides !== undefined,
        ...(prefix === undefined ? {} : { prefix }),
      });
    }
    const count = engine === "sqlite" ? 1 : (options.nodes ?? 3);
    const nodes = await Promise.all(
      Array.from({ length: count }, (_, index) =>
        ClusterNode.make({
          name: `node-${index + 1}`,
          brokerUrl: engine === "sqlite" ? "" : broker === "none" ? "none:" : serviceUrl(broker),
          database: (dataDir) => {
            database ??= fileDatabase(dataDir);
            return database;
          },
          environment: {
            PARLANCE_SECRET: secret,
            PARLANCE_LOG_LEVEL: "essential",
            PARLANCE_COMMANDS_PER_SECOND: "0",
            PARLANCE_DRAIN_MS: "300",
            // A server of a test machine has a hundred for all that runs there, and faults leave some behind for a while.
            PARLANCE_DATABASE_CONNECTIONS: "5",
            ...options.environment,
          },
        }),
      ),
    );
    if (database === undefined) throw new Error("no node");
    return new Cluster(options, database, nodes, secret);
  }

  /** Starts all nodes at the same moment. @throws Error after taking everything away, if one does not start. */
  async startAll(): Promise<void> {
    const started = await Promise.allSettled(this.nodes.map((node) => node.start()));
    const failed = started.find((one) => one.status === "rejected");
    if (failed === undefined) return;
    await this.remove();
    throw failed.reason;
  }

  get running(): readonly ClusterNode[] {
    return this.nodes.filter((node) => node.isRunning && !node.isPaused);
  }

  /** @param lifeS Seconds until the token expires. */
  token(user: string, lifeS: number = tokenLifeS): string {
    const now = Math.floor(Date.now() / 1_000);
    return signToken({ sub: user, name: `The ${user}`, iat: now, exp: now + lifeS }, this.secret);
  }

  /** Calls the REST API of a node as a user. @throws Error with what it answered. */
  async rest<T>(
    node: ClusterNode,
    method: string,
    path: string,
    token?: string,
    body?: unknown,
  ): Promise<T> {
    const answer = await fetch(`${node.url}/api/v1${path}`, {
      method,
      headers: {
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return (text === "" ? undefined : JSON.parse(text)) as T;
  }

  /** Ends every process and takes the database away. */
  async remove(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.remove()));
    await this.database.drop();
  }
}
