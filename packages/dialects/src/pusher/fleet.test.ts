/** Pages of Pusher's own library on two nodes: what concerns one connection or one user holds on the other node too. */
import { Cluster } from "@parlance/testkit/cluster";
import { describeWith } from "@parlance/testkit/services";
import type { PresenceChannel } from "pusher-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  app,
  backEnd,
  closePages,
  echo,
  heardOn,
  libraries,
  page,
  pusherEnvironment,
  RawPage,
  subscribed,
} from "../../test/pusher-scene.ts";

const timeoutMs = 60_000;

describeWith("postgresql", "redis")("Pusher on two nodes", () => {
  let cluster: Cluster;
  const ports: number[] = [];

  beforeAll(async () => {
    cluster = await Cluster.start({
      engine: "postgresql",
      broker: "redis",
      nodes: 2,
      environment: { ...pusherEnvironment, PARLANCE_DRAIN_MS: "0" },
    });
    ports.push(...cluster.nodes.map(({ url }) => Number(new URL(url).port)));
  }, timeoutMs);
  afterAll(async () => {
    closePages();
    await cluster?.remove();
  });

  test.each(Object.keys(libraries))(
    "%s: presence with what the application says of people, whispers, and events for all but one connection",
    async (name) => {
      const [first = 0, second = 0] = ports;
      const library = libraries[name];
      const channel = `presence-fleet-${name.replace(/\D/g, "")}`;
      const ann = page(first, { id: "ann", info: { name: "Ann", desk: 4 } }, library);
      const bob = page(second, { id: "bob", info: { name: "Bob" } }, library);
      const here = (await subscribed(ann, channel)) as PresenceChannel;
      const joined: unknown[] = [];
      here.bind("pusher:member_added", (member: unknown) => joined.push(member));
      const there = (await subscribed(bob, channel)) as PresenceChannel;
      await expect
        .poll(() => joined, { timeout: 20_000 })
        .toEqual([{ id: "bob", info: { name: "Bob" } }]);
      await expect
        .poll(() => there.members.get("ann") as unknown, { timeout: 20_000 })
        .toEqual({ id: "ann", info: { name: "Ann", desk: 4 } });
      const [annHears, bobHears] = [heardOn(here), heardOn(there)];
      expect(here.trigger("client-typing", { by: "Ann" })).toBe(true);
      await expect.poll(() => bobHears).toEqual(['client-typing {"by":"Ann"}']);
      // The back end speaks to one node, the connection that is left out is on the other.
      const shop = backEnd(second);
      await shop.trigger(channel, "sold", { n: 1 }, { socket_id: ann.connection.socket_id });
      await shop.trigger(channel, "sold", { n: 2 });
      await expect.poll(() => annHears).toEqual(['sold {"n":2}']);
      await expect.poll(() => bobHears.slice(1)).toEqual(['sold {"n":1}', 'sold {"n":2}']);
      await backEnd(first).terminateUserConnections("bob");
      await expect.poll(() => bob.connection.state).toBe("disconnected");
      expect(app.key).toBe(ann.key);
      ann.disconnect();
    },
    timeoutMs,
  );

  test.each(["pusher", "reverb"] as const)(
    "laravel-echo, broadcaster %s: presence, whispers and toOthers of two nodes",
    async (broadcaster) => {
      const [first = 0, second = 0] = ports;
      const name = `fleet-${broadcaster}`;
      const ann = echo(first, broadcaster, { id: "ann", info: { name: "ann" } });
      const bob = echo(second, broadcaster, { id: "bob", info: { name: "bob" } });
      const annHears: unknown[] = [];
      const bobHears: unknown[] = [];
      const came: unknown[] = [];
      const went: unknown[] = [];
      const desk = ann.join(name);
      const there = new Promise((resolve) => desk.here(resolve));
      desk.joining((user: unknown) => came.push(user)).leaving((user: unknown) => went.push(user));
      desk.listen("OrderShipped", (data: unknown) => annHears.push(data));
      desk.listenForWhisper("typing", (data: unknown) => annHears.push(data));
      expect(await there).toEqual([{ name: "ann" }]);
      const other = bob.join(name);
      const known: unknown[] = [];
      other.here((users: unknown[]) => known.push(...users));
      other.joining((user: unknown) => known.push(user));
      other.listen("OrderShipped", (data: unknown) => bobHears.push(data));
      await expect.poll(() => came).toEqual([{ name: "bob" }]);
      await expect
        .poll(() => known)
        .toEqual(expect.arrayContaining([{ name: "ann" }, { name: "bob" }]));
      other.whisper("typing", { by: "bob" });
      await expect.poll(() => annHears).toEqual([{ by: "bob" }]);
      const event = "App\\Events\\OrderShipped";
      const shop = backEnd(second);
      const socketId = ann.socketId() ?? "";
      await shop.trigger(`presence-${name}`, event, { n: 1 }, { socket_id: socketId });
      await shop.trigger(`presence-${name}`, event, { n: 2 });
      await expect.poll(() => annHears).toEqual([{ by: "bob" }, { n: 2 }]);
      await expect.poll(() => bobHears).toEqual([{ n: 1 }, { n: 2 }]);
      bob.disconnect();
      await expect.poll(() => went).toEqual([{ name: "bob" }]);
      ann.disconnect();
    },
    timeoutMs,
  );

  test(
    "[I-26] a hundred pages of two nodes whisper into one channel: each is heard as far as its rate goes",
    async () => {
      const urls = cluster.nodes.map(({ url }) => url);
      const channel = "private-noisy";
      const listener = await RawPage.open(urls[0] ?? "");
      await listener.subscribed(channel);
      const pages = await Promise.all(
        Array.from({ length: 100 }, (_, index) => RawPage.open(urls[index % 2] ?? "")),
      );
      await Promise.all(pages.map((each) => each.subscribed(channel)));
      const each = 100;
      for (const [from, { client }] of pages.entries()) {
        for (let n = 0; n < each; n += 1) {
          client.send({ event: "client-noise", channel, data: { from, n } });
        }
      }
      const isRefused = ({ client }: RawPage): boolean =>
        client.frames.some(({ event }) => event === "pusher:error");
      await expect.poll(() => pages.every(isRefused), { timeout: 30_000 }).toBe(true);
      // Ten of each at once, and what its seconds bring while the others are read.
      const heardOf = (): number[] => {
        const counts = pages.map(() => 0);
        for (const { event, data } of listener.client.frames) {
          if (event !== "client-noise") continue;
          const { from } = JSON.parse(String(data)) as { readonly from: number };
          counts[from] = (counts[from] ?? 0) + 1;
        }
        return counts;
      };
      await expect
        .poll(() => Math.min(...heardOf()), { timeout: 30_000 })
        .toBeGreaterThanOrEqual(10);
      const shop = backEnd(Number(new URL(urls[1] ?? "").port));
      await shop.trigger(channel, "sold", { n: 1 });
      await expect
        .poll(() => listener.client.frames.some(({ event }) => event === "sold"))
        .toBe(true);
      expect(Math.max(...heardOf())).toBeLessThan(each);
      for (const { client } of [listener, ...pages]) expect(client.closedWith).toBeUndefined();
      for (const { client } of [listener, ...pages]) client.terminate();
    },
    timeoutMs,
  );
});
