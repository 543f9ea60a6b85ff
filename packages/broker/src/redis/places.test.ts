import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Notice } from "@parlance/core";
import { describeWith, serviceUrl } from "@parlance/testkit/services";
import { createClient } from "@redis/client";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { LineBroker } from "../line/broker.ts";
import { createRedisBroker } from "./index.ts";

const hasServer = spawnSync("redis-server", ["--version"]).status === 0;

let directory: string;
let installId: string;
let opened: LineBroker[] = [];
let processes: ChildProcess[] = [];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "parlance-redis-"));
  installId = `places-${process.pid}-${Math.random().toString(36).slice(2)}`;
});
afterEach(async () => {
  await Promise.all(opened.map((broker) => broker.close()));
  await Promise.all(processes.map(end));
  [opened, processes] = [[], []];
  await rm(directory, { recursive: true, force: true });
});

async function open(nodeId: string, url: string): Promise<LineBroker> {
  const broker = await createRedisBroker({ url, installId, nodeId, report: () => {} });
  opened.push(broker);
  return broker;
}

function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

async function startServer(port: number, ...args: readonly string[]): Promise<ChildProcess> {
  const always = ["--port", String(port), "--bind", "127.0.0.1", "--dir", directory];
  const child = spawn("redis-server", [...args, ...always, "--save", ""], { stdio: "ignore" });
  processes.push(child);
  await expect
    .poll(() => ask(port, ["PING"]).catch(() => undefined), { timeout: 10_000 })
    .toBeTruthy();
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await exited;
}

async function ask(port: number, command: readonly string[]): Promise<unknown> {
  const client = createClient({ socket: { host: "127.0.0.1", port, reconnectStrategy: false } });
  client.on("error", () => {});
  await client.connect();
  try {
    return await client.sendCommand([...command]);
  } finally {
    client.destroy();
  }
}

async function areJoined(one: LineBroker, other: LineBroker): Promise<void> {
  const heard: Notice[] = [];
  await other.subscribe("control", (notice) => heard.push(notice));
  await expect
    .poll(
      () => {
        one.publish("control", { type: "control", head: 1 });
        return heard.length > 0;
      },
      { timeout: 20_000, interval: 50 },
    )
    .toBe(true);
}

describeWith("redis")("on Redis", () => {
  test("[F-B8] a subscriber that Redis let go for being slow comes back and has its rooms repaired", async () => {
    const { href, port } = new URL(serviceUrl("redis"));
    const [a, b] = [await open("a", href), await open("b", href)];
    let interruptions = 0;
    b.onInterruption(() => void (interruptions += 1));
    await b.subscribe("control", () => {});
    const list = String(await ask(Number(port), ["CLIENT", "LIST", "TYPE", "pubsub"]));
    // Of this test's two brokers only one listens to something; other tests' connections are not ours to end.
    const [channel] = (await ask(Number(port), [
      "PUBSUB",
      "CHANNELS",
      `parlance:${installId}:*`,
    ])) as string[];
    expect(channel).toBe(`parlance:${installId}:control`);
    expect(list).toContain("sub=1");
    await endSubscriberOf(b, Number(port));
    await expect.poll(() => interruptions, { timeout: 10_000 }).toBe(1);
    await areJoined(a, b);
  });

  test("of several hosts the next is tried when one is dead", async () => {
    const { host } = new URL(serviceUrl("redis"));
    const [a, b] = [
      await open("a", `redis://127.0.0.1:1,127.0.0.1:2,${host}`),
      await open("b", `redis://${host},127.0.0.1:1`),
    ];
    expect(a.isConnected()).toBe(true);
    await areJoined(a, b);
  });
});

