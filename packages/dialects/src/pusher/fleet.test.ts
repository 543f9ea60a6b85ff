/** Pages of Pusher's own library on two nodes: what concerns one connection or one user holds on the other node too. */
import { Cluster } from "@parlance/testkit/cluster";
import { describeWith } from "@parlance/testkit/services";
import type { PresenceChannel } from "pusher-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  app,
  backEnd,
  closePages,
  heardOn,
  page,
  pusherEnvironment,
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

  test(
    "presence with what the application says of people, whispers, and events for all but one connection",
    async () => {
      const [first = 0, second = 0] = ports;
      const ann = page(first, { id: "ann", info: { name: "Ann", desk: 4 } });
      const bob = page(second, { id: "bob", info: { name: "Bob" } });
      const here = (await subscribed(ann, "presence-fleet")) as PresenceChannel;
      const joined: unknown[] = [];
      here.bind("pusher:member_added", (member: unknown) => joined.push(member));
      const there = (await subscribed(bob, "presence-fleet")) as PresenceChannel;
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
      await shop.trigger(
        "presence-fleet",
        "sold",
        { n: 1 },
        { socket_id: ann.connection.socket_id },
      );
      await shop.trigger("presence-fleet", "sold", { n: 2 });
      await expect.poll(() => annHears).toEqual(['sold {"n":2}']);
      await expect.poll(() => bobHears.slice(1)).toEqual(['sold {"n":1}', 'sold {"n":2}']);
      await backEnd(first).terminateUserConnections("bob");
      await expect.poll(() => bob.connection.state).toBe("disconnected");
      expect(app.key).toBe(ann.key);
    },
    timeoutMs,
  );
});
