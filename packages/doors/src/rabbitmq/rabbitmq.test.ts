import { randomUUID } from "node:crypto";
import { parseBrokerUrl } from "@parlance/broker/url";
import { describeWith, serviceUrl } from "@parlance/testkit/services";
import { TcpProxy } from "@parlance/testkit/tcp-proxy";
import { type ChannelModel, type ConfirmChannel, connect, type Options } from "amqplib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { describeDurableDoor } from "../../test/durable-door.ts";
import { ownLease, type Rig, SharedLease, startRig, wait } from "../../test/rig.ts";
import type { Door } from "../door.ts";
import { openRabbitmqDoor, type RabbitmqDoorOptions, refusedQueueOf } from "./index.ts";

describeDurableDoor("rabbitmq", "a queue of RabbitMQ", async () => {
  const queue = `test.${randomUUID()}`;
  const connection = await connect(serviceUrl("rabbitmq"));
  const channel = await connection.createConfirmChannel();
  await channel.assertQueue(queue, {
    durable: true,
    arguments: { "x-single-active-consumer": true },
  });
  const publish = (body: string | Uint8Array): Promise<void> =>
    new Promise((resolve, reject) => {
      channel.sendToQueue(
        queue,
        Buffer.from(body),
        { persistent: true, messageId: randomUUID() },
        (error: unknown) => (error === null ? resolve() : reject(error as Error)),
      );
    });
  return {
    open: ({ hosts, node: _, ...options }) =>
      openRabbitmqDoor({
        ...options,
        url: { ...parseBrokerUrl(serviceUrl("rabbitmq")), hosts },
        queue,
      }),
    publish,
    async left() {
      return (await channel.checkQueue(queue)).messageCount;
    },
    async refused() {
      const reasons: (string | undefined)[] = [];
      for (;;) {
        const message = await channel.get(refusedQueueOf(queue), { noAck: true });
        if (message === false) return reasons;
        reasons.push(message.properties.headers?.["x-reason"] as string | undefined);
      }
    },
    async removeSource() {
      await channel.deleteQueue(queue);
    },
    async end() {
      await channel.deleteQueue(queue);
      await channel.deleteQueue(refusedQueueOf(queue));
      await connection.close();
    },
  };
});

