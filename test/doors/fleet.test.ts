/**
 * Back ends in PHP, Python and shell at three nodes on one database and one broker, by HTTP, by files and through Redis, while one
 * node after the other is killed with -9 and comes back: what was acknowledged is there once, in order where the door promises it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Cluster, type ClusterNode, signToken } from "@parlance/testkit/cluster";
import { freePort } from "@parlance/testkit/server-process";
import { createClient } from "@redis/client";
import { afterAll, beforeAll, expect } from "vitest";
import { Caller, examples, interpreters, libraries, run, shell } from "../examples/languages.ts";
import { programPaths, requires } from "../requirements.ts";

const needs = ["postgresql", "redis", "redis-server", "php", "python3", "curl"] as const;
const slow = 240_000;
const arriveMs = 60_000;

let directory: string;
let spoolDir: string;
let redis: ChildProcess;
let redisPort: number;
let cluster: Cluster;
let key: string;
let reader: string;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
function doors(): ReturnType<typeof createClient<{}, {}, {}, 3, {}>> {
  const client = createClient({ url: `redis://127.0.0.1:${redisPort}` });
  // What fails is told by the command that does.
  client.on("error", () => {});
  return client;
}

/** On a machine that has much else to do a start may take longer than `start` waits. */
async function comeBack(one: ClusterNode): Promise<void> {
  await one.start().catch(async (error: unknown) => {
    if (one.process.isGone) throw error;
    await expect
      .poll(() => one.readiness(), { timeout: slow })
      .toMatchObject({
        status: expect.stringMatching(/ready|degraded/),
      });
  });
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "parlance-fleet-"));
  spoolDir = join(directory, "spool");
  mkdirSync(spoolDir);
  redisPort = await freePort();
  // One of its own: the channel of the example has a name that others use too.
  redis = spawn(programPaths["redis-server"], ["--port", String(redisPort), "--save", ""], {
    stdio: "ignore",
  });
  cluster = await Cluster.make({
    engine: "postgresql",
    broker: "redis",
    environment: {
      PARLANCE_SPOOL_DIR: spoolDir,
      PARLANCE_REDIS_DOOR_URL: `redis://127.0.0.1:${redisPort}`,
      PARLANCE_REDIS_DOOR_STREAMS: "orders",
      PARLANCE_REDIS_DOOR_CHANNELS: "notifications",
      PARLANCE_LOG_LEVEL: "warn",
    },
  });
  // One after the other: a busy machine has enough to do with each.
  for (const one of cluster.nodes) await comeBack(one);
  const now = Math.floor(Date.now() / 1_000);
  const claims = { sub: "service:test", scope: "admin", iat: now, exp: now + 3_600 };
  reader = signToken(claims, cluster.secret);
  const made = await cluster.rest<{ token: string }>(node(0), "POST", "/admin/keys", reader, {
    name: "shop",
    scopes: ["publish"],
  });
  key = made.token;
}, slow);
afterAll(async () => {
  await cluster?.remove();
  redis?.kill("SIGKILL");
  rmSync(directory, { recursive: true, force: true });
}, slow);

function node(number: number): ClusterNode {
  const found = cluster.nodes[number];
  if (found === undefined) throw new Error(`no node ${number}`);
  return found;
}

async function textsOf(room: string): Promise<string[]> {
  const texts: string[] = [];
  for (let after = 0; ; ) {
    const path = `/rooms/${room}/messages?after=${after}&limit=200`;
    const page = await cluster
      .rest<{ events: readonly { sequence: number; type: string; data: { text: string } }[] }>(
        node(0),
        "GET",
        path,
        reader,
      )
      .catch((error: unknown) => {
        if (String(error).includes(" 404 ")) return { events: [] };
        throw error;
      });
    if (page.events.length === 0) return texts;
    for (const { sequence, type, data } of page.events) {
      after = sequence;
      if (type === "message.created") texts.push(data.text);
    }
  }
}

/** Each node once: killed in the middle of what goes on, and there again before the next. */
async function killEach(): Promise<void> {
  for (const one of cluster.nodes) {
    await pause(300);
    await one.kill();
    await pause(200);
    await comeBack(one);
  }
}

