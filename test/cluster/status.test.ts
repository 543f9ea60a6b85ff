/** What people say of themselves, seen from another node, and what is left of it when its node is killed. */
import { type BrokerName, Cluster, type ClusterNode } from "@parlance/testkit/cluster";
import { describeWith } from "@parlance/testkit/services";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type Frame, Line, until } from "../e2e/dialects/line.ts";

const timeoutMs = 120_000;
const room = "status-room";

let cluster: Cluster;
let first: ClusterNode;
let second: ClusterNode;
const lines: Line[] = [];
let nextId = 100;

async function ask(line: Line, command: Frame): Promise<Frame> {
  nextId += 1;
  const id = nextId;
  line.send({ ...command, id });
  await line.until({ type: "reply", id });
  return line.frames.find((frame) => frame["id"] === id)?.["result"] as Frame;
}

async function come(node: ClusterNode, user: string, device: string): Promise<Line> {
  const line = await Line.open(node.socketUrl);
  lines.push(line);
  await ask(line, { type: "sign_in", token: cluster.token(user), device_id: device });
  await ask(line, { type: "join", room });
  await ask(line, { type: "subscribe", room, presence: true });
  return line;
}

interface Seen {
  readonly id: string;
  readonly state?: string;
  readonly status?: { readonly text?: string };
}
async function seen(line: Line, user: string): Promise<Seen | undefined> {
  const { users } = (await ask(line, { type: "presence", room })) as unknown as { users: Seen[] };
  return users.find(({ id }) => id === user);
}
const set = (line: Line, changes: object) => ask(line, { type: "set_profile", changes });

/** Two nodes for all tests of a group. */
function twoNodes(broker: BrokerName): void {
  beforeAll(async () => {
    cluster = await Cluster.start({ engine: "postgresql", broker, nodes: 2 });
    const [one, other] = cluster.nodes;
    if (one === undefined || other === undefined) throw new Error("two nodes");
    first = one;
    second = other;
    const line = await Line.open(first.socketUrl);
    lines.push(line);
    await ask(line, { type: "sign_in", token: cluster.token("maker") });
    await ask(line, { type: "create_room", room, kind: "public", title: "Status" });
  }, timeoutMs);
  afterEach(() => {
    for (const line of lines.splice(0)) line.cut();
  });
  afterAll(() => cluster?.remove(), timeoutMs);
}

describeWith("postgresql")("on two nodes without a broker", () => {
  twoNodes("none");

  test(
    "a status reaches the other node by the database, and so does that its owner is not to be seen",
    async () => {
      const ann = await come(first, "ann", "phone");
      const bob = await come(second, "bob", "desk");
      await set(ann, { availability: "dnd", status: { text: "cooking" } });
      await until(async () => (await seen(bob, "ann"))?.state === "dnd", "the status over there");
      expect(await seen(bob, "ann")).toMatchObject({ status: { text: "cooking" } });
      await set(ann, { availability: "invisible" });
      await until(async () => (await seen(bob, "ann")) === undefined, "ann is gone there");
    },
    timeoutMs,
  );
});

describeWith("redis", "postgresql")("on two nodes", () => {
  twoNodes("redis");

  test(
    "a status is told on the other node as an event, and is there for whoever comes later",
    async () => {
      const ann = await come(first, "ann", "phone");
      const bob = await come(second, "bob", "desk");
      await until(async () => (await seen(bob, "ann")) !== undefined, "ann on the other node");
      await set(ann, { availability: "dnd", status: { emoji: "🍲", text: "cooking" } });
      const told = (): boolean =>
        bob.frames.some(
          ({ type, changed }) =>
            type === "presence" && JSON.stringify(changed ?? []).includes('"text":"cooking"'),
        );
      await until(told, "an event that says what changed");
      const cat = await come(second, "cat", "desk");
      expect(await seen(cat, "ann")).toMatchObject({ state: "dnd", status: { text: "cooking" } });
      await set(ann, { availability: null, status: null });
    },
    timeoutMs,
  );

  test(
    "[I-19] who becomes invisible goes on both nodes, wherever their windows are, and does not flicker on coming back",
    async () => {
      const phone = await come(first, "dee", "phone");
      await come(second, "dee", "desk");
      const bob = await come(second, "bob", "desk");
      const eve = await come(first, "eve", "desk");
      await until(async () => (await seen(eve, "dee")) !== undefined, "dee on her own node");
      await set(phone, { availability: "invisible" });
      await until(async () => (await seen(bob, "dee")) === undefined, "dee is gone there");
      await until(async () => (await seen(eve, "dee")) === undefined, "dee is gone here");
      const places = [bob.frames.length, eve.frames.length];
      const again = await come(first, "dee", "tablet");
      // Something that is told after it, to know that all before it has come.
      await set(eve, { status: { text: "after" } });
      await until(
        async () => (await seen(bob, "eve"))?.status?.text === "after",
        "what came after",
      );
      const since = (line: Line, from = 0): string =>
        JSON.stringify(line.frames.slice(from).filter(({ type }) => type === "presence"));
      expect(since(bob, places[0])).not.toContain('"dee"');
      expect(since(eve, places[1])).not.toContain('"dee"');
      expect(await ask(bob, { type: "get_profile", user: "dee" })).toMatchObject({
        person: { state: "offline" },
      });
      await set(again, { availability: null });
      await until(async () => (await seen(bob, "dee")) !== undefined, "dee is there again");
    },
    timeoutMs,
  );

  test(
    "[I-19] [F-N1] a status does not stick to a node that is killed, and comes back with its owner",
    async () => {
      const bob = await come(second, "bob", "desk");
      const ann = await come(first, "ann", "phone");
      await set(ann, { availability: "dnd", status: { text: "under way" } });
      await until(async () => (await seen(bob, "ann"))?.state === "dnd", "the status over there");
      await first.kill();
      await until(async () => (await seen(bob, "ann")) === undefined, "ann is gone with her node");
      const back = await come(second, "ann", "phone");
      expect(await seen(back, "ann")).toMatchObject({
        state: "dnd",
        status: { text: "under way" },
      });
      await until(
        async () => (await seen(bob, "ann"))?.state === "dnd",
        "what she chose has stayed",
      );
      await first.start();
      const other = await come(first, "fay", "phone");
      await until(
        async () => (await seen(other, "ann"))?.state === "dnd",
        "the new node knows too",
      );
    },
    timeoutMs,
  );
});
