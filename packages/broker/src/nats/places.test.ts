import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Notice, Subject } from "@parlance/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { LineBroker } from "../line/broker.ts";
import { createNatsBroker } from "./index.ts";

const hasServer = spawnSync("nats-server", ["--version"]).status === 0;

let directory: string;
let installId: string;
let opened: LineBroker[] = [];
let processes: ChildProcess[] = [];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "parlance-nats-"));
  installId = `places-${process.pid}-${Math.random().toString(36).slice(2)}`;
});
afterEach(async () => {
  await Promise.all(opened.map((broker) => broker.close()));
  await Promise.all(processes.map(end));
  [opened, processes] = [[], []];
  await rm(directory, { recursive: true, force: true });
});

async function open(nodeId: string, url: string): Promise<LineBroker> {
  const broker = await createNatsBroker({ url, installId, nodeId, report: () => {} });
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

async function startServer(port: number, configuration: string): Promise<ChildProcess> {
  const file = join(directory, `nats-${port}.conf`);
  await writeFile(file, `listen: "127.0.0.1:${port}"\n${configuration}`);
  const child = spawn("nats-server", ["-c", file], { stdio: "ignore" });
  processes.push(child);
  await expect.poll(() => answers(port), { timeout: 10_000 }).toBe(true);
  return child;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("error", () => resolve(false));
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await exited;
}

async function areJoined(one: LineBroker, other: LineBroker): Promise<void> {
  const heard: Notice[] = [];
  await other.subscribe("control", (notice) => heard.push(notice));
  one.publish("control", { type: "control", head: 1 });
  await expect.poll(() => heard.length).toBe(1);
}

/** As `areJoined`, where servers tell each other a moment later who listens. */
async function becomeJoined(one: LineBroker, other: LineBroker): Promise<void> {
  const heard: Notice[] = [];
  const stop = await other.subscribe("control", (notice) => heard.push(notice));
  const tell = (): boolean => {
    one.publish("control", { type: "control", head: 1 });
    return heard.length > 0;
  };
  await expect.poll(tell, { timeout: 20_000, interval: 50 }).toBe(true);
  stop();
}

describe.skipIf(!hasServer)("NATS of our own (absent: nats-server)", () => {
  test("[F-B2] a server that was killed and started again is found again", async () => {
    const port = await freePort();
    const server = await startServer(port, "");
    const url = `nats://127.0.0.1:${port}`;
    const [a, b] = [await open("a", url), await open("b", url)];
    await areJoined(a, b);
    await end(server);
    await expect.poll(() => a.isConnected() || b.isConnected()).toBe(false);
    await startServer(port, "");
    await expect.poll(() => a.isConnected() && b.isConnected(), { timeout: 5_000 }).toBe(true);
    await areJoined(a, b);
  });

  test("[SC-12] of a cluster of three any two may die, one after the other, and all are joined again", async () => {
    const ports = [await freePort(), await freePort(), await freePort()] as const;
    const routes = [await freePort(), await freePort(), await freePort()];
    const start = (index: number): Promise<ChildProcess> =>
      startServer(
        ports[index] ?? 0,
        `server_name: "s${index}"
         cluster { name: "three", listen: "127.0.0.1:${routes[index]}",
           routes: [${routes.map((port) => `"nats-route://127.0.0.1:${port}"`).join(", ")}] }`,
      );
    const servers = [await start(0), await start(1), await start(2)];
    const [one, two, three] = ports.map((port) => `127.0.0.1:${port}`);
    const a = await open("a", `nats://${one},${two},${three}`);
    const b = await open("b", `nats://${two},${three},${one}`);
    const c = await open("c", `nats://${three},${one},${two}`);
    const interrupted = { a: 0, b: 0, c: 0 };
    a.onInterruption(() => void (interrupted.a += 1));
    b.onInterruption(() => void (interrupted.b += 1));
    c.onInterruption(() => void (interrupted.c += 1));
    const allJoined = async (): Promise<void> => {
      for (const [from, to] of [
        [a, b],
        [b, c],
        [c, a],
        [b, a],
      ] as const)
        await becomeJoined(from, to);
    };
    await allJoined();
    await end(servers[1] as ChildProcess);
    await expect.poll(() => interrupted.b, { timeout: 15_000 }).toBe(1);
    await allJoined();
    expect(interrupted).toEqual({ a: 0, b: 1, c: 0 });
    await end(servers[2] as ChildProcess);
    await expect.poll(() => [interrupted.b, interrupted.c], { timeout: 15_000 }).toEqual([2, 1]);
    await allJoined();
    await start(1);
    await end(servers[0] as ChildProcess);
    await expect.poll(() => interrupted, { timeout: 15_000 }).toEqual({ a: 1, b: 3, c: 2 });
    await allJoined();
  }, 90_000);

  test("user and password, with no more rights than the document names", async () => {
    const port = await freePort();
    await startServer(
      port,
      `authorization { users = [{ user: ada, password: "s3 cret/", permissions: {
         publish: "parlance.${installId}.>", subscribe: "parlance.${installId}.>" } }] }`,
    );
    const url = `nats://ada:${encodeURIComponent("s3 cret/")}@127.0.0.1:1,127.0.0.1:${port}`;
    const [a, b] = [await open("a", url), await open("b", url)];
    await areJoined(a, b);
    expect((await open("c", `nats://ada:wrong@127.0.0.1:${port}`)).isConnected()).toBe(false);
  });

  test("a token", async () => {
    const port = await freePort();
    await startServer(port, 'authorization { token: "a-token" }');
    const url = `nats://a-token@127.0.0.1:${port}`;
    await areJoined(await open("a", url), await open("b", url));
    expect((await open("c", `nats://other@127.0.0.1:${port}`)).isConnected()).toBe(false);
  });

  test("a subscription that is refused is an outage, not an end", async () => {
    const port = await freePort();
    await startServer(
      port,
      `authorization { users = [{ user: ada, password: b, permissions: {
         publish: "parlance.>", subscribe: "other.>" } }] }`,
    );
    const a = await open("a", `nats://ada:b@127.0.0.1:${port}`);
    await a.subscribe("control", () => {});
    await expect.poll(() => a.isConnected()).toBe(false);
    a.publish("control", { type: "control", head: 1 });
  });

  test("what is longer than the server takes travels in parts", async () => {
    const port = await freePort();
    await startServer(port, "max_payload: 20000");
    const url = `nats://127.0.0.1:${port}`;
    const [a, b] = [await open("a", url), await open("b", url)];
    const heard: Notice[] = [];
    await b.subscribe("r1" as Subject, (notice) => heard.push(notice));
    const users = Array.from({ length: 5_000 }, (_, n) => ({
      id: `user-${n}`,
      name: "Somebody ✓",
      kind: "guest",
    }));
    const notice = { type: "present", node: "a", users } as unknown as Notice;
    a.publish("r1" as Subject, notice);
    await expect.poll(() => heard.length).toBe(1);
    expect(heard).toEqual([notice]);
    expect(a.counts().connects).toBe(1);
  });
});