/** Says one thing after the other until the nodes have been killed. @returns what was acknowledged. */
async function sayWhile(
  killing: Promise<void>,
  word: string,
  say: (text: string) => Promise<unknown>,
): Promise<string[]> {
  let isOver = false;
  const over = killing.finally(() => {
    isOver = true;
  });
  // Told where it is waited for.
  over.catch(() => {});
  const said: string[] = [];
  do {
    const text = `${word} ${said.length + 1}`;
    await say(text);
    said.push(text);
    await pause(50);
  } while (!isOver);
  await over;
  return said;
}

async function arriveOnce(room: string, said: readonly string[]): Promise<string[]> {
  await expect
    .poll(async () => (await textsOf(room)).length, { timeout: arriveMs, interval: 300 })
    .toBeGreaterThanOrEqual(said.length);
  const texts = await textsOf(room);
  expect(texts.toSorted()).toEqual(said.toSorted());
  return texts;
}

requires(...needs)(
  "[F-N1] [F-N2] [PE-14] PHP, Python and shell, each at another node: what returned is there once",
  async () => {
    const room = "by-http";
    const environment = (number: number) => ({
      PARLANCE_URL: node(number).url,
      PARLANCE_API_KEY: key,
      PARLANCE_SPOOL_DIR: spoolDir,
      TIMEOUT_MS: "20000",
    });
    const killing = killEach();
    const callers = libraries.map((library, n) => new Caller(library, environment(n)));
    const ways = new Set<string>();
    const said = await Promise.all([
      ...callers.map((caller, n) =>
        sayWhile(killing, `library ${n}`, async (text) => {
          const { ok, refused } = await caller.call("publish", { room, text });
          expect(refused).toBeUndefined();
          ways.add((ok as { by: string }).by);
        }),
      ),
      sayWhile(killing, "shell", async (text) => {
        const variables = { ...environment(2), ROOM: room, TEXT: text };
        const { code, err } = await shell("publish.sh", [], variables);
        expect([code, err]).toMatchObject([0, expect.any(String)]);
      }),
    ]);
    await Promise.all(callers.map((caller) => caller.close()));
    expect(ways).toContain("http");
    await arriveOnce(room, said.flat());
    const waiting = readdirSync(spoolDir).filter((name) => name.endsWith(".json"));
    expect(waiting).toEqual([]);
  },
  slow,
);

requires(...needs)(
  "[F-N1] [F-N2] [PE-14] entries of a stream are there once and in their order, whichever node reads them",
  async () => {
    const client = doors();
    await client.connect();
    const said = await sayWhile(killEach(), "entry", (text) =>
      client.xAdd("orders", "*", { room: "by-stream", text }),
    );
    expect(await arriveOnce("by-stream", said)).toEqual(said);
    await client.close();
  },
  slow,
);

requires(...needs)(
  "[PE-13] [PE-14] PUBLISH by PHP over a plain socket is taken by exactly one node, and by another when that one is killed",
  async () => {
    const client = doors();
    await client.connect();
    const listeners = async (): Promise<unknown> =>
      ((await client.sendCommand(["PUBSUB", "NUMSUB", "notifications"])) as unknown[])[1];
    const say = async (text: string): Promise<string> => {
      const { code, out, err } = await run(
        interpreters.php,
        [join(examples, "php/notify-by-redis.php"), text],
        { REDIS_HOST: "127.0.0.1", REDIS_PORT: String(redisPort), PARLANCE_SPOOL_DIR: spoolDir },
      );
      expect([code, err]).toEqual([0, ""]);
      return out.trim();
    };
    const sayAll = async (word: string): Promise<string[]> => {
      const texts = Array.from({ length: 8 }, (_, n) => `${word} ${n}`);
      for (const text of texts) expect(await say(text)).toBe("redis");
      return texts;
    };
    await expect.poll(listeners, { timeout: arriveMs, interval: 200 }).toBe(1);
    const said = await sayAll("at first");
    await arriveOnce("notifications", said);
    for (const one of cluster.nodes) {
      await one.kill();
      // Nobody, or another one, or still the same: never two.
      await expect.poll(listeners, { timeout: arriveMs, interval: 100 }).toBe(1);
      said.push(...(await sayAll(`without ${one.name}`)));
      await comeBack(one);
    }
    // Nobody listened at one time: then it goes by the spool, and is there once all the same.
    expect(await listeners()).toBe(1);
    await arriveOnce("notifications", said);
    await client.close();
  },
  slow,
);
