/** One user who floods over all nodes and dialects at once, and others who are not in the way. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig, type ParlanceServer, startServer } from "@parlance/server";
import { createDatabase, type InstallDatabase, signToken } from "@parlance/testkit/cluster";
import { describeWith, serviceUrl } from "@parlance/testkit/services";
import { io, type Socket } from "socket.io-client";
import { afterEach, expect, test } from "vitest";
import { type Frame, Speaker } from "../bad-input/scene.ts";

const secret = "s3cr3t-of-the-rates-9Xq2LmV7-0192837";
const room = "chat_flooded";
const perSecond = 5;
const burst = 40;
const slow = 60_000;

const opened: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

let tokens = 0;
function tokenOf(user: string): string {
  tokens += 1;
  const now = Math.floor(Date.now() / 1_000);
  return signToken({ sub: user, name: user, iat: now, exp: now + 600, jti: `t${tokens}` }, secret);
}

async function startNode(environment: Readonly<Record<string, string>>): Promise<ParlanceServer> {
  const directory = mkdtempSync(join(tmpdir(), "parlance-rates-"));
  const { config } = loadConfig({
    flags: {},
    directory,
    environment: {
      PARLANCE_PORT: "0",
      PARLANCE_DATA_DIR: directory,
      PARLANCE_SECRET: secret,
      PARLANCE_LISTEN: "none",
      PARLANCE_LOG_LEVEL: "silent",
      PARLANCE_SIGN_INS_PER_MINUTE: "0",
      PARLANCE_COMMANDS_PER_SECOND: "0",
      PARLANCE_SPOOL: "no",
      PARLANCE_RATE_LIMITS: JSON.stringify([{ per: "user", per_second: perSecond, burst }]),
      ...environment,
    },
  });
  const server = await startServer(config);
  opened.push(async () => {
    await server.close(0);
    rmSync(directory, { recursive: true, force: true });
  });
  return server;
}

/** Somebody's way to a node: says so many things at once, and tells how many were refused, and after how long each may come again. */
type Flood = (times: number) => Promise<readonly number[]>;

const settled = <T>(times: number, say: (n: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: times }, (_, n) => say(n)));

async function overNative(server: ParlanceServer, user: string): Promise<Flood> {
  const speaker = await new Speaker(`ws://127.0.0.1:${server.port}/ws`).opened();
  opened.push(() => speaker.socket.terminate());
  expect((await speaker.ask({ type: "sign_in", token: tokenOf(user) }))["type"]).toBe("reply");
  let keys = 0;
  return async (times) => {
    const answers = await settled(times, () => {
      keys += 1;
      const client_message_id = `${user}-${server.port}-${keys}`;
      return speaker.ask({ type: "publish", room, text: "native", client_message_id });
    });
    expect(speaker.closedWith).toBeUndefined();
    return answers
      .filter(({ type }) => type === "error")
      .map(({ code, details }) => {
        expect(code).toBe("rate_limited");
        return (details as { retry_after_ms: number }).retry_after_ms;
      });
  };
}

async function overMmb(server: ParlanceServer, user: string): Promise<Flood> {
  const speaker = await new Speaker(`ws://127.0.0.1:${server.port}/mmb`).opened();
  opened.push(() => speaker.socket.terminate());
  const send = (frame: Frame): void => speaker.socket.send(JSON.stringify(frame));
  const count = (type: string): number =>
    speaker.frames.filter((one) => one["type"] === type).length;
  send({ type: "auth", token: tokenOf(user) });
  send({ type: "join", room });
  await speaker.until(() => count("room_joined") > 0, "the room");
  return async (times) => {
    const from = speaker.frames.length;
    const pongs = count("pong");
    for (let n = 0; n < times; n += 1) send({ type: "message", room, message: "mmb" });
    // Answered behind everything else.
    send({ type: "ping" });
    await speaker.until(() => count("pong") > pongs, "the pong");
    return speaker.frames
      .slice(from)
      .filter(({ type }) => type === "error")
      .map(({ code, retry_after, details }) => {
        expect(code).toBe("rate_limited");
        expect(retry_after).toBeGreaterThanOrEqual(1);
        return (details as { retry_after_ms: number }).retry_after_ms;
      });
  };
}