/** Ends the connection by its socket, seen from the server: the newest that subscribed to something. */
async function endSubscriberOf(broker: LineBroker, port: number): Promise<void> {
  const before = broker.counts().connects;
  const rows = String(await ask(port, ["CLIENT", "LIST", "TYPE", "pubsub"])).trim().split("\n");
  const own = rows.filter((row) => row.includes(`name=parlance:${"b"}:${installId}`));
  expect(own).toHaveLength(1);
  const id = /id=(\d+)/.exec(own[0] ?? "")?.[1] ?? "";
  await ask(port, ["CLIENT", "KILL", "ID", id]);
  await expect.poll(() => broker.counts().connects, { timeout: 10_000 }).toBe(before + 1);
}

describe.skipIf(!hasServer)("Redis of our own (absent: redis-server)", () => {
  test("[F-B2] a server that was killed and started again is found again", async () => {
    const port = await freePort();
    const server = await startServer(port);
    const url = `redis://127.0.0.1:${port}`;
    const [a, b] = [await open("a", url), await open("b", url)];
    await areJoined(a, b);
    await end(server);
    await expect.poll(() => a.isConnected() || b.isConnected()).toBe(false);
    await startServer(port);
    await expect.poll(() => a.isConnected() && b.isConnected(), { timeout: 5_000 }).toBe(true);
    await areJoined(a, b);
  });

  test("user and password", async () => {
    const port = await freePort();
    await startServer(port, "--user", "ada", "on", ">s3 cret/", "&parlance:*", "+@pubsub", "+ping", "+client", "+hello", "--user", "default", "on", "nopass", "~*", "&*", "+@all");
    const url = `redis://ada:${encodeURIComponent("s3 cret/")}@127.0.0.1:${port}`;
    const [a, b] = [await open("a", url), await open("b", url)];
    await areJoined(a, b);
    const stranger = await open("c", `redis://ada:wrong@127.0.0.1:${port}`);
    expect(stranger.isConnected()).toBe(false);
  });

  test("any node of a cluster joins", async () => {
    const [one, two] = [await freePort(), await freePort()];
    for (const port of [one, two]) {
      // The bus of a cluster is on a port of its own.
      const bus = String(await freePort());
      const file = join(directory, `nodes-${port}.conf`);
      await startServer(port, "--cluster-enabled", "yes", "--cluster-config-file", file, "--cluster-port", bus);
      if (port === two) await ask(one, ["CLUSTER", "MEET", "127.0.0.1", String(two), bus]);
      await ask(port, ["CLUSTER", "ADDSLOTSRANGE", ...(port === one ? ["0", "8191"] : ["8192", "16383"])]);
    }
    await expect
      .poll(async () => String(await ask(one, ["CLUSTER", "INFO"])), { timeout: 15_000 })
      .toContain("cluster_state:ok");
    const [a, b] = [
      await open("a", `redis-cluster://127.0.0.1:${one}`),
      await open("b", `redis-cluster://127.0.0.1:1,127.0.0.1:${two}`),
    ];
    await areJoined(a, b);
    await areJoined(b, a);
  });

  test("sentinels are asked for the primary, and again after it failed over", async () => {
    const [first, second, sentinel] = [await freePort(), await freePort(), await freePort()];
    const primary = await startServer(first);
    await startServer(second, "--replicaof", "127.0.0.1", String(first));
    const file = join(directory, "sentinel.conf");
    await writeFile(
      file,
      `sentinel monitor main 127.0.0.1 ${first} 1\nsentinel down-after-milliseconds main 500\nsentinel failover-timeout main 3000\n`,
    );
    await startServer(sentinel, file, "--sentinel");
    const url = `redis-sentinel://127.0.0.1:1,127.0.0.1:${sentinel}/main`;
    const [a, b] = [await open("a", url), await open("b", url)];
    await areJoined(a, b);
    await expect
      .poll(async () => String(await ask(sentinel, ["INFO", "sentinel"])), { timeout: 15_000 })
      .toContain("slaves=1");
    await end(primary);
    await expect.poll(() => a.isConnected() && b.isConnected(), { timeout: 20_000 }).toBe(true);
    await areJoined(a, b);
    await expect(ask(first, ["PING"])).rejects.toThrow();
  }, 60_000);
});
