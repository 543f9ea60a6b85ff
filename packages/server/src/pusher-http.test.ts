/** Pusher's HTTP API, with the server library as applications have it. */
import { createHash, createHmac } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Pusher from "pusher";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadConfig } from "./config/load.ts";
import type { Config } from "./config/schema.ts";
import { signLocalToken } from "./local-token.ts";
import { type ParlanceServer, startServer } from "./start.ts";

const app = { appId: "shop", key: "shop-key", secret: "shop-secret-of-tests" };

let directory: string;
let config: Config;
let server: ParlanceServer;
let operator: string;
let pusher: Pusher;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "pusher-http-"));
  const flags = {
    port: "0",
    log_level: "error",
    pusher_app_id: app.appId,
    pusher_key: app.key,
  };
  const environment = { PARLANCE_PUSHER_SECRET: app.secret };
  config = loadConfig({ flags, environment, directory }).config;
  server = await startServer(config);
  const admin = { user: "service:test", ttlSeconds: 600, scopes: ["admin"] } as const;
  operator = await signLocalToken(config, admin);
  pusher = new Pusher({ ...app, host: "127.0.0.1", port: String(server.port) });
});
afterAll(async () => {
  await server.close(0);
  await rm(directory, { recursive: true, force: true });
});

/** One stored event of a channel, as the log has it. */
interface Stored {
  readonly type: string;
  readonly author: string;
  readonly data: {
    readonly text: string;
    readonly data?: { readonly pusher?: { readonly name: string; readonly data: string } };
  };
}

async function logOf(room: string): Promise<readonly Stored[]> {
  const url = `${server.url}/api/v1/rooms/${room}/messages?limit=200`;
  const response = await fetch(url, { headers: { authorization: `Bearer ${operator}` } });
  const { events = [] } = (await response.json()) as { readonly events?: readonly Stored[] };
  return events.filter(({ type }) => type === "message.created");
}

