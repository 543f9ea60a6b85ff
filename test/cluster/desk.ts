/** A document, two nodes, and stock editors of `y-websocket` in front of them. */
import { Cluster, type ClusterNode } from "@parlance/testkit/cluster";
import { Editor, type Version } from "@parlance/testkit/editor";
import { Front } from "./front.ts";

export type Name = "ann" | "bob";

export class Desk {
  readonly cluster: Cluster;
  readonly fronts: Front[] = [];
  readonly editors: Editor[] = [];
  room = "";

  private constructor(cluster: Cluster) {
    this.cluster = cluster;
  }

  static async start(
    engine: "postgresql" | "mariadb",
    broker: "redis" | "rabbitmq",
  ): Promise<Desk> {
    const environment = { PARLANCE_POLL_MS: "2000" };
    const desk = new Desk(await Cluster.start({ engine, broker, nodes: 2, environment }));
    for (const name of ["ann", "bob"] as const) await desk.#call(name, "GET", "/rooms");
    await desk.newDocument();
    return desk;
  }

  /** From now on `room` is an empty document of both. */
  async newDocument(): Promise<void> {
    const made = await this.#call<{ room: string }>("ann", "POST", "/rooms", {
      kind: "document",
      title: "Plan",
    });
    this.room = made.room;
    const role = { role: "member" };
    await this.#call("ann", "PUT", `/rooms/${made.room}/members/bob`, role);
  }

  node(index: number): ClusterNode {
    const node = this.cluster.nodes[index];
    if (node === undefined) throw new Error("two nodes");
    return node;
  }

  #call<T>(who: Name, method: string, path: string, body?: unknown, at = 0): Promise<T> {
    const { cluster } = this;
    return cluster.rest<T>(this.node(at), method, path, cluster.token(who), body);
  }

  /** The document as REST has it at a node: an update of Yjs. */
  async state(at: number): Promise<Uint8Array> {
    const answer = await fetch(`${this.node(at).url}/api/v1/rooms/${this.room}/document/state`, {
      headers: { authorization: `Bearer ${this.cluster.token("ann")}` },
    });
    if (!answer.ok) throw new Error(`state: ${answer.status} ${await answer.text()}`);
    return new Uint8Array(await answer.arrayBuffer());
  }

  /** An editor on a node, behind a line of its own that can lead to the other one. */
  async open(who: Name, at: number, version: Version = "3"): Promise<Editor> {
    const { room } = this;
    const { ticket } = await this.#call<{ ticket: string }>(who, "POST", "/tickets", { room }, at);
    const front = await Front.open(this.cluster.nodes, at);
    this.fronts.push(front);
    const editor = new Editor(version, `ws://127.0.0.1:${front.port}/yjs`, room, { ticket });
    this.editors.push(editor);
    return editor;
  }

  /** Everybody goes. The nodes stay. */
  async clear(): Promise<void> {
    for (const editor of this.editors.splice(0)) editor.destroy();
    await Promise.all(this.fronts.splice(0).map((front) => front.close()));
  }

  async close(): Promise<void> {
    await this.clear();
    await this.cluster.remove();
  }
}
