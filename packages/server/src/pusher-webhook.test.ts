/** Pusher's webhook, as its library checks and reads it. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { behave, Receiver } from "@parlance/testkit/receiver";
import Pusher from "pusher";
import library, { type Channel } from "pusher-js";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { loadConfig } from "./config/load.ts";
import type { Config } from "./config/schema.ts";
import { signLocalToken } from "./local-token.ts";
import { type ParlanceServer, startServer } from "./start.ts";

/** The library's types are of a module that its file for Node is not. */
type PusherPage = library.default;
const PusherPage = library as unknown as typeof library.default;

const patient = { timeout: 20_000 };
const app = { appId: "shop", key: "shop-key", secret: "shop-secret-of-tests" };

let directory: string;
let config: Config;
let server: ParlanceServer;
let receiver: Receiver;
let pusher: Pusher;
let streams: AbortController[] = [];
let pages: PusherPage[] = [];

const all =
  "channel_occupied,channel_vacated,member_added,member_removed,client_event,cache_miss,subscription_count";

async function start(flags: Readonly<Record<string, string>> = {}): Promise<void> {
  config = loadConfig({
    flags: {
      port: "0",
      log_level: "silent",
      pusher_app_id: app.appId,
      pusher_key: app.key,
      ...flags,
    },
    environment: { PARLANCE_PUSHER_SECRET: app.secret },
    directory,
  }).config;
  server = await startServer(config);
  pusher = new Pusher({ ...app, host: "127.0.0.1", port: String(server.port) });
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "pusher-webhook-"));
  receiver = await Receiver.listen();
  await start({ pusher_webhook_url: receiver.url, pusher_webhook_events: all });
});
afterEach(() => {
  for (const stream of streams) stream.abort();
  for (const opened of pages) opened.disconnect();
  streams = [];
  pages = [];
  receiver.behaviour = behave.take;
});
afterAll(async () => {
  await server.close(0);
  await receiver.close();
  await rm(directory, { recursive: true, force: true });
});

