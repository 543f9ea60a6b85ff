/** A line between clients and the nodes of a cluster, as a balancer is: it keeps its address and leads where it is told. */
import type { ClusterNode } from "@parlance/testkit/cluster";
import { TcpProxy } from "@parlance/testkit/tcp-proxy";

export class Front {
  readonly line: TcpProxy;
  readonly #nodes: readonly ClusterNode[];
  #at: number;

  private constructor(line: TcpProxy, nodes: readonly ClusterNode[], at: number) {
    this.line = line;
    this.#nodes = nodes;
    this.#at = at;
  }

  /** @param at Index of the node that it leads to at first. */
  static async open(nodes: readonly ClusterNode[], at: number): Promise<Front> {
    const line = await TcpProxy.open(placeOf(nodes, at));
    return new Front(line, nodes, at);
  }

  get port(): number {
    return this.line.port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get socketUrl(): string {
    return `ws://127.0.0.1:${this.port}/ws`;
  }

  get node(): ClusterNode {
    return nodeAt(this.#nodes, this.#at);
  }

  /** Whoever connects from now on comes to the next node. Lines that are open stay. */
  moveOn(): void {
    this.#at += 1;
    this.line.leadTo(placeOf(this.#nodes, this.#at));
  }

  close(): Promise<void> {
    return this.line.close();
  }
}

function nodeAt(nodes: readonly ClusterNode[], index: number): ClusterNode {
  const node = nodes[index % nodes.length];
  if (node === undefined) throw new Error("no node");
  return node;
}

function placeOf(nodes: readonly ClusterNode[], index: number): { host: string; port: number } {
  return { host: "127.0.0.1", port: nodeAt(nodes, index).process.port };
}