describeWith("rabbitmq")("queues and exchanges", { timeout: 60_000 }, () => {
  let rig: Rig;
  let connection: ChannelModel;
  let channel: ConfirmChannel;
  let queue: string;
  const doors: Door[] = [];
  const proxies: TcpProxy[] = [];

  beforeEach(async () => {
    rig = startRig();
    connection = await connect(serviceUrl("rabbitmq"));
    channel = await connection.createConfirmChannel();
    queue = `test.${randomUUID()}`;
  });

  afterEach(async () => {
    await Promise.all(doors.splice(0).map((door) => door.close()));
    await Promise.all(proxies.splice(0).map((proxy) => proxy.close()));
    await channel.deleteQueue(queue);
    await channel.deleteQueue(refusedQueueOf(queue));
    await channel.deleteQueue(`${queue}.copies`);
    await channel.deleteExchange(`${queue}.exchange`);
    await connection.close();
  });

  async function open(options: Partial<RabbitmqDoorOptions> = {}): Promise<Door> {
    const door = await openRabbitmqDoor({
      url: parseBrokerUrl(serviceUrl("rabbitmq")),
      doorway: await rig.newDoorway(),
      report: rig.report,
      lease: ownLease,
      queue,
      ...options,
    });
    doors.push(door);
    return door;
  }

  async function openThrough(
    proxy: TcpProxy,
    options: Partial<RabbitmqDoorOptions> = {},
  ): Promise<Door> {
    const hosts = [{ host: "127.0.0.1", port: proxy.port }];
    return await open({ url: { ...parseBrokerUrl(serviceUrl("rabbitmq")), hosts }, ...options });
  }

  async function newProxy(): Promise<TcpProxy> {
    const { hostname, port } = new URL(serviceUrl("rabbitmq"));
    const proxy = await TcpProxy.open({ host: hostname, port: Number(port) });
    proxies.push(proxy);
    return proxy;
  }

  function send(
    body: object | string,
    options: Options.Publish = {},
    to = { exchange: "", key: queue },
  ): Promise<void> {
    const content = Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
    return new Promise((resolve, reject) => {
      channel.publish(to.exchange, to.key, content, options, (error: unknown) =>
        error === null ? resolve() : reject(error as Error),
      );
    });
  }

  async function expectTexts(texts: readonly string[]): Promise<void> {
    await expect.poll(() => rig.texts("red"), { timeout: 20_000 }).toEqual(texts);
  }

  test("binds its queue to an exchange, which it makes or takes as it is", async () => {
    const exchange = `${queue}.exchange`;
    await open({ exchange, exchangeType: "topic", routingKey: "chat.*" });
    await send({ room: "red", text: "1" }, {}, { exchange, key: "chat.red" });
    await send({ room: "red", text: "not for it" }, {}, { exchange, key: "other" });
    await expectTexts(["1"]);
    await doors.splice(0)[0]?.close();
    // As if somebody else had made it before.
    await channel.deleteExchange(exchange);
    await channel.assertExchange(exchange, "fanout", { durable: false });
    await open({ exchange });
    await send({ room: "red", text: "2" }, {}, { exchange, key: "whatever" });
    await expectTexts(["1", "2"]);
  });

  test("two equal messages without an id are two, with the same id one; the id may be a header", async () => {
    await open();
    await send({ room: "red", text: "1" });
    await send({ room: "red", text: "1" });
    await send({ room: "red", text: "2" }, { messageId: "a" });
    await send({ room: "red", text: "2" }, { messageId: "a" });
    await send({ room: "red", text: "3" }, { headers: { message_id: "b".repeat(200) } });
    await send({ room: "red", text: "3" }, { messageId: "b".repeat(200) });
    await expectTexts(["1", "1", "2", "3"]);
  });

  test("[I-9] nodes that stop one after the other leave what they have not taken before what comes later", async () => {
    const texts = Array.from({ length: 1_500 }, (_, index) => `${index}`);
    await open();
    await open();
    const sent = Promise.all(
      texts.map((text) => send({ room: "red", text }, { messageId: `id${text}` })),
    );
    for (const least of [150, 500, 900]) {
      await expect
        .poll(async () => (await rig.texts("red")).length, { timeout: 60_000, interval: 5 })
        .toBeGreaterThan(least);
      await doors.shift()?.close();
      await open();
    }
    await sent;
    await expectTexts(texts);
  });

  test("[F-N5] a queue that is there with other arguments is taken as it is, by one node at a time, in order", async () => {
    await channel.assertQueue(queue, { durable: true, maxPriority: 5 });
    const lease = new SharedLease(300);
    const one = await openThrough(await newProxy(), { lease: lease.of("one") });
    const two = await openThrough(await newProxy(), { lease: lease.of("two") });
    const texts: string[] = [];
    for (let index = 0; index < 400; index += 1) {
      texts.push(`${index}`);
      await send({ room: "red", text: `${index}` }, { messageId: `id${index}` });
      if (index % 40 !== 20) continue;
      lease.passTo(lease.holder === "one" ? "two" : "one");
      await wait(150);
    }
    await expectTexts(texts);
    expect(one.status().published).toBeGreaterThan(0);
    expect(two.status().published).toBeGreaterThan(0);
    expect(rig.told.filter(({ event }) => event === "door_refused")).toEqual([]);
  });

  test("[F-N5] such a queue is one node's, even if two believe that they have the lease", async () => {
    await channel.assertQueue(queue, { durable: true, maxPriority: 5 });
    const [one, two] = [await open(), await open()];
    const texts = Array.from({ length: 300 }, (_, index) => `${index}`);
    for (const text of texts) await send({ room: "red", text }, { messageId: text });
    await expectTexts(texts);
    await expect
      .poll(() => new Set([one.status().published, two.status().published]))
      .toEqual(new Set([0, 300]));
  });

  test("a queue of other arguments that hands its messages to one consumer at a time is taken, too", async () => {
    const singly = { "x-single-active-consumer": true };
    await channel.assertQueue(queue, { durable: true, maxPriority: 5, arguments: singly });
    await open();
    await send({ room: "red", text: "1" });
    await expectTexts(["1"]);
  });

  test("[F-B9] while the server takes nothing from those that publish, what is right goes on", async () => {
    const proxy = await newProxy();
    const holds: (() => void)[] = [];
    const resumes: (() => void)[] = [];
    proxy.inspector = (line) => {
      holds.push(() => line.hold("toServer"));
      resumes.push(() => line.resume());
      return {};
    };
    const door = await openThrough(proxy);
    // The first is the one that consumes.
    expect(holds).toHaveLength(2);
    holds[1]?.();
    for (let index = 0; index < 10; index += 1) await send("wrong");
    for (let index = 0; index < 100; index += 1) await send({ room: "red", text: `${index}` });
    await expectTexts(Array.from({ length: 100 }, (_, index) => `${index}`));
    await expect.poll(() => door.status().underWay).toBe(10);
    resumes[1]?.();
    await expect.poll(() => door.status().underWay).toBe(0);
    expect((await channel.checkQueue(refusedQueueOf(queue))).messageCount).toBe(10);
  });

  test("the copy of a refused message has its reason, and neither expires nor goes elsewhere", async () => {
    await channel.assertQueue(`${queue}.copies`);
    await open();
    await send(
      { room: "red", text: "" },
      {
        messageId: "m",
        expiration: 60_000,
        userId: "guest",
        headers: { mine: { a: [1, "x"] }, CC: [`${queue}.copies`] },
      },
    );
    await send("wrong", { headers: { large: "x".repeat(65_500) } });
    await expect
      .poll(async () => (await channel.checkQueue(refusedQueueOf(queue))).messageCount)
      .toBe(2);
    const first = await channel.get(refusedQueueOf(queue), { noAck: true });
    const second = await channel.get(refusedQueueOf(queue), { noAck: true });
    if (first === false || second === false) throw new Error("nothing there");
    expect(first.content.toString()).toBe('{"room":"red","text":""}');
    expect(first.properties).toMatchObject({
      messageId: "m",
      expiration: undefined,
      deliveryMode: 2,
    });
    expect(first.properties.headers).toEqual({
      mine: { a: [1, "x"] },
      "x-reason": "bad_request",
      "x-reason-field": "text",
      "x-reason-rule": expect.any(String),
    });
    expect(second.properties.headers).toEqual({
      "x-reason": "bad_request",
      "x-reason-rule": "not JSON in UTF-8",
    });
    // The sender's own copy, and no other.
    expect((await channel.checkQueue(`${queue}.copies`)).messageCount).toBe(1);
  });

  test("when the queue of what is refused was deleted, the door makes it again before it lets go of anything", async () => {
    const door = await open();
    await send({ room: "red", text: "1" }, { messageId: "1" });
    await expectTexts(["1"]);
    await channel.deleteQueue(refusedQueueOf(queue));
    await send("wrong", { messageId: "wrong" });
    await send({ room: "red", text: "2" }, { messageId: "2" });
    await expect
      .poll(() => rig.told.map(({ event }) => event), { timeout: 10_000 })
      .toContain("door_back");
    await expect
      .poll(async () => (await channel.checkQueue(refusedQueueOf(queue))).messageCount)
      .toBe(1);
    await expect.poll(() => door.status().underWay).toBe(0);
    await expectTexts(["1", "2"]);
  });
});
