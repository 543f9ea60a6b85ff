/** One document on two nodes, in stock editors of `y-websocket`, of which one node is killed. */
import { Cluster, type ClusterNode } from "@parlance/testkit/cluster";
import { Editor, type Version, waitMs } from "@parlance/testkit/editor";
import { afterEach, describe, expect } from "vitest";
import { requires } from "../requirements.ts";
import { Front } from "./front.ts";

const timeoutMs = 150_000;
const people = ["ann", "bob"] as const;
type Name = (typeof people)[number];

/** A document, two nodes, and editors in front of them. */
class Desk {
  readonly cluster: Cluster;
  readonly fronts: Front[] = [];
  readonly editors: Editor[] = [];
  room = "";

  private constructor(cluster: Cluster) {
    this.cluster = cluster;
  }

  static async start(engine: "postgresql" | "mariadb", broker: "redis" | "rabbitmq") {
    const environment = { PARLANCE_POLL_MS: "2000" };
    const desk = new Desk(await Cluster.start({ engine, broker, nodes: 2, environment }));
    for (const name of people) await desk.#call(name, "GET", "/rooms");
    const made = await desk.#call<{ room: string }>("ann", "POST", "/rooms", {
      kind: "document",
      title: "Plan",
    });
    desk.room = made.room;
    const role = { role: "member" };
    await desk.#call("ann", "PUT", `/rooms/${made.room}/members/bob`, role);
    return desk;
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

  async close(): Promise<void> {
    for (const editor of this.editors) editor.destroy();
    await Promise.all(this.fronts.map((front) => front.close()));
    await this.cluster.remove();
  }
}

describe.each([
  ["postgresql", "redis"],
  ["mariadb", "rabbitmq"],
] as const)("a document on two nodes, on %s and %s", (engine, broker) => {
  const test = requires(engine, broker);
  let desk: Desk;
  afterEach(() => desk?.close());

  test(
    "[YJS-4] [YJS-7] [I-28] editors on both converge and see each other, also after one is killed while they type",
    async () => {
      desk = await Desk.start(engine, broker);
      const first = await (await desk.open("ann", 0)).synced();
      first.provider.awareness.setLocalState({ user: { color: "red" } });
      first.type("begun ");
      const second = await (await desk.open("bob", 1, "2")).synced();
      await second.reads("begun ");
      // Whoever comes to the other node sees at once who is there.
      const seen = { user: { color: "red", id: "ann", name: "The ann" } };
      await expect.poll(() => second.others(), { timeout: waitMs }).toEqual({ "The ann": seen });
      second.type("> ", 0);
      await first.reads("> begun ");

      const writing = (async (): Promise<void> => {
        for (let index = 0; index < 60; index += 1) {
          first.type("a");
          second.type("b", 0);
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
      })();
      await expect.poll(() => second.text, { timeout: waitMs }).toContain("aaaaa");
      await desk.node(0).kill();
      desk.fronts[0]?.moveOn();
      await writing;
      await first.synced();
      await expect
        .poll(() => [first.text, second.text], { timeout: waitMs })
        .toEqual([first, second].map(() => `${"b".repeat(60)}> begun ${"a".repeat(60)}`));
      await desk.node(0).start();
      const third = await (await desk.open("bob", 0)).synced();
      expect(third.text).toBe(first.text);
      await expect
        .poll(() => Object.keys(third.others()), { timeout: waitMs })
        .toContain("The ann");
    },
    timeoutMs,
  );

  test(
    "[YJS-7] [I-19] the cursors of a node that died are gone after the half minute of Yjs",
    async () => {
      desk = await Desk.start(engine, broker);
      const first = await (await desk.open("ann", 0)).synced();
      const second = await (await desk.open("bob", 1)).synced();
      first.provider.awareness.setLocalState({ at: 1 });
      await expect
        .poll(() => Object.keys(second.others()), { timeout: waitMs })
        .toEqual(["The ann"]);
      first.provider.shouldConnect = false;
      await desk.node(0).kill();
      await expect.poll(() => second.others(), { timeout: 45_000, interval: 500 }).toEqual({});
    },
    timeoutMs,
  );
});