async function call(method: string, path: string, body?: object): Promise<unknown> {
  const admin = { user: "service:test", ttlSeconds: 600, scopes: ["admin"] } as const;
  const response = await fetch(`${server.url}/api/v1${path}`, {
    method,
    headers: {
      authorization: `Bearer ${await signLocalToken(config, admin)}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  expect(response.ok).toBe(true);
  return response.status === 204 ? undefined : response.json();
}

/** Reads a room as long as it is not ended. */
async function read(user: string, room: string): Promise<AbortController> {
  const token = await signLocalToken(config, { user, name: user, ttlSeconds: 600 });
  const stream = new AbortController();
  streams.push(stream);
  const response = await fetch(`${server.url}/rooms/${room}/events`, {
    headers: { authorization: `Bearer ${token}` },
    signal: stream.signal,
  });
  expect(response.status).toBe(200);
  // What it says is not looked at; that it was ended is no failure.
  void response.text().catch(() => undefined);
  return stream;
}

/** A page of somebody's, until the test is over. */
function page(user: string): PusherPage {
  const opened = new PusherPage(app.key, {
    cluster: "",
    wsHost: "127.0.0.1",
    wsPort: server.port,
    forceTLS: false,
    enabledTransports: ["ws"],
    channelAuthorization: {
      endpoint: "",
      transport: "ajax",
      customHandler: ({ channelName, socketId }, done) =>
        done(null, pusher.authorizeChannel(socketId, channelName, { user_id: user })),
    },
  });
  pages.push(opened);
  return opened;
}

async function subscribed(from: PusherPage, name: string): Promise<Channel> {
  const channel = from.subscribe(name);
  await new Promise((resolve) => channel.bind("pusher:subscription_succeeded", resolve));
  return channel;
}

/** What was taken of one channel, checked and read by the library. */
function told(channel: string): readonly object[] {
  return receiver.requests
    .filter(({ events }) => events.some((event) => receiver.taken.includes(event)))
    .flatMap(({ headers, body }) => {
      const webhook = pusher.webhook({ headers, rawBody: body });
      expect(webhook.isValid()).toBe(true);
      expect(Math.abs(webhook.getTime().getTime() - Date.now())).toBeLessThan(60_000);
      return webhook.getEvents() as { channel: string }[];
    })
    .filter((event) => event.channel === channel);
}

test("[PSH-W1] a channel is occupied and vacated, and its subscriptions are counted", async () => {
  const one = await read("ada", "shop-1");
  const count = (n: number) => ({
    name: "subscription_count",
    channel: "shop-1",
    subscription_count: n,
  });
  // Of two sources: which comes first is not said.
  await expect.poll(() => told("shop-1"), patient).toHaveLength(2);
  const occupied = { name: "channel_occupied", channel: "shop-1" };
  expect(new Set(told("shop-1"))).toEqual(new Set([occupied, count(1)]));
  const two = await read("ada", "shop-1");
  await expect.poll(() => told("shop-1").slice(2), patient).toEqual([count(2)]);
  const open = await pusher.get({ path: "/channels", params: { filter_by_prefix: "shop-" } });
  expect(await open.json()).toEqual({ channels: { "shop-1": {} } });
  one.abort();
  two.abort();
  const vacated = { name: "channel_vacated", channel: "shop-1" };
  await expect.poll(() => told("shop-1").slice(3), patient).toHaveLength(2);
  expect(new Set(told("shop-1").slice(3))).toEqual(new Set([count(0), vacated]));
});

test("[PSH-W2] members of a presence channel are told once, and not for a page that is loaded anew", async () => {
  const room = "presence-desk";
  await pusher.trigger(room, "opened", {});
  for (const user of ["ada", "bob"]) {
    // They are known once they were here.
    const stream = await read(user, "lobby");
    await call("PUT", `/rooms/${room}/members/${user}`, {});
    stream.abort();
  }
  const ada = await read("ada", room);
  await read("bob", room);
  const added = (user_id: string) => ({ name: "member_added", channel: room, user_id });
  const removed = (user_id: string) => ({ name: "member_removed", channel: room, user_id });
  const occupied = { name: "channel_occupied", channel: room };
  await expect.poll(() => told(room), patient).toEqual([occupied, added("ada"), added("bob")]);
  const users = await pusher.get({ path: `/channels/${room}/users` });
  expect((await users.json()) as object).toEqual({ users: [{ id: "ada" }, { id: "bob" }] });
  const facts = { params: { info: "user_count,subscription_count" } };
  const channel = await pusher.get({ path: `/channels/${room}`, ...facts });
  expect(await channel.json()).toEqual({ occupied: true, user_count: 2, subscription_count: 2 });
  ada.abort();
  const again = await read("ada", room);
  // A change that came later is told, so the reload was passed over.
  await read("cat", "after-the-reload");
  await expect.poll(() => told("after-the-reload").length, patient).toBeGreaterThan(0);
  expect(told(room).filter((event) => !("subscription_count" in event))).toHaveLength(3);
  again.abort();
  await expect.poll(() => told(room).slice(3), patient).toEqual([removed("ada")]);
});

test("[PSH-W2] pages of Pusher's own library are members, each user once for all tabs", async () => {
  const room = "presence-tabs";
  const tabs = [page("ada"), page("ada"), page("bob")];
  for (const tab of tabs) await subscribed(tab, room);
  const ofMembers = () => told(room).filter((event) => "user_id" in event);
  const member = (name: string, user_id: string) => ({ name, channel: room, user_id });
  const added = [member("member_added", "ada"), member("member_added", "bob")];
  await expect.poll(ofMembers, patient).toEqual(added);
  const channel = await pusher.get({
    path: `/channels/${room}`,
    params: { info: "user_count,subscription_count" },
  });
  expect(await channel.json()).toEqual({ occupied: true, user_count: 2, subscription_count: 3 });
  const open = await pusher.get({ path: "/connections" });
  expect(await open.json()).toEqual({ connections: 3 });
  tabs[0]?.disconnect();
  tabs[2]?.disconnect();
  await expect.poll(ofMembers, patient).toEqual([...added, member("member_removed", "bob")]);
  // The library comes back at once unless it is told not to.
  await pusher.terminateUserConnections("ada");
  await expect.poll(() => tabs[1]?.connection.state, patient).not.toBe("connected");
  await expect.poll(ofMembers, patient).toContainEqual(member("member_removed", "ada"));
  expect(ofMembers()).toHaveLength(4);
});

test("[PSH-W1] client events and cache misses are told with who sent them and where", async () => {
  const ada = page("ada");
  const channel = await subscribed(ada, "presence-chat");
  await subscribed(page("bob"), "presence-chat");
  channel.trigger("client-typing", { on: true });
  const of = (name: string, where: string) =>
    told(where).filter((event) => "name" in event && event.name === name);
  await expect
    .poll(() => of("client_event", "presence-chat"), patient)
    .toEqual([
      {
        name: "client_event",
        channel: "presence-chat",
        event: "client-typing",
        data: '{"on":true}',
        socket_id: ada.connection.socket_id,
        user_id: "ada",
      },
    ]);
  await subscribed(ada, "cache-empty");
  const missed = { name: "cache_miss", channel: "cache-empty" };
  await expect.poll(() => of("cache_miss", "cache-empty"), patient).toEqual([missed]);
  await pusher.trigger("cache-full", "rate", { n: 1 });
  const kept: unknown[] = [];
  ada.subscribe("cache-full").bind("rate", (data: unknown) => kept.push(data));
  await expect.poll(() => kept, patient).toEqual([{ n: 1 }]);
  await subscribed(ada, "cache-later");
  await expect.poll(() => of("cache_miss", "cache-later"), patient).toHaveLength(1);
  expect(of("cache_miss", "cache-full")).toEqual([]);
});

test("[PSH-W3] what is refused comes again, and nothing twice that was taken", async () => {
  receiver.behaviour = behave.answer(500);
  const before = receiver.requests.length;
  await read("ada", "refused");
  await expect.poll(() => receiver.requests.length, patient).toBeGreaterThan(before);
  receiver.behaviour = behave.take;
  const occupied = { name: "channel_occupied", channel: "refused" };
  await expect.poll(() => told("refused"), patient).toContainEqual(occupied);
  expect(
    told("refused").filter((event) => "name" in event && event.name === "channel_occupied"),
  ).toHaveLength(1);
});

test("[PSH-W4] it is one of the install's webhooks, follows the configuration, and reads no logs", async () => {
  const list = async () =>
    ((await call("GET", "/admin/webhooks")) as { webhooks: readonly object[] }).webhooks;
  expect(await list()).toMatchObject([{ id: "wh_pusher", name: "pusher", url: receiver.url }]);
  expect(JSON.stringify(await list())).not.toContain(app.secret);
  await pusher.trigger("unheard", "sold", {});
  expect(await call("GET", "/admin/webhooks/wh_pusher")).toMatchObject({
    lag: { rooms: 0, events: 0 },
  });
  expect(told("unheard")).toEqual([]);
  await call("POST", "/admin/webhooks/wh_pusher/test");
  const last = receiver.requests.at(-1);
  expect(
    pusher.webhook({ headers: last?.headers ?? {}, rawBody: last?.body ?? "" }).isValid(),
  ).toBe(true);
  await server.close(0);
  const other = await Receiver.listen();
  await start({ pusher_webhook_url: other.url, pusher_webhook_events: "channel_occupied" });
  expect(await list()).toMatchObject([{ url: other.url, events: ["room.occupied"] }]);
  await server.close(0);
  await start();
  expect(await list()).toEqual([]);
  await other.close();
});
