import { randomUUID } from "node:crypto";
import {
  AckPolicy,
  type JetStreamClient,
  type JetStreamManager,
  jetstream,
  jetstreamManager,
} from "@nats-io/jetstream";
import { connect, headers, type NatsConnection, nanos } from "@nats-io/transport-node";
import { parseBrokerUrl } from "@parlance/broker/url";
import { describeWith, serviceUrl } from "@parlance/testkit/services";
import { afterEach, beforeEach, expect, test } from "vitest";
import { describeDurableDoor } from "../../test/durable-door.ts";
import { ownLease, type Rig, startRig } from "../../test/rig.ts";
import type { Door } from "../door.ts";
import { type NatsStreamOptions, openNatsStream, refusedSubjectOf } from "./stream.ts";

describeDurableDoor("nats", "a stream of JetStream", async () => {
  const stream = `test-${randomUUID()}`;
  const subject = `test.${stream}`;
  const { hostname, port } = new URL(serviceUrl("nats"));
  const connection = await connect({ servers: `${hostname}:${port}` });
  const manager = await jetstreamManager(connection);
  const client = jetstream(connection);
  await manager.streams.add({ name: stream, subjects: [`${subject}.>`] });
  // As the door makes it, but what has no acknowledgement is delivered again much sooner.
  await manager.consumers.add(stream, {
    durable_name: "parlance",
    ack_policy: AckPolicy.Explicit,
    ack_wait: nanos(1_500),
    max_ack_pending: 1_024,
  });
  const refusedStream = refusedSubjectOf(stream).replaceAll(".", "_");
  return {
    open: ({ hosts, node: _, ...options }) =>
      openNatsStream({
        ...options,
        url: { ...parseBrokerUrl(serviceUrl("nats")), hosts },
        stream,
        subjects: [`${subject}.>`],
        durable: "parlance",
      }),
    async publish(body) {
      await client.publish(`${subject}.x`, body);
    },
    async left() {
      const info = await manager.consumers.info(stream, "parlance");
      return info.num_pending + info.num_ack_pending;
    },
    async refused() {
      const { state } = await manager.streams.info(refusedStream);
      const reasons: (string | undefined)[] = [];
      for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) {
        const stored = await manager.streams.getMessage(refusedStream, { seq });
        reasons.push(stored?.header.get("Parlance-Reason"));
      }
      return reasons;
    },
    async removeSource() {
      await manager.streams.delete(stream);
    },
    async end() {
      await manager.streams.delete(stream);
      await manager.streams.delete(refusedStream).catch(() => false);
      await connection.close();
    },
  };
});

