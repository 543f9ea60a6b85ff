import type { Broker, Notice, PresenceBoard, PresenceList, PutList } from "@parlance/core";
import type { RoomId, UserId, WireUser } from "@parlance/protocol";
import { afterEach, describe, expect, test } from "vitest";
import { createMemoryBroker, MemoryHub } from "../memory/index.ts";
import { withPresenceBoard } from "./index.ts";

const room = "room" as RoomId;
const patience = { timeout: 6_000 };
const closes: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closes.splice(0)) await close();
});

/** As the tables of a database keep it (those are tested with the engines). */
class SharedBoard {
  #place = 0;
  readonly #lists = new Map<string, PutList & { readonly at: number }>();
  isAway = false;
  puts = 0;

  get size(): number {
    return this.#lists.size;
  }

  readonly port: PresenceBoard = {
    put: async (lists: readonly PresenceList[]) =>
      this.#answer(() => {
        this.puts += 1;
        this.#place += 1;
        for (const list of lists) {
          const kept = { ...list, place: this.#place, at: performance.now() };
          this.#lists.set(`${list.node} ${list.room}`, kept);
        }
      }),
    since: async (node, from) =>
      this.#answer(() =>
        [...this.#lists.values()]
          .filter((list) => list.node !== node)
          .filter(({ place, at }) =>
            "place" in from ? place > from.place : at > performance.now() - from.ageMs,
          )
          .sort((a, b) => a.place - b.place),
      ),
    inRooms: async (node, rooms, ageMs) =>
      this.#answer(() =>
        [...this.#lists.values()].filter(
          (list) =>
            list.node !== node && rooms.includes(list.room) && list.at > performance.now() - ageMs,
        ),
      ),
    takeBack: async (node) =>
      this.#answer(() => {
        for (const [key, list] of this.#lists) if (list.node === node) this.#lists.delete(key);
      }),
  };

  #answer<T>(answer: () => T): T {
    if (this.isAway) throw new Error("the database is away");
    return answer();
  }
}

/** A node as core behaves: it says whom it has when it is asked and when that changes. */
class TestNode {
  readonly heard = new Map<string, readonly string[]>();
  readonly broker: Broker;
  isCutOff = false;
  #users: readonly string[];
  readonly #name: string;

  private constructor(name: string, hub: MemoryHub, board: SharedBoard, users: readonly string[]) {
    this.#name = name;
    this.#users = users;
    const inner = createMemoryBroker(hub);
    // Cut off: what it publishes goes nowhere, and nothing reaches it.
    const line: Broker = {
      publish: (subject, notice) => {
        if (!this.isCutOff) inner.publish(subject, notice);
      },
      subscribe: (subject, listener) =>
        inner.subscribe(subject, (notice) => {
          if (!this.isCutOff) listener(notice);
        }),
      onInterruption: () => {},
      carries: true,
      isConnected: () => !this.isCutOff,
      close: () => inner.close(),
    };
    this.broker = withPresenceBoard(line, {
      nodeId: name,
      board: () => board.port,
      report: () => {},
      carries: () => line.isConnected(),
    });
    closes.push(() => this.broker.close());
  }

  static async start(
    name: string,
    hub: MemoryHub,
    board: SharedBoard,
    options: { readonly users: readonly string[]; readonly isCutOff?: boolean },
  ): Promise<TestNode> {
    const node = new TestNode(name, hub, board, options.users);
    node.isCutOff = options.isCutOff ?? false;
    await node.broker.subscribe(room, (notice) => node.#hear(notice));
    node.broker.publish(room, { type: "who" });
    node.say();
    return node;
  }

  #hear(notice: Notice): void {
    if (notice.type === "who") this.say();
    if (notice.type === "present") {
      this.heard.set(
        notice.node,
        notice.users.map(({ name }) => name),
      );
    }
  }

  say(users: readonly string[] = this.#users): void {
    this.#users = users;
    this.broker.publish(room, {
      type: "present",
      node: this.#name,
      users: users.map((name): WireUser => ({ id: name as UserId, name, kind: "external" })),
    });
  }
}

describe("presence while the broker does not carry it", () => {
  test("[I-19] [F-B1] nodes without a broker from the start know of each other's people", async () => {
    const [hub, board] = [new MemoryHub(), new SharedBoard()];
    const a = await TestNode.start("a", hub, board, { users: ["ann"], isCutOff: true });
    await expect.poll(() => board.size, patience).toBe(1);
    const b = await TestNode.start("b", hub, board, { users: ["bob"], isCutOff: true });
    await expect.poll(() => [...b.heard], patience).toEqual([["a", ["ann"]]]);
    await expect.poll(() => [...a.heard], patience).toEqual([["b", ["bob"]]]);
    b.say([]);
    await expect.poll(() => a.heard.get("b"), patience).toEqual([]);
  });

  test("[I-19] [F-B3] one node that is cut off hears those that are not, and they hear it", async () => {
    const [hub, board] = [new MemoryHub(), new SharedBoard()];
    const a = await TestNode.start("a", hub, board, { users: ["ann"] });
    const c = await TestNode.start("c", hub, board, { users: ["cat"] });
    const b = await TestNode.start("b", hub, board, { users: ["bob"] });
    await expect.poll(() => [...b.heard.keys()].sort()).toEqual(["a", "c"]);
    b.isCutOff = true;
    b.say(["bob", "ben"]);
    await expect.poll(() => a.heard.get("b"), patience).toEqual(["bob", "ben"]);
    await expect.poll(() => c.heard.get("b"), patience).toEqual(["bob", "ben"]);
    a.say(["ann", "amy"]);
    await expect.poll(() => b.heard.get("a"), patience).toEqual(["ann", "amy"]);
  });

  test("with every broker up nothing is put; after an outage a node takes back what it put", async () => {
    const [hub, board] = [new MemoryHub(), new SharedBoard()];
    const a = await TestNode.start("a", hub, board, { users: ["ann"] });
    a.say();
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(board.puts).toBe(0);
    a.isCutOff = true;
    await expect.poll(() => board.size, patience).toBe(1);
    a.isCutOff = false;
    await expect.poll(() => board.size, patience).toBe(0);
  });

  test("[F-D1] what could not be put while the database was away is put when it is back, the newest", async () => {
    const [hub, board] = [new MemoryHub(), new SharedBoard()];
    const a = await TestNode.start("a", hub, board, { users: ["ann"], isCutOff: true });
    const b = await TestNode.start("b", hub, board, { users: ["bob"], isCutOff: true });
    await expect.poll(() => b.heard.get("a"), patience).toEqual(["ann"]);
    board.isAway = true;
    a.say(["ann", "amy"]);
    await new Promise((resolve) => setTimeout(resolve, 300));
    a.say(["amy"]);
    await new Promise((resolve) => setTimeout(resolve, 1_300));
    board.isAway = false;
    await expect.poll(() => b.heard.get("a"), patience).toEqual(["amy"]);
  });

  test("a node that stops says so before it is gone", async () => {
    const [hub, board] = [new MemoryHub(), new SharedBoard()];
    const a = await TestNode.start("a", hub, board, { users: ["ann"], isCutOff: true });
    const b = await TestNode.start("b", hub, board, { users: ["bob"], isCutOff: true });
    await expect.poll(() => b.heard.get("a"), patience).toEqual(["ann"]);
    a.say([]);
    await a.broker.close();
    await expect.poll(() => b.heard.get("a"), patience).toEqual([]);
  });
});