async function overSocketIo(server: ParlanceServer, user: string): Promise<Flood> {
  const socket: Socket = io(server.url, {
    auth: { token: tokenOf(user) },
    transports: ["websocket"],
    forceNew: true,
  });
  opened.push(() => void socket.disconnect());
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("connect_error", reject);
  });
  return async (times) => {
    const answers = (await settled(times, () =>
      socket.emitWithAck("message:send", { chatId: room, content: "socket.io" }),
    )) as { error?: { code: string; details: { retry_after_ms: number } } }[];
    return answers.flatMap(({ error }) => {
      if (error === undefined) return [];
      expect(error.code).toBe("rate_limited");
      return [error.details.retry_after_ms];
    });
  };
}

function overHttp(server: ParlanceServer, user: string): Flood {
  const token = tokenOf(user);
  return async (times) => {
    const answers = await settled(times, async () => {
      const response = await fetch(`${server.url}/api/v1/rooms/${room}/messages`, {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        body: JSON.stringify({ text: "rest" }),
      });
      expect(response.headers.get("ratelimit-limit")).toBe(`${burst}`);
      if (response.status === 201) return [];
      expect(response.status).toBe(429);
      expect(Number(response.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
      expect(response.headers.get("ratelimit-remaining")).toBe("0");
      const { error } = (await response.json()) as {
        error: { details: { retry_after_ms: number } };
      };
      return [error.details.retry_after_ms];
    });
    return answers.flat();
  };
}

/** Messages of a user in the room, as they are stored. */
async function stored(server: ParlanceServer, user: string): Promise<number> {
  const token = tokenOf("reader");
  let count = 0;
  for (let after = 0; ; ) {
    const url = `${server.url}/api/v1/rooms/${room}/messages?after=${after}&limit=200`;
    const page = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
    const { events } = (await page.json()) as {
      events: readonly { sequence: number; author: string }[];
    };
    if (events.length === 0) return count;
    count += events.filter(({ author }) => author === user).length;
    after = events.at(-1)?.sequence ?? after;
  }
}

async function ready(server: ParlanceServer): Promise<unknown> {
  return (await fetch(`${server.url}/ready`)).json();
}

async function floodOver(nodes: readonly [ParlanceServer, ParlanceServer]): Promise<void> {
  const [one, two] = nodes;
  const ways = [
    await overNative(one, "ann"),
    await overMmb(two, "ann"),
    await overSocketIo(one, "ann"),
    overHttp(one, "ann"),
    overHttp(two, "ann"),
  ];
  const bystander = await overNative(two, "bob");
  const begun = performance.now();
  for (let round = 0; round < 2; round += 1) {
    const flooding = Promise.all(ways.map((flood) => flood(30)));
    expect(await bystander(5)).toEqual([]);
    const waits = (await flooding).flat();
    expect(waits.length).toBeGreaterThan(0);
    expect(waits.every((ms) => ms > 0 && ms <= (1_000 / perSecond) * 2)).toBe(true);
  }
  const seconds = (performance.now() - begun) / 1_000;
  const got = await stored(one, "ann");
  expect(got).toBeGreaterThanOrEqual(burst - 5);
  expect(got).toBeLessThanOrEqual(burst + Math.ceil(seconds * perSecond));
  expect(await stored(two, "bob")).toBe(10);
}

describeWith("postgresql", "redis")("a flood over two nodes and four dialects", () => {
  async function twoNodes(brokerUrl: string): Promise<[ParlanceServer, ParlanceServer]> {
    const database: InstallDatabase = await createDatabase("postgresql", {
      name: `rates_${process.pid}_${Math.random().toString(36).slice(2)}`,
    });
    opened.push(() => database.drop());
    const settings = {
      PARLANCE_DATABASE_URL: database.urlBy(database.port ?? 0),
      PARLANCE_BROKER_URL: brokerUrl,
    };
    return [await startNode(settings), await startNode(settings)];
  }

  test(
    "[R9] [MMB-31] is bounded as one, through Redis",
    async () => {
      const nodes = await twoNodes(serviceUrl("redis"));
      for (const node of nodes) {
        expect(await ready(node)).toMatchObject({ status: "ready", components: { rates: "ok" } });
      }
      await floodOver(nodes);
    },
    slow,
  );

  test(
    "[R9] [MMB-31] is bounded as one, through the database where the broker has no place for it",
    async () => {
      await floodOver(await twoNodes("none:"));
    },
    slow,
  );
});
