/** Who is connected, asked of any node for all of them. */
import { type BrokerName, Cluster, type ClusterNode, signToken } from "@parlance/testkit/cluster";
import { describeWith } from "@parlance/testkit/services";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { Line, until } from "../e2e/dialects/line.ts";

const timeoutMs = 120_000;
const patience = { timeout: 30_000, interval: 100 };
const heartbeatMs = 1_000;

interface Listed {
  readonly counts: { readonly connections: number };
  readonly total: number;
  readonly connections: readonly {
    readonly connection_id: string;
    readonly node: string;
    readonly user?: string;
    readonly dialect: string;
    readonly rooms: number;
    readonly connected_ms: number;
    readonly heard_ms: number;
  }[];
  readonly silent: readonly string[];
  readonly next?: string;
}

let cluster: Cluster;
let first: ClusterNode;
let second: ClusterNode;
const lines: Line[] = [];
afterEach(() => {
  for (const line of lines.splice(0)) line.cut();
});

/** Two nodes for all tests of a group. */
function twoNodes(broker: BrokerName): void {
  beforeAll(async () => {
    cluster = await Cluster.start({
      engine: "postgresql",
      broker,
      nodes: 2,
      environment: { PARLANCE_HEARTBEAT_MS: String(heartbeatMs) },
    });
    const [one, other] = cluster.nodes;
    if (one === undefined || other === undefined) throw new Error("two nodes");
    first = one;
    second = other;
    await until(async () => {
      const { nodes } = await rest<{ nodes: unknown[] }>(first, "GET", "/admin/nodes");
      return nodes.length === 2;
    }, "two nodes that say that they live");
  }, timeoutMs);
  afterAll(() => cluster?.remove(), timeoutMs);
}

async function signIn(node: ClusterNode, user: string, room: string): Promise<Line> {
  const line = await Line.open(node.socketUrl);
  lines.push(line);
  line.send({ type: "sign_in", id: 1, token: cluster.token(user) });
  await line.until({ type: "reply", id: 1 });
  line.send({ type: "subscribe", id: 2, room });
  await line.until({ type: "reply", id: 2 });
  return line;
}

function rest<T>(node: ClusterNode, method: string, path: string): Promise<T> {
  const now = Math.floor(Date.now() / 1_000);
  const claims = { sub: "service:ops", scope: "admin", iat: now, exp: now + 3_600 };
  return cluster.rest(node, method, path, signToken(claims, cluster.secret));
}

function list(node: ClusterNode, query = ""): Promise<Listed> {
  return rest(node, "GET", `/admin/connections${query}`);
}

const usersOf = ({ connections }: Listed) => connections.map(({ user = "" }) => user).sort();

describeWith("redis", "postgresql")("on two nodes", () => {
  twoNodes("redis");

  test(
    "[MMB-24] [ASK-1] one node tells the connections of all, by node, user and room, page by page",
    async () => {
      for (const [node, user, room] of [
        [first, "ann", "general"],
        [second, "ben", "general"],
        [second, "cid", "garden"],
        [second, "ann", "garden"],
      ] as const) {
        await signIn(node, user, room);
      }
      const all = await list(first);
      expect(usersOf(all)).toEqual(["ann", "ann", "ben", "cid"]);
      expect(all).toMatchObject({ counts: { connections: 4 }, total: 4, silent: [] });
      expect(new Set(all.connections.map(({ node }) => node)).size).toBe(2);
      expect(all.connections.every(({ rooms }) => rooms === 1)).toBe(true);
      expect(usersOf(await list(second, "?user=ann"))).toEqual(["ann", "ann"]);
      expect(usersOf(await list(first, "?room=general"))).toEqual(["ann", "ben"]);
      const other = all.connections.find(({ user }) => user === "cid")?.node ?? "";
      expect(usersOf(await list(first, `?node=${other}`))).toEqual(["ann", "ben", "cid"]);

      const paged: Listed["connections"][number][] = [];
      for (let after: string | undefined = ""; after !== undefined; ) {
        const query: string = after === "" ? "?limit=1" : `?limit=1&after=${after}`;
        const page: Listed = await list(first, query);
        expect(page).toMatchObject({ total: 4 });
        paged.push(...page.connections);
        after = page.next;
      }
      const idsOf = (rows: Listed["connections"]) => rows.map((row) => row.connection_id);
      expect(idsOf(paged)).toEqual(idsOf(all.connections));
    },
    timeoutMs,
  );

  test(
    "[MMB-24] whoever only answers pings was heard from a moment ago",
    async () => {
      await signIn(first, "ann", "general");
      await expect
        .poll(async () => {
          const [row] = (await list(first)).connections;
          return row !== undefined && row.connected_ms > 3 * heartbeatMs
            ? row.heard_ms < row.connected_ms - heartbeatMs
            : undefined;
        }, patience)
        .toBe(true);
    },
    timeoutMs,
  );

  test(
    "an operator ends a connection by its id on whichever node; its client is told to stay away",
    async () => {
      const ann = await signIn(first, "ann", "general");
      const ben = await signIn(second, "ben", "general");
      const { connections } = await list(first, "?user=ben");
      const path = `/admin/connections/${connections[0]?.connection_id}`;
      await rest(first, "DELETE", path);
      await expect.poll(() => ben.closedWith, patience).toBe(4510);
      expect(ann.closedWith).toBeUndefined();
      await expect(rest(first, "DELETE", path)).rejects.toThrow("404");
      await expect(cluster.rest(first, "DELETE", path, cluster.token("ann"))).rejects.toThrow(
        "404",
      );
    },
    timeoutMs,
  );

  test(
    "[ASK-2] a node that hangs is named as silent, and is not missing when it answers again",
    async () => {
      await signIn(first, "ann", "general");
      await signIn(second, "ben", "general");
      second.pause();
      const listed = await list(first);
      expect(usersOf(listed)).toEqual(["ann"]);
      expect(listed.silent.length).toBe(1);
      second.resume();
      await expect.poll(async () => usersOf(await list(first)), patience).toEqual(["ann", "ben"]);
    },
    timeoutMs,
  );
});

describe("without a broker", () => {
  describeWith("postgresql")("on two nodes", () => {
    twoNodes("none");

    test(
      "[ASK-3] each node tells its own, and which it cannot ask",
      async () => {
        await signIn(first, "ann", "general");
        await signIn(second, "ben", "general");
        await expect.poll(async () => (await list(first)).silent.length, patience).toBe(1);
        expect(usersOf(await list(first))).toEqual(["ann"]);
        expect(usersOf(await list(second))).toEqual(["ben"]);
      },
      timeoutMs,
    );
  });
});