async function dataOf(room: string): Promise<readonly unknown[]> {
  return (await logOf(room)).map(
    ({ data }) => JSON.parse(data.data?.pusher?.data ?? "null") as unknown,
  );
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** A signed request whose parts may be any. */
async function send(
  method: string,
  path: string,
  {
    body,
    query = {},
    id = app.appId,
    secret = app.secret,
    type = "application/json",
  }: {
    readonly body?: unknown;
    readonly query?: Readonly<Record<string, string>>;
    readonly id?: string;
    readonly secret?: string;
    readonly type?: string;
  } = {},
): Promise<Answer> {
  const text = body === undefined ? "" : typeof body === "string" ? body : JSON.stringify(body);
  const whole = `/apps/${id}${path}`;
  const said: Record<string, string> = {
    auth_key: app.key,
    auth_timestamp: String(Math.floor(Date.now() / 1_000)),
    auth_version: "1.0",
    ...(text === "" ? {} : { body_md5: createHash("md5").update(text).digest("hex") }),
    ...query,
  };
  const pairs = Object.entries(said).map(([name, value]) => `${name}=${value}`);
  const signed = `${method}\n${whole}\n${pairs.sort().join("&")}`;
  const mac = createHmac("sha256", secret).update(signed).digest("hex");
  const all = new URLSearchParams({ ...said, auth_signature: mac }).toString();
  return ask(method, `${whole}?${all}`, text, type);
}

async function ask(
  method: string,
  url: string,
  text = "",
  type = "application/json",
): Promise<Answer> {
  const response = await fetch(`${server.url}${url}`, {
    method,
    ...(text === "" ? {} : { body: text, headers: { "content-type": type } }),
  });
  return { status: response.status, text: await response.text() };
}

const event = { name: "sold", data: "{}", channels: ["bad-input"] };

describe("a trigger", () => {
  test("is a message of the room, by the application, when it is answered", async () => {
    const answer = await pusher.trigger("shop-1", "sold", { text: "Two pears", count: 2 });
    expect([answer.status, await answer.json()]).toEqual([200, {}]);
    expect(await logOf("shop-1")).toMatchObject([
      {
        author: "service:pusher",
        data: {
          text: "Two pears",
          data: { pusher: { name: "sold", data: '{"text":"Two pears","count":2}' } },
        },
      },
    ]);
  });

  test("goes to each of a hundred channels, and each once", async () => {
    const channels = Array.from({ length: 100 }, (_, n) => `many-${n}`);
    await pusher.trigger([...channels.slice(0, 99), "many-0"], "sold", { n: 1 });
    await pusher.trigger(channels, "sold", { n: 2 });
    expect(await dataOf("many-0")).toEqual([{ n: 1 }, { n: 2 }]);
    expect(await dataOf("many-99")).toEqual([{ n: 2 }]);
  });

  test("of a batch is stored in the order of the batch, the same twice as well", async () => {
    const one = { channel: "batch", name: "sold", data: { n: 1 } };
    const again = { channel: "batch", name: "sold", data: { n: 1 } };
    await pusher.triggerBatch([one, again, { channel: "batch", name: "sold", data: { n: 2 } }]);
    expect(await dataOf("batch")).toEqual([{ n: 1 }, { n: 1 }, { n: 2 }]);
  });

  test("for a private or presence channel makes a room that is nobody's to read", async () => {
    await pusher.trigger(["private-orders.1", "presence-desk"], "sold", {});
    for (const room of ["private-orders.1", "presence-desk"]) {
      expect(await dataOf(room)).toEqual([{}]);
      const ada = await signLocalToken(config, { user: "ada", ttlSeconds: 60 });
      const url = `${server.url}/api/v1/rooms/${room}/messages`;
      const { status } = await fetch(url, { headers: { authorization: `Bearer ${ada}` } });
      expect(status).toBe(404);
    }
  });

  test("for a user goes to the inbox, and an encrypted one is kept as it came", async () => {
    await pusher.sendToUser("ada", "paid", { euro: 3 });
    expect(await dataOf("user:ada")).toEqual([{ euro: 3 }]);
    const sealing = new Pusher({
      ...app,
      host: "127.0.0.1",
      port: String(server.port),
      encryptionMasterKeyBase64: Buffer.alloc(32, 7).toString("base64"),
    });
    await sealing.trigger("private-encrypted-safe", "sold", { secret: "pears" });
    expect(await dataOf("private-encrypted-safe")).toEqual([
      { nonce: expect.any(String) as string, ciphertext: expect.any(String) as string },
    ]);
    expect(JSON.stringify(await logOf("private-encrypted-safe"))).not.toContain("pears");
  });

  test("[P6] whose very request comes again is stored once, at the same time too", async () => {
    const body = JSON.stringify({ ...event, channels: ["replayed", "replayed-too"] });
    const query = pusher.createSignedQueryString({
      method: "POST",
      path: "/apps/shop/events",
      body,
    });
    const url = `/apps/shop/events?${query}`;
    const answers = await Promise.all(Array.from({ length: 5 }, () => ask("POST", url, body)));
    answers.push(await ask("POST", url, body));
    expect(answers).toEqual(answers.map(() => ({ status: 200, text: "{}" })));
    expect([await dataOf("replayed"), await dataOf("replayed-too")]).toEqual([[{}], [{}]]);
  });

  test("tells what is asked for of its channels", async () => {
    const info = "user_count,subscription_count";
    const answer = await pusher.trigger(["told", "presence-told"], "sold", {}, { info });
    expect(await answer.json()).toEqual({
      channels: {
        told: { subscription_count: 0 },
        "presence-told": { user_count: 0, subscription_count: 0 },
      },
    });
    const batch = [
      { channel: "told", name: "sold", data: {}, info: "subscription_count" },
      { channel: "told", name: "sold", data: {} },
    ];
    const told = await pusher.triggerBatch(batch);
    expect(await told.json()).toEqual({ batch: [{ subscription_count: 0 }, {}] });
  });
});

describe("what is not well formed", () => {
  test.each([
    ["no JSON", "{", 400, /JSON/],
    ["no object", "[]", 400, /object/],
    ["no channel", { name: "sold", data: "{}" }, 400, /channel/],
    ["an empty list", { ...event, channels: [] }, 400, /at least one/],
    ["a list that is none", { ...event, channels: "x" }, 400, /list/],
    [
      "101 channels",
      { ...event, channels: Array.from({ length: 101 }, (_, n) => `c${n}`) },
      400,
      /100/,
    ],
    ["a name that is too long", { ...event, name: "x".repeat(201) }, 400, /200/],
    ["no name", { ...event, name: "" }, 400, /name/],
    ["a name of the protocol", { ...event, name: "pusher:pong" }, 400, /name/],
    ["data that is no text", { ...event, data: {} }, 400, /data/],
    ["10 KiB and a byte", { ...event, data: "x".repeat(10_241) }, 413, /10240/],
    ["10 KiB and a byte in UTF-8", { ...event, data: "é".repeat(5_121) }, 413, /10240/],
    ["a socket that is none", { ...event, socket_id: "1.1:private-x" }, 400, /socket_id/],
    ["info of another kind", { ...event, info: "secrets" }, 400, /info/],
    [
      "encrypted among others",
      { ...event, channels: ["a", "private-encrypted-b"] },
      400,
      /encrypted/,
    ],
  ])("[P6] %s is refused with words and nothing is stored", async (_, body, status, words) => {
    const answer = await send("POST", "/events", { body });
    expect(answer.status).toBe(status);
    expect(answer.text).toMatch(words);
    expect(await logOf("bad-input")).toEqual([]);
  });

  test.each([
    "a b",
    "a#b",
    "a*",
    "a\nb",
    "",
    "x".repeat(165),
    "#server-to-user-",
    "ä",
    "a:b",
    "a/b",
  ])("[P3] the channel %j is refused", async (channel) => {
    expect(
      (await send("POST", "/events", { body: { ...event, channels: [channel] } })).status,
    ).toBe(400);
  });

  test("[P6] one event too many or a bad one in a batch stores nothing of it", async () => {
    const one = { name: "sold", data: "{}", channel: "bad-batch" };
    const eleven = Array.from({ length: 11 }, () => one);
    for (const batch of [eleven, [one, { ...one, data: 1 }], [one, null], [], "x"]) {
      expect((await send("POST", "/batch_events", { body: { batch } })).status).toBe(400);
    }
    expect(await logOf("bad-batch")).toEqual([]);
    expect((await send("POST", "/batch_events", { body: { batch: eleven.slice(1) } })).status).toBe(
      200,
    );
    expect(await dataOf("bad-batch")).toHaveLength(10);
  });

  test("10 KiB are taken, and escaped ones as well", async () => {
    for (const data of ["x".repeat(10_240), '"'.repeat(10_240), "\u0001".repeat(1_000)]) {
      const body = { ...event, channels: ["large"], data };
      expect(await send("POST", "/events", { body })).toMatchObject({ status: 200 });
    }
    expect(await logOf("large")).toHaveLength(3);
  });

  test("[P6] a body above the limit is refused before it is read", async () => {
    const body = { ...event, more: "x".repeat(1_100_000) };
    expect((await send("POST", "/events", { body })).status).toBe(413);
  });

  test("[P6] an unsigned or wrongly signed request learns nothing and does nothing", async () => {
    expect(await send("POST", "/events", { body: event, secret: "other" })).toEqual({
      status: 401,
      text: "invalid auth_signature.",
    });
    expect((await ask("POST", "/apps/shop/events", JSON.stringify(event))).status).toBe(401);
    expect((await ask("GET", "/apps/other/channels")).status).toBe(401);
    const late = String(Math.floor(Date.now() / 1_000) - 601);
    const query = { auth_timestamp: late };
    expect((await send("POST", "/events", { body: event, query })).status).toBe(401);
    expect((await send("POST", "/events", { body: event, query: { body_md5: "0" } })).status).toBe(
      401,
    );
    expect((await send("POST", "/events", { body: event, id: "other" })).status).toBe(404);
    expect(await logOf("bad-input")).toEqual([]);
  });

  test("methods and paths that are not there are refused, whatever the type of the body", async () => {
    expect((await send("GET", "/events")).status).toBe(405);
    expect((await send("POST", "/nothing", { body: {} })).status).toBe(404);
    const body = { ...event, channels: ["typed"] };
    expect((await send("POST", "/events", { body, type: "text/plain" })).status).toBe(200);
  });
});

describe("channels", () => {
  test("without anybody are not occupied", async () => {
    await pusher.trigger("quiet", "sold", {});
    const all = await pusher.get({ path: "/channels" });
    expect(await all.json()).toEqual({ channels: {} });
    const one = await pusher.get({
      path: "/channels/quiet",
      params: { info: "subscription_count" },
    });
    expect(await one.json()).toEqual({ occupied: false, subscription_count: 0 });
    const users = await pusher.get({ path: "/channels/presence-quiet/users" });
    expect(await users.json()).toEqual({ users: [] });
  });

  test("of the cache kind tell their last event", async () => {
    await pusher.trigger("cache-rates", "rate", { n: 1 });
    await pusher.trigger("cache-rates", "rate", { n: 2 });
    const cached = await send("GET", "/channels/cache-rates", { query: { info: "cache" } });
    expect(JSON.parse(cached.text)).toEqual({ occupied: false, cache: { data: '{"n":2}' } });
    const none = await send("GET", "/channels/cache-none", { query: { info: "cache" } });
    expect(JSON.parse(none.text)).toEqual({ occupied: false });
  });

  test("are not asked for what they do not have", async () => {
    const statuses = await Promise.all([
      send("GET", "/channels", { query: { info: "user_count" } }),
      send("GET", "/channels/a", { query: { info: "user_count" } }),
      send("GET", "/channels/a", { query: { info: "cache" } }),
      send("GET", "/channels/a/users"),
      send("GET", "/channels/a%20b"),
    ]);
    expect(statuses.map(({ status }) => status)).toEqual([400, 400, 400, 400, 400]);
  });
});

test("connections of pages are counted, and no others", async () => {
  const answer = await pusher.get({ path: "/connections" });
  expect(await answer.json()).toEqual({ connections: 0 });
});

describe("connections of a user", () => {
  test("are ended on request, there or not", async () => {
    const answer = await pusher.terminateUserConnections("nobody-here");
    expect([answer.status, await answer.json()]).toEqual([200, {}]);
    expect(
      (await send("POST", `/users/${"x".repeat(200)}/terminate_connections`, { body: {} })).status,
    ).toBe(400);
  });
});
