import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Notice } from "@parlance/core";
import { describeWith, serviceUrl } from "@parlance/testkit/services";
import { TcpProxy } from "@parlance/testkit/tcp-proxy";
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

  test("[F-B8] a subscriber that Redis let go for being slow comes back and has its rooms repaired", async () => {
    const port = await freePort();
    await startServer(port, "--client-output-buffer-limit", "pubsub 1mb 0 0");
    const proxy = await TcpProxy.open({ host: "127.0.0.1", port });
    const a = await open("a", `redis://127.0.0.1:${port}`);
    const b = await open("b", `redis://127.0.0.1:${proxy.port}`);
    let interruptions = 0;
    b.onInterruption(() => void (interruptions += 1));
    await b.subscribe("control", () => {});
    proxy.blackHole();
    const channel = `parlance:${installId}:control`;
    // What the kernel keeps for a connection comes before what Redis keeps.
    for (let n = 0; n < 40; n += 1) await ask(port, ["PUBLISH", channel, "x".repeat(1_000_000)]);
    expect(await ask(port, ["PUBSUB", "NUMSUB", channel])).toEqual([channel, 0]);
    await proxy.pass();
    await expect.poll(() => interruptions, { timeout: 15_000 }).toBe(1);
    await areJoined(a, b);
    await proxy.close();
  });

  test("user and password, with no more rights than the document names", async () => {
    const port = await freePort();
    await startServer(
      port,
      "--user",
      "ada",
      "on",
      ">s3 cret/",
      "&parlance:*",
      "+publish",
      "+subscribe",
      "+unsubscribe",
      "+ping",
      "--user",
      "default",
      "on",
      "nopass",
      "~*",
      "&*",
      "+@all",
    );
    const url = `redis://ada:${encodeURIComponent("s3 cret/")}@127.0.0.1:${port}`;
    const [a, b] = [await open("a", url), await open("b", url)];
    await areJoined(a, b);
    const stranger = await open("c", `redis://ada:wrong@127.0.0.1:${port}`);
    expect(stranger.isConnected()).toBe(false);
  });

  test("[SC-12] any node of a cluster joins, also when one of them is dead", async () => {
    const ports = [await freePort(), await freePort(), await freePort()];
    const [one = 0, two = 0, three = 0] = ports;
    const servers: ChildProcess[] = [];
    for (const [index, port] of ports.entries()) {
      // The bus of a cluster is on a port of its own.
      const bus = String(await freePort());
      const file = join(directory, `nodes-${port}.conf`);
      const nodes = ["--cluster-config-file", file, "--cluster-node-timeout", "1000"];
      servers.push(
        await startServer(port, "--cluster-enabled", "yes", ...nodes, "--cluster-port", bus),
      );
      if (index > 0) await ask(one, ["CLUSTER", "MEET", "127.0.0.1", String(port), bus]);
      const slots = [String(index * 5_462), String(Math.min(index * 5_462 + 5_461, 16_383))];
      await ask(port, ["CLUSTER", "ADDSLOTSRANGE", ...slots]);
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
    const c = await open("c", `redis-cluster://127.0.0.1:${three},127.0.0.1:${one}`);
    await areJoined(c, a);
    await end(servers[2] as ChildProcess);
    // Its keys are nowhere now; what is published has none.
    await expect
      .poll(async () => String(await ask(one, ["CLUSTER", "INFO"])), { timeout: 15_000 })
      .toContain("cluster_state:fail");
    await expect.poll(() => c.isConnected(), { timeout: 15_000 }).toBe(true);
    for (const [from, to] of [
      [a, b],
      [b, c],
      [c, a],
    ] as const) {
      await areJoined(from, to);
    }
  }, 60_000);

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
