/** Pusher's back ends and their webhook on two nodes, one of which is killed. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Cluster } from "@parlance/testkit/cluster";
import Pusher from "pusher";
import library, { type Channel } from "pusher-js";
import { afterEach, beforeEach, expect } from "vitest";
import { requires } from "../requirements.ts";
import { ReceiverProcess } from "../webhooks/scene.ts";

/** The library's types are of a module that its file for Node is not. */
type Page = library.default;
const Page = library as unknown as typeof library.default;

const timeoutMs = 240_000;
const patient = { timeout: 90_000, interval: 250 };
const app = { appId: "shop", key: "shop-key", secret: "shop-secret-of-tests" };

let directory: string;
let receiver: ReceiverProcess;
let cluster: Cluster;
const pages: Page[] = [];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "parlance-pusher-"));
  receiver = await ReceiverProcess.start(directory);
});
afterEach(async () => {
  for (const page of pages.splice(0)) page.disconnect();
  await cluster.remove();
  await receiver.kill();
  rmSync(directory, { recursive: true, force: true });
});

/** @returns the two nodes as back ends of an application reach them. */
async function start(broker: "redis" | "none"): Promise<readonly [Pusher, Pusher]> {
  cluster = await Cluster.make({
    engine: "postgresql",
    broker,
    nodes: 2,
    environment: {
      PARLANCE_PUSHER_APP_ID: app.appId,
      PARLANCE_PUSHER_KEY: app.key,
      PARLANCE_PUSHER_SECRET: app.secret,
      PARLANCE_PUSHER_WEBHOOK_URL: receiver.url,
    },
  });
  for (const node of cluster.nodes) await node.start();
  const [one, two] = cluster.nodes.map(
    ({ process }) => new Pusher({ ...app, host: "127.0.0.1", port: String(process.port) }),
  );
  if (one === undefined || two === undefined) throw new Error("two nodes");
  return [one, two];
}

/** A page of somebody's on a node. */
function page(node: number, user: string): Page {
  const server = cluster.nodes[node]?.process;
  if (server === undefined) throw new Error("no such node");
  const signer = new Pusher({ ...app, host: "127.0.0.1" });
  const opened = new Page(app.key, {
    cluster: "",
    wsHost: "127.0.0.1",
    wsPort: server.port,
    forceTLS: false,
    enabledTransports: ["ws"],
    channelAuthorization: {
      endpoint: "",
      transport: "ajax",
      customHandler: ({ channelName, socketId }, done) =>
        done(null, signer.authorizeChannel(socketId, channelName, { user_id: user })),
    },
  });
  pages.push(opened);
  return opened;
}

async function subscribed(from: Page, name: string): Promise<Channel> {
  const channel = from.subscribe(name);
  await new Promise((resolve) => channel.bind("pusher:subscription_succeeded", resolve));
  return channel;
}

/** What was told of a channel, as `name user`. */
function told(channel: string): readonly string[] {
  return receiver.events().flatMap((event) => {
    const { name, user_id: user, ...rest } = event as unknown as Record<string, string>;
    return rest["channel"] === channel ? [[name, user].filter(Boolean).join(" ")] : [];
  });
}

requires("postgresql", "redis")(
  "[PSH-H7] [PSH-H6] [PSH-W1] what two nodes do is one: events, counts, ends, and what the webhook is told, also when one is killed",
  async () => {
    const [one, two] = await start("redis");
    const room = "presence-fleet";
    const ada = await subscribed(page(0, "ada"), room);
    const bobsPage = page(1, "bob");
    const bob = await subscribed(bobsPage, room);
    await subscribed(page(1, "ada"), room);
    const heard: Record<"ada" | "bob", number[]> = { ada: [], bob: [] };
    ada.bind("sold", ({ n }: { n: number }) => heard.ada.push(n));
    bob.bind("sold", ({ n }: { n: number }) => heard.bob.push(n));
    for (let n = 1; n <= 10; n += 1) await (n % 2 === 0 ? one : two).trigger(room, "sold", { n });
    const socket_id = bobsPage.connection.socket_id;
    await one.trigger(room, "sold", { n: 11 }, { socket_id });
    await one.trigger(room, "sold", { n: 12 });
    const all = Array.from({ length: 12 }, (_, index) => index + 1);
    await expect.poll(() => heard.ada, patient).toEqual(all);
    await expect.poll(() => heard.bob, patient).toEqual(all.filter((n) => n !== 11));

    const info = { params: { info: "user_count,subscription_count" } };
    for (const node of [one, two]) {
      const channel = async () =>
        (await node.get({ path: `/channels/${room}`, ...info })).json() as Promise<object>;
      await expect
        .poll(channel, patient)
        .toEqual({ occupied: true, user_count: 2, subscription_count: 3 });
      const users = (await (await node.get({ path: `/channels/${room}/users` })).json()) as {
        readonly users: readonly { readonly id: string }[];
      };
      expect(users.users.map(({ id }) => id).toSorted()).toEqual(["ada", "bob"]);
    }

    await expect
      .poll(() => told(room).toSorted(), patient)
      .toEqual(["channel_occupied", "member_added ada", "member_added bob"]);
    await two.terminateUserConnections("ada");
    await expect.poll(() => told(room).slice(3), patient).toEqual(["member_removed ada"]);
    const left = await one.get({ path: `/channels/${room}`, ...info });
    expect(await left.json()).toEqual({ occupied: true, user_count: 1, subscription_count: 1 });

    await cluster.nodes[1]?.kill();
    bobsPage.disconnect();
    await expect
      .poll(() => told(room).slice(4), patient)
      .toEqual(["member_removed bob", "channel_vacated"]);
    const gone = await one.get({ path: `/channels/${room}` });
    expect(await gone.json()).toEqual({ occupied: false });
  },
  timeoutMs,
);

requires("postgresql")(
  "[PSH-H7] where another node cannot be asked there are no counts, and triggers are stored all the same",
  async () => {
    const [one] = await start("none");
    await one.trigger("alone", "sold", { n: 1 });
    const statusOf = (path: string): Promise<number> =>
      one.get({ path }).then(
        ({ status }) => status,
        ({ status }: { readonly status: number }) => status,
      );
    // The list of nodes is in the database, and each puts itself there by and by.
    await expect.poll(() => statusOf("/channels"), patient).toBe(503);
    for (const path of ["/channels/alone", "/channels/presence-a/users", "/connections"]) {
      expect(await statusOf(path)).toBe(503);
    }
    await expect(one.terminateUserConnections("ada")).rejects.toMatchObject({ status: 503 });
  },
  timeoutMs,
);
