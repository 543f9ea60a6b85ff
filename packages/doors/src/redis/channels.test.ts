import { parseBrokerUrl } from "@parlance/broker/url";
import { describeWith, serviceUrl } from "@parlance/testkit/services";
import { createClient } from "@redis/client";
import { expect, test } from "vitest";
import { describeListeningDoor } from "../../test/listening-door.ts";
import { ownLease, startRig } from "../../test/rig.ts";
import { openRedisChannels } from "./channels.ts";
import { regExpOfGlob } from "./glob.ts";

async function connect() {
  const client = createClient({ url: serviceUrl("redis"), RESP: 2 });
  client.on("error", () => {});
  await client.connect();
  return client;
}

describeListeningDoor("redis", "channels of Redis", async () => {
  const client = await connect();
  return {
    open: ({ port, prefix, ...options }) =>
      openRedisChannels({
        ...options,
        url: { ...parseBrokerUrl(serviceUrl("redis")), hosts: [{ host: "127.0.0.1", port }] },
        channels: [`${prefix}.a`],
        patterns: [`${prefix}.?`, `${prefix}*`],
      }),
    async publish(channel, body) {
      await client.sendCommand(["PUBLISH", channel, Buffer.from(body)]);
    },
    async end() {
      await client.close();
    },
  };
});

describeWith("redis")("patterns", () => {
  test("match as Redis matches them", async () => {
    const client = await connect();
    const names = ["a", "ab", "a.b", "a*b", "b", "[a]", "a-b", "^", "a\\b", "a\nb", "c"];
    const globs = [
      "a*",
      "?",
      "a?b",
      "[ab]",
      "[^ab]",
      "[a-c]",
      "[c-a]",
      "a\\*b",
      "\\[a\\]",
      "a[*.]b",
      "a[-]b",
      "[\\]a]",
      "a[.-]b",
      "a[.-]",
    ];
    try {
      for (const glob of globs) {
        const matched: string[] = [];
        const { promise, resolve } = Promise.withResolvers<void>();
        const listener = await connect();
        await listener.pSubscribe(`x:${glob}`, (_, channel) => void matched.push(channel.slice(2)));
        await listener.subscribe("x-end", () => resolve());
        for (const name of names) await client.publish(`x:${name}`, "");
        await client.publish("x-end", "");
        await promise;
        await listener.close();
        const pattern = regExpOfGlob(`x:${glob}`);
        expect([glob, names.filter((name) => pattern.test(`x:${name}`))]).toEqual([glob, matched]);
      }
    } finally {
      await client.close();
    }
  });

  test("a channel may mean another room, or none", async () => {
    const rig = startRig();
    const client = await connect();
    const door = await openRedisChannels({
      url: parseBrokerUrl(serviceUrl("redis")),
      doorway: await rig.newDoorway(),
      report: rig.report,
      lease: ownLease,
      channels: ["app/red", "app/none"],
      roomOf: (channel) => (channel === "app/red" ? ("red" as never) : undefined),
    });
    try {
      await client.publish("app/red", "1");
      await client.publish("app/none", "2");
      await client.publish("app/none", '{"room":"red","text":"3"}');
      await expect.poll(() => rig.texts("red")).toEqual(["1", "3"]);
      await expect.poll(() => door.status()).toMatchObject({ published: 2, refused: 1 });
    } finally {
      await door.close();
      await client.close();
    }
  });
});
