import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createIpcHub } from "@parlance/broker/ipc";
import type { Broker, Notice } from "@parlance/core";
import { describeWith, type ServiceName, serviceUrl } from "@parlance/testkit/services";
import { TcpProxy } from "@parlance/testkit/tcp-proxy";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openBroker } from "./broker.ts";
import { loadConfig } from "./config/load.ts";
import { nodeSettings } from "./node-settings.ts";
import { startServer } from "./start.ts";

let directory: string;
const closes: (() => Promise<unknown>)[] = [];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "broker-"));
});
afterEach(async () => {
  for (const close of closes.splice(0).toReversed()) await close();
  await rm(directory, { recursive: true, force: true });
});

async function open(url: string, nodeId: string): Promise<Broker> {
  const installId = `server-${process.pid}-${directory}`;
  const broker = await openBroker(
    { broker_url: url },
    {
      installId,
      nodeId,
      report: () => {},
      board: () => undefined,
    },
  );
  closes.push(() => broker.close());
  return broker;
}

async function expectJoined(url: string): Promise<void> {
  const [a, b] = [await open(url, "a"), await open(url, "b")];
  const heard: Notice[] = [];
  await b.subscribe("control", (notice) => heard.push(notice));
  a.publish("control", { type: "control", head: 1 });
  await expect.poll(() => heard).toEqual([{ type: "control", head: 1 }]);
}

describe("the broker that the configuration names", () => {
  for (const name of ["redis", "rabbitmq", "nats"] as const satisfies readonly ServiceName[]) {
    describeWith(name)(`on ${name}`, () => {
      test("joins two nodes", () => expectJoined(serviceUrl(name)));
    });
  }

  test("ipc: joins two nodes", async () => {
    const path = join(directory, "hub");
    const hub = await createIpcHub(path);
    closes.push(() => hub.close());
    await expectJoined(`ipc:${path}`);
  });

  test("memory: and none: are for a node by itself", async () => {
    for (const url of ["memory:", "none:"]) {
      const [a, b] = [await open(url, "a"), await open(url, "b")];
      const heard: Notice[] = [];
      await b.subscribe("control", (notice) => heard.push(notice));
      a.publish("control", { type: "control", head: 1 });
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(heard).toEqual([]);
      expect(a.isConnected()).toBe(true);
    }
  });
});

test("poll_ms reaches the node", () => {
  const { config } = loadConfig({ flags: { poll_ms: "200" }, environment: {}, directory });
  expect(nodeSettings(config).pollMs).toBe(200);
  expect(() => loadConfig({ flags: { poll_ms: "199" }, environment: {}, directory })).toThrow(
    "200-60000",
  );
});

describeWith("redis")("a server on Redis", () => {
  test("[F-B1] starts with its broker dead, says that it is degraded, and is whole when it comes", async () => {
    const { hostname, port } = new URL(serviceUrl("redis"));
    const proxy = await TcpProxy.open({ host: hostname, port: Number(port || "6379") });
    closes.push(() => proxy.close());
    await proxy.refuse();
    const { config } = loadConfig({
      flags: { port: "0", log_level: "silent", broker_url: `redis://127.0.0.1:${proxy.port}` },
      environment: {},
      directory,
    });
    const startedAt = performance.now();
    const server = await startServer(config);
    closes.push(() => server.close(0));
    expect(performance.now() - startedAt).toBeLessThan(6_000);
    const ready = async (): Promise<unknown> => {
      const answer = await fetch(`${server.url}/ready`);
      return { status: answer.status, body: await answer.json() };
    };
    expect(await ready()).toMatchObject({
      status: 200,
      body: { status: "degraded", components: { database: "ok", broker: "down" } },
    });
    await proxy.pass();
    await expect
      .poll(ready, { timeout: 5_000 })
      .toMatchObject({ status: 200, body: { status: "ready", components: { broker: "ok" } } });
  });
});
