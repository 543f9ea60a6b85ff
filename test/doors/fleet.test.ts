/**
 * Back ends in PHP, Python and shell at three nodes on one database and one broker, by HTTP, by files and by Redis `PUBLISH`, while one
 * node after the other is killed with -9 and comes back: what was acknowledged is there once.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "@parlance/testkit/server-process";
import { createClient } from "@redis/client";
import { afterAll, beforeAll, expect } from "vitest";
import { Caller, examples, interpreters, libraries, run, shell } from "../examples/languages.ts";
import { programPaths, requires } from "../requirements.ts";
import { comeBack, Fleet, sayWhile, slowMs } from "./fleet-scene.ts";

const needs = ["postgresql", "redis", "redis-server", "php", "python3", "curl"] as const;
const listenMs = 60_000;

let directory: string;
let spoolDir: string;
let redis: ChildProcess;
let redisPort: number;
let fleet: Fleet;
let key: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "parlance-fleet-"));
  spoolDir = join(directory, "spool");
  mkdirSync(spoolDir);
  redisPort = await freePort();
  // One of its own: the channel of the example has a name that others use too.
  redis = spawn(programPaths["redis-server"], ["--port", String(redisPort), "--save", ""], {
    stdio: "ignore",
  });
  fleet = await Fleet.start({
    engine: "postgresql",
    broker: "redis",
    environment: {
      PARLANCE_SPOOL_DIR: spoolDir,
      PARLANCE_REDIS_DOOR_URL: `redis://127.0.0.1:${redisPort}`,
      PARLANCE_REDIS_DOOR_CHANNELS: "notifications",
    },
  });
  key = await fleet.newKey();
}, slowMs);
afterAll(async () => {
  await fleet?.remove();
  redis?.kill("SIGKILL");
  rmSync(directory, { recursive: true, force: true });
}, slowMs);

requires(...needs)(
  "[F-N1] [F-N2] [PE-14] PHP, Python and shell, each at another node: what returned is there once",
  async () => {
    const room = "by-http";
    const environment = (number: number) => ({
      PARLANCE_URL: fleet.node(number).url,
      PARLANCE_API_KEY: key,
      PARLANCE_SPOOL_DIR: spoolDir,
      TIMEOUT_MS: "20000",
    });
    const killing = fleet.killEach();
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
    await fleet.arriveOnce(room, said.flat());
    const waiting = readdirSync(spoolDir).filter((name) => name.endsWith(".json"));
    expect(waiting).toEqual([]);
  },
  slowMs,
);

requires(...needs)(
  "[PE-13] [PE-14] PUBLISH by PHP over a plain socket is taken by exactly one node, and by another when that one is killed",
  async () => {
    const client = createClient({ url: `redis://127.0.0.1:${redisPort}` });
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
    await expect.poll(listeners, { timeout: listenMs, interval: 200 }).toBe(1);
    const said = await sayAll("at first");
    await fleet.arriveOnce("notifications", said);
    for (const one of fleet.cluster.nodes) {
      await one.kill();
      // Nobody, or another one, or still the same: never two.
      await expect.poll(listeners, { timeout: listenMs, interval: 100 }).toBe(1);
      said.push(...(await sayAll(`without ${one.name}`)));
      await comeBack(one);
    }
    // Nobody listened at one time: then it goes by the spool, and is there once all the same.
    expect(await listeners()).toBe(1);
    await fleet.arriveOnce("notifications", said);
    await client.close();
  },
  slowMs,
);
