/** Three nodes of one install on PostgreSQL and Redis, and each of the three proxies in front of them. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Cluster, type ClusterNode, signToken } from "@parlance/testkit/cluster";
import {
  type Certificate,
  makeCertificate,
  type ProxyName,
  ProxyProgram,
  proxyNames,
} from "./proxy-program.ts";

/** A connection, as an operator sees it. */
export interface Connected {
  readonly address: string;
  readonly dialect: string;
  readonly user?: string;
}

/** How long somebody who comes in is waited for. */
const connectMs = 15_000;

export class Fleet {
  readonly cluster: Cluster;
  readonly certificate: Certificate;
  readonly #proxies: ReadonlyMap<ProxyName, ProxyProgram>;
  readonly #filesDir: string;

  private constructor(
    cluster: Cluster,
    certificate: Certificate,
    proxies: ReadonlyMap<ProxyName, ProxyProgram>,
    filesDir: string,
  ) {
    this.cluster = cluster;
    this.certificate = certificate;
    this.#proxies = proxies;
    this.#filesDir = filesDir;
  }

  /** Starts the nodes; of the proxies only the files are there. */
  static async start(): Promise<Fleet> {
    const certificate = makeCertificate();
    const filesDir = mkdtempSync(join(tmpdir(), "parlance-files-"));
    /* The nodes have to know the proxies' addresses, and the proxies those of the nodes. */
    const environment: Record<string, string> = {
      PARLANCE_MODE: "production",
      PARLANCE_GUESTS: "open",
      PARLANCE_TRUSTED_PROXIES: "127.0.0.1",
      PARLANCE_FILES_DIR: filesDir,
      PARLANCE_DRAIN_MS: "1000",
      PARLANCE_DATABASE_CONNECTIONS: "5",
    };
    const cluster = await Cluster.make({ engine: "postgresql", broker: "redis", environment });
    const nodes = cluster.nodes.map(({ process }) => process.port);
    const proxies = await Promise.all(
      proxyNames.map((name) => ProxyProgram.make(name, certificate, nodes)),
    );
    const origins = proxies.map(({ origin }) => origin);
    const addresses = {
      PARLANCE_PUBLIC_URL: origins[0] ?? "",
      PARLANCE_ORIGINS: origins.join(","),
    };
    const fleet = new Fleet(
      cluster,
      certificate,
      new Map(proxies.map((proxy) => [proxy.name, proxy])),
      filesDir,
    );
    fleet.#addresses = addresses;
    await Promise.all(cluster.nodes.map((node) => node.start(addresses)));
    return fleet;
  }

  #addresses: Readonly<Record<string, string>> = {};

  /** Nodes that were ended come back. */
  async restartAll(): Promise<void> {
    const ended = this.cluster.nodes.filter(({ isRunning }) => !isRunning);
    await Promise.all(ended.map((node) => node.start(this.#addresses)));
  }

  proxy(name: ProxyName): ProxyProgram {
    const found = this.#proxies.get(name);
    if (found === undefined) throw new Error(`no ${name}`);
    return found;
  }

  /** Who is connected to that node. */
  async connectedTo(node: ClusterNode): Promise<readonly Connected[]> {
    const now = Math.floor(Date.now() / 1_000);
    const token = signToken(
      { sub: "service:test", scope: "admin", iat: now, exp: now + 60 },
      this.cluster.secret,
    );
    const ask = <T>(path: string): Promise<T> => this.cluster.rest<T>(node, "GET", path, token);
    const { nodes } = await ask<{ nodes: readonly { id: string; url: string }[] }>("/admin/nodes");
    // By where it is: a node that was started anew goes by another id.
    const ids = nodes.filter(({ url }) => new URL(url).port === new URL(node.url).port);
    const found = await Promise.all(
      ids.map(({ id }) =>
        ask<{ connections: readonly Connected[] }>(`/admin/connections?node=${id}`),
      ),
    );
    return found.flatMap(({ connections }) => connections);
  }

  /** The node that the user is connected to. */
  async nodeOf(user: string): Promise<ClusterNode> {
    // A page can be seen before its line is there.
    for (const until = performance.now() + connectMs; performance.now() < until; ) {
      for (const node of this.cluster.running) {
        const connections = await this.connectedTo(node);
        if (connections.some((connection) => connection.user === user)) return node;
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`${user} is connected to no node`);
  }

  async remove(): Promise<void> {
    for (const proxy of this.#proxies.values()) await proxy.remove();
    await this.cluster.remove();
    rmSync(this.#filesDir, { recursive: true, force: true });
  }
}
