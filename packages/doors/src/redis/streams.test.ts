import { randomUUID } from "node:crypto";
import { parseBrokerUrl } from "@parlance/broker/url";
import { describeWith, serviceUrl } from "@parlance/testkit/services";
import { createClient } from "@redis/client";
import { afterEach, beforeEach, expect, test } from "vitest";
import { describeDurableDoor } from "../../test/durable-door.ts";
import { ownLease, type Rig, startRig } from "../../test/rig.ts";
import type { Door } from "../door.ts";
import { openRedisStreams, refusedStreamOf } from "./streams.ts";

type Client = Awaited<ReturnType<typeof connect>>;

async function connect() {
  const client = createClient({ url: serviceUrl("redis"), RESP: 2 });
  client.on("error", () => {});
  await client.connect();
  return client;
}

describeDurableDoor("redis", "streams of Redis", async () => {
  const stream = `test:${randomUUID()}`;
  const client = await connect();
  return {
    open: ({ hosts, node, ...options }) =>
      openRedisStreams({
        ...options,
        url: { ...parseBrokerUrl(serviceUrl("redis")), hosts },
        streams: [stream],
        group: "parlance",
        consumer: node,
      }),
    async publish(body) {
      await client.sendCommand(["XADD", stream, "*", "publication", Buffer.from(body)]);
    },
    async left() {
      const [pending] = (await client.sendCommand(["XPENDING", stream, "parlance"])) as unknown as [
        number,
      ];
      const unread = await client.sendCommand([
        ...["XREADGROUP", "GROUP", "parlance", "test", "COUNT", "1", "STREAMS", stream, ">"],
      ]);
      return pending + (unread === null ? 0 : 1);
    },
    async refused() {
      const entries = (await client.sendCommand([
        "XRANGE",
        refusedStreamOf(stream),
        "-",
        "+",
      ])) as unknown as [string, string[]][];
      return entries.map(([, fields]) => fields[fields.indexOf("refused_code") + 1]);
    },
    async removeSource() {
      await client.sendCommand(["DEL", stream]);
    },
    async end() {
      await client.sendCommand(["DEL", stream, refusedStreamOf(stream)]);
      await client.close();
    },
  };
});

describeWith("redis")("entries of a stream", () => {
  let rig: Rig;
  let client: Client;
  let door: Door | undefined;
  let stream: string;

  beforeEach(async () => {
    rig = startRig();
    client = await connect();
    stream = `test:${randomUUID()}`;
  });

  afterEach(async () => {
    await door?.close();
    await client.sendCommand(["DEL", stream, refusedStreamOf(stream)]);
    await client.close();
  });

  async function open(): Promise<void> {
    door = await openRedisStreams({
      url: parseBrokerUrl(serviceUrl("redis")),
      doorway: await rig.newDoorway(),
      report: rig.report,
      lease: ownLease,
      streams: [stream],
      group: "g",
      consumer: "one",
      foreign: [
        ({ type, channel, body }) =>
          type === "foreign" ? { room: channel, text: body } : undefined,
      ],
    });
  }

  const add = (...fields: string[]): Promise<unknown> =>
    client.sendCommand(["XADD", stream, "*", ...fields]);

  async function pending(): Promise<unknown> {
    const [count] = (await client.sendCommand(["XPENDING", stream, "g"])) as unknown as unknown[];
    return count;
  }

  async function expectTexts(texts: readonly string[], room = "red"): Promise<void> {
    await expect.poll(() => rig.texts(room), { timeout: 10_000 }).toEqual(texts);
  }

  test("a publication's members may be fields of their own, and another system's are asked for first", async () => {
    await open();
    await add("room", "red", "text", "1");
    await add("rooms", '["red","green"]', "data", '{"title":"2"}');
    await add("room", "red", "text", "3", "idempotency_key", "k");
    await add("room", "red", "text", "3", "idempotency_key", "k");
    await add("type", "foreign", "channel", "red", "body", "4");
    await add("everyone", "true", "text", "5");
    await expectTexts(["1", "2", "3", "4"]);
    await expectTexts(["2"], "green");
    await expectTexts(["5"], "notifications");
    await add("room", "red", "data", "{");
    await expect.poll(() => door?.status().refused).toBe(1);
    expect(rig.told.at(-1)?.fields).toMatchObject({ error_code: "bad_request", field: "data" });
  });

  test("[F-N5] what another node took without having the lease is published in its place", async () => {
    await open();
    await add("room", "red", "text", "0");
    await expectTexts(["0"]);
    for (let count = 1; count < 40; count += 2) {
      await client
        .multi()
        .sendCommand(["XADD", stream, "*", "room", "red", "text", `${count}`])
        .sendCommand(["XREADGROUP", "GROUP", "g", "stale", "COUNT", "1", "STREAMS", stream, ">"])
        .sendCommand(["XADD", stream, "*", "room", "red", "text", `${count + 1}`])
        .exec();
    }
    await expectTexts(Array.from({ length: 41 }, (_, index) => `${index}`));
    await expect.poll(pending).toBe(0);
  });

  test("an entry that was trimmed while it was pending holds nothing up", async () => {
    await client.sendCommand(["XGROUP", "CREATE", stream, "g", "0", "MKSTREAM"]);
    const id = String(await add("room", "red", "text", "gone"));
    await add("room", "red", "text", "kept");
    const read = ["XREADGROUP", "GROUP", "g", "dead", "STREAMS", stream, ">"];
    await client.sendCommand(read);
    await client.sendCommand(["XDEL", stream, id]);
    await open();
    await add("room", "red", "text", "new");
    await expectTexts(["kept", "new"]);
    await expect.poll(pending).toBe(0);
  });

  test("what is no stream is told, and is taken when it becomes one", async () => {
    await client.sendCommand(["SET", stream, "x"]);
    await open();
    await expect.poll(() => rig.told.map(({ event }) => event)).toContain("door_lost");
    expect(door?.status().isOpen).toBe(false);
    expect(rig.told.find(({ event }) => event === "door_lost")?.fields).toEqual({
      door: "redis-streams",
      error_code: "WRONGTYPE",
    });
    await client.sendCommand(["DEL", stream]);
    await add("room", "red", "text", "1");
    await expectTexts(["1"]);
  });
});
