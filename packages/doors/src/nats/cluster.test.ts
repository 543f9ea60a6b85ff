/** The stream's door at a cluster of three servers of our own, which are killed one after the other. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect as dial } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect, headers, type NatsConnection, nanos } from "@nats-io/transport-node";
import { parseBrokerUrl } from "@parlance/broker/url";
import { freePort } from "@parlance/testkit/server-process";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ownLease, startRig } from "../../test/rig.ts";
import type { Door } from "../door.ts";
import { openNatsStream } from "./stream.ts";

const hasServer = spawnSync("nats-server", ["--version"]).status === 0;
const stream = "publications";
const patience = { timeout: 40_000, interval: 100 };

interface Server {
  readonly port: number;
  readonly file: string;
  child?: ChildProcess;
}

let directory: string;
let servers: readonly Server[] = [];
let door: Door | undefined;
let sender: NatsConnection | undefined;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "parlance-nats-cluster-"));
  const ports = await freePorts(6);
  const routes = ports.slice(3).map((port) => `"nats-route://127.0.0.1:${port}"`);
  servers = ports.slice(0, 3).map((port, index) => {
    const file = join(directory, `${index}.conf`);
    writeFileSync(
      file,
      `listen: "127.0.0.1:${port}"
       server_name: "s${index}"
       jetstream { store_dir: "${join(directory, String(index))}", max_file_store: 256MB }
       cluster { name: "three", listen: "127.0.0.1:${ports[index + 3]}", routes: [${routes.join(", ")}] }`,
    );
    return { port, file };
  });
});

afterEach(async () => {
  await door?.close();
  await sender?.close().catch(() => {});
  await Promise.all(servers.map(kill));
  [door, sender] = [undefined, undefined];
  rmSync(directory, { recursive: true, force: true });
});

async function freePorts(count: number): Promise<readonly number[]> {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await freePort());
  return [...ports];
}

async function start(server: Server): Promise<void> {
  server.child = spawn("nats-server", ["-c", server.file], { stdio: "ignore" });
  await expect.poll(() => answers(server.port), patience).toBe(true);
}

async function kill({ child }: Server): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = dial(port, "127.0.0.1");
    socket.once("error", () => resolve(false));
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
  });
}

describe.skipIf(!hasServer)("NATS of our own (absent: nats-server)", () => {
  test("[SC-12] [F-N5] while servers of a cluster die in turn, each publication is stored once, in its order", async () => {
    await Promise.all(servers.map(start));
    const hosts = servers.map(({ port }) => `127.0.0.1:${port}`);
    sender = await connect({ servers: hosts, maxReconnectAttempts: -1, reconnectTimeWait: 100 });
    const client = jetstream(sender, { timeout: 2_000 });
    const manager = await jetstreamManager(sender, { checkAPI: false, timeout: 2_000 });
    // From when the servers have chosen one that leads them.
    await expect.poll(() => manager.getAccountInfo().catch(() => undefined), patience).toBeTruthy();
    const rig = startRig();
    door = await openNatsStream({
      url: parseBrokerUrl(`nats://${hosts.join(",")}`),
      doorway: await rig.newDoorway(),
      report: rig.report,
      lease: ownLease,
      stream,
      subjects: ["publications.>"],
      durable: "parlance",
    });
    await expect.poll(() => door?.status().isOpen, patience).toBe(true);
    const { config } = await manager.streams.info(stream);
    expect(config.num_replicas).toBe(3);
    // What has no acknowledgement is delivered again much sooner.
    await manager.consumers.update(stream, "parlance", { ack_wait: nanos(1_500) });

    const texts: string[] = [];
    const publish = async (count: number): Promise<void> => {
      for (let n = 0; n < count; n += 1) {
        const text = `text ${texts.length + 1}`;
        const given = headers();
        given.set("Nats-Msg-Id", text);
        // A sender repeats what it has no answer to, with the same id.
        const sent = (): Promise<boolean> =>
          client
            .publish("publications.x", JSON.stringify({ room: "red", text }), { headers: given })
            .then(
              () => true,
              () => false,
            );
        await expect.poll(sent, patience).toBe(true);
        texts.push(text);
      }
    };
    await publish(20);
    for (const server of servers) {
      await kill(server);
      await publish(20);
      await start(server);
      await publish(5);
    }
    await expect.poll(() => rig.texts("red"), patience).toEqual(texts);
    const waiting = async (): Promise<unknown> => {
      const info = await manager.consumers.info(stream, "parlance");
      return [info.num_pending, info.num_ack_pending];
    };
    await expect.poll(waiting, patience).toEqual([0, 0]);
    expect(await rig.texts("red")).toEqual(texts);
  }, 150_000);
});