describeWith("nats")("streams and consumers", { timeout: 60_000 }, () => {
  let rig: Rig;
  let connection: NatsConnection;
  let manager: JetStreamManager;
  let client: JetStreamClient;
  let stream: string;
  let refusedStream: string;
  const doors: Door[] = [];

  beforeEach(async () => {
    rig = startRig();
    const { hostname, port } = new URL(serviceUrl("nats"));
    connection = await connect({ servers: `${hostname}:${port}` });
    manager = await jetstreamManager(connection);
    client = jetstream(connection);
    stream = `test-${randomUUID()}`;
    refusedStream = refusedSubjectOf(stream).replaceAll(".", "_");
  });

  afterEach(async () => {
    await Promise.all(doors.splice(0).map((door) => door.close()));
    await manager.streams.delete(stream).catch(() => false);
    await manager.streams.delete(refusedStream).catch(() => false);
    await connection.close();
  });

  async function open(options: Partial<NatsStreamOptions> = {}): Promise<Door> {
    const door = await openNatsStream({
      url: parseBrokerUrl(serviceUrl("nats")),
      doorway: await rig.newDoorway(),
      report: rig.report,
      lease: ownLease,
      stream,
      subjects: [`${stream}.>`],
      durable: "parlance",
      ...options,
    });
    doors.push(door);
    return door;
  }

  async function publish(text: string, id?: string, subject = `${stream}.x`): Promise<void> {
    const given = headers();
    if (id !== undefined) given.set("Nats-Msg-Id", id);
    await client.publish(subject, JSON.stringify({ room: "red", text }), { headers: given });
  }

  async function expectTexts(texts: readonly string[]): Promise<void> {
    await expect.poll(() => rig.texts("red"), { timeout: 10_000 }).toEqual(texts);
  }

  test("a stream that is absent is made, and lets go of what is acknowledged", async () => {
    await open();
    await publish("1");
    await publish("2");
    await expectTexts(["1", "2"]);
    await expect.poll(async () => (await manager.streams.info(stream)).state.messages).toBe(0);
  });

  test("a stream that is absent and has no subjects is told", async () => {
    const door = await openNatsStream({
      url: parseBrokerUrl(serviceUrl("nats")),
      doorway: await rig.newDoorway(),
      report: rig.report,
      lease: ownLease,
      stream,
      durable: "parlance",
    });
    doors.push(door);
    expect(door.status().isOpen).toBe(false);
    expect(rig.told).toEqual([
      { event: "door_lost", fields: { door: "nats-stream", error_code: "10059" } },
    ]);
  });

  test("a message's own id is its key, also one that no key could be", async () => {
    await manager.streams.add({
      name: stream,
      subjects: [`${stream}.>`],
      duplicate_window: 100_000_000,
    });
    await open();
    const long = `${"x".repeat(100)} and blanks`;
    await publish("1", "a");
    await publish("2", long);
    // JetStream itself has forgotten it by then.
    await new Promise((resolve) => setTimeout(resolve, 300));
    await publish("1", "a");
    await publish("2", long);
    await publish("3");
    await expectTexts(["1", "2", "3"]);
    expect((await manager.streams.info(stream)).state.messages).toBe(5);
  });

  test("a consumer may have a filter, its own or one that is there", async () => {
    await manager.streams.add({ name: stream, subjects: [`${stream}.>`] });
    await open({ filter: `${stream}.chat.*` });
    await publish("1", undefined, `${stream}.chat.a`);
    await publish("not for it", undefined, `${stream}.other`);
    await publish("2", undefined, `${stream}.chat.b`);
    await expectTexts(["1", "2"]);
    await doors.splice(0)[0]?.close();
    await publish("3", undefined, `${stream}.chat.b`);
    await publish("not for it", undefined, `${stream}.other`);
    await open();
    await expectTexts(["1", "2", "3"]);
  });

  test("a consumer that is not for this is told and left alone", async () => {
    await manager.streams.add({ name: stream, subjects: [`${stream}.>`] });
    await manager.consumers.add(stream, { durable_name: "parlance", ack_policy: AckPolicy.None });
    const door = await open();
    expect(door.status().isOpen).toBe(false);
    expect(rig.told[0]).toMatchObject({ event: "door_lost", fields: { door: "nats-stream" } });
  });

  test("[F-N5] what another node got without having the lease is published in its place", async () => {
    await open();
    await publish("0");
    await expectTexts(["0"]);
    const consumer = await client.consumers.get(stream, "parlance");
    const texts = ["0"];
    let stolen = 0;
    let isDone = false;
    // The server serves who asks in turn: one request after the other, each until it has what it asked for.
    const stealing = (async () => {
      while (!isDone) if ((await consumer.next({ expires: 1_000 })) !== null) stolen += 1;
    })();
    for (let index = 1; index <= 600; index += 1) {
      texts.push(`${index}`);
      await publish(`${index}`);
    }
    isDone = true;
    await stealing;
    texts.push("last");
    await publish("last");
    expect(stolen).toBeGreaterThan(3);
    await expectTexts(texts);
  });

  test("a refused message that is as long as one may be is set aside without its content", async () => {
    const door = await open();
    const size = (connection.info?.max_payload ?? 0) - 200;
    await client.publish(`${stream}.x`, "x".repeat(size));
    await publish("1");
    await expectTexts(["1"]);
    await expect.poll(() => door.status().underWay).toBe(0);
    const stored = await manager.streams.getMessage(refusedStream, { seq: 1 });
    expect(stored?.header.get("Parlance-Reason")).toBe("too_large");
    expect(stored?.header.get("Parlance-Sequence")).toBe("1");
    expect(stored?.data).toHaveLength(0);
  });
});
