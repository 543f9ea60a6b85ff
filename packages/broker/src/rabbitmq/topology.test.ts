import { once } from "node:events";
import { type AddressInfo, connect as connectTcp, createServer, type Socket } from "node:net";
import type { Notice } from "@parlance/core";
import { describeWith, serviceUrl } from "@parlance/testkit/services";
import { connect } from "amqplib";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { LineBroker } from "../line/broker.ts";
import { parseBrokerUrl } from "../url/broker-url.ts";
import { createRabbitmqBroker, exchangeOf } from "./index.ts";

const url = serviceUrl("rabbitmq");
const [place = { host: "127.0.0.1", port: 5672 }] = parseBrokerUrl(url).hosts;

let installId: string;
let opened: LineBroker[] = [];
beforeEach(() => {
  installId = `topology-${process.pid}-${Math.random().toString(36).slice(2)}`;
});
afterEach(async () => {
  await Promise.all(opened.map((broker) => broker.close()));
  opened = [];
});

async function open(nodeId: string, at: string = url): Promise<LineBroker> {
  const broker = await createRabbitmqBroker({ url: at, installId, nodeId, report: () => {} });
  opened.push(broker);
  return broker;
}

async function asOperator(
  work: (
    channel: Awaited<ReturnType<Awaited<ReturnType<typeof connect>>["createChannel"]>>,
  ) => Promise<unknown>,
): Promise<void> {
  const connection = await connect(url);
  const channel = await connection.createChannel();
  await work(channel);
  await connection.close();
}

async function heardAgain(from: LineBroker, to: readonly Notice[]): Promise<void> {
  let head = 1_000;
  await expect
    .poll(
      () => {
        head += 1;
        from.publish("control", { type: "control", head });
        return to.some((notice) => notice.type === "control" && notice.head > 1_000);
      },
      { timeout: 15_000, interval: 100 },
    )
    .toBe(true);
}

/** Passes everything, and puts frames of its own into what comes from the server. */
class FramePutter {
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((near) => {
    const far = connectTcp(place.port, place.host);
    near.pipe(far).pipe(near);
    for (const socket of [near, far]) socket.on("error", () => near.destroy());
    this.#sockets.add(near);
    near.on("close", () => {
      this.#sockets.delete(near);
      far.destroy();
    });
  });

  async listen(): Promise<number> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return (this.#server.address() as AddressInfo).port;
  }

  /** AMQP 0-9-1 with RabbitMQ's `connection.blocked` (10, 60) and `connection.unblocked` (10, 61), on channel 0. */
  put(method: 60 | 61): void {
    const reason = method === 60 ? [3, ...Buffer.from("low")] : [];
    const payload = Buffer.from([0, 10, 0, method, ...reason]);
    const head = Buffer.from([1, 0, 0, 0, 0, 0, payload.length]);
    const frame = Buffer.concat([head, payload, Buffer.from([0xce])]);
    for (const socket of this.#sockets) socket.write(frame);
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

describeWith("rabbitmq")("RabbitMQ's own faults", () => {
  test("[F-B9] an exchange that was deleted is declared again, with everybody's bindings", async () => {
    const [a, b, quiet] = [await open("a"), await open("b"), await open("quiet")];
    const [toB, toQuiet]: Notice[][] = [[], []];
    let interruptions = 0;
    quiet.onInterruption(() => void (interruptions += 1));
    await b.subscribe("control", (notice) => toB?.push(notice));
    await quiet.subscribe("control", (notice) => toQuiet?.push(notice));
    await asOperator((channel) => channel.deleteExchange(exchangeOf(installId)));
    await Promise.all([heardAgain(a, toB ?? []), heardAgain(a, toQuiet ?? [])]);
    // It never published itself, so nobody told it; its ping found out.
    expect(interruptions).toBe(1);
  });

  test("[F-B9] bindings that were taken away are made again", async () => {
    const [a, b] = [await open("a"), await open("b")];
    const heard: Notice[] = [];
    await b.subscribe("control", (notice) => heard.push(notice));
    // Somebody who puts another exchange in its place takes all bindings with it.
    await asOperator(async (channel) => {
      await channel.deleteExchange(exchangeOf(installId));
      await channel.assertExchange(exchangeOf(installId), "direct", {
        durable: false,
        autoDelete: true,
      });
    });
    await heardAgain(a, heard);
  });

  test("[F-B9] a server that takes nothing blocks nobody, and gets what is left when it does again", async () => {
    const putter = new FramePutter();
    const port = await putter.listen();
    const through = new URL(url);
    through.host = `127.0.0.1:${port}`;
    const [a, b] = [await open("a", through.href), await open("b")];
    const heard: Notice[] = [];
    await b.subscribe("control", (notice) => heard.push(notice));
    await expect.poll(() => a.isConnected()).toBe(true);
    putter.put(60);
    await expect.poll(() => a.isConnected()).toBe(false);
    const startedAt = performance.now();
    for (let head = 0; head < 10; head += 1) {
      a.publish("control", { type: "control", head });
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    // Longer than a ping and its answer may take: it is alive.
    await new Promise((resolve) => setTimeout(resolve, 10_000));
    expect(a.counts().connects).toBe(1);
    expect(heard).toEqual([]);
    putter.put(61);
    await expect.poll(() => heard.length, { timeout: 5_000 }).toBe(10);
    expect(a.isConnected()).toBe(true);
    putter.close();
  });

  test("nothing of an install stays at the server when its nodes are gone", async () => {
    const a = await open("a");
    await a.subscribe("control", () => {});
    await a.close();
    await expect(
      asOperator(async (channel) => {
        channel.on("error", () => {});
        await channel.checkExchange(exchangeOf(installId));
      }),
    ).rejects.toThrow("404");
  });

  test("a wrong password is an outage like any other, and is in no log", async () => {
    const told: unknown[] = [];
    const wrong = new URL(url);
    wrong.password = "canary";
    const broker = await createRabbitmqBroker({
      url: wrong.href,
      installId,
      nodeId: "a",
      report: (...line) => told.push(line),
    });
    opened.push(broker);
    expect(broker.isConnected()).toBe(false);
    expect(told).toHaveLength(1);
    expect(JSON.stringify(told)).not.toContain("canary");
  });
});
