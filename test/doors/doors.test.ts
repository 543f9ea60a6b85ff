/**
 * Every door of back ends at the server as it is run: it is killed with -9 and started again at random moments while a back end
 * publishes. What was acknowledged to the back end is in the log once, in its order.
 */
import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect as connectNats } from "@nats-io/transport-node";
import { createPublisher } from "@parlance/publisher";
import { freePort, type ServerEnvironment, ServerProcess } from "@parlance/testkit/server-process";
import { serviceUrl } from "@parlance/testkit/services";
import { createClient } from "@redis/client";
import amqp from "amqplib";
import { afterEach, beforeEach, describe, expect } from "vitest";
import { parlance } from "../e2e/command-line.ts";
import { type Requirement, requires } from "../requirements.ts";

const timeoutMs = 120_000;
const count = 240;
const kills = 4;

let directory: string;
let server: ServerProcess;
let key: string;
let environment: ServerEnvironment;

/** Starts a server with a key for a back end. */
async function begin(more: ServerEnvironment = {}): Promise<void> {
  environment = { PARLANCE_DATA_DIR: join(directory, "data"), PARLANCE_LOG_LEVEL: "warn", ...more };
  const made = await parlance(["key", "create", "--scope", "publish,read", "--name", "shop"], {
    PARLANCE_DATA_DIR: join(directory, "data"),
  });
  key = made.out.trim();
  server = new ServerProcess(await freePort(), join(directory, "data"), environment);
  await server.start();
}

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "parlance-doors-"));
});
afterEach(async () => {
  await server?.kill();
  rmSync(directory, { recursive: true, force: true });
});

/** What the room's log has, in order. */
async function textsOf(room: string): Promise<string[]> {
  const texts: string[] = [];
  for (let after = 0; ; ) {
    const path = `/api/v1/rooms/${room}/messages?after=${after}&limit=200`;
    const answer = await fetch(`${server.url}${path}`, {
      headers: { authorization: `Bearer ${key}` },
    });
    if (answer.status === 404) return texts;
    const { events } = (await answer.json()) as {
      readonly events: readonly { sequence: number; type: string; data: { text: string } }[];
    };
    if (events.length === 0) return texts;
    for (const { sequence, type, data } of events) {
      after = sequence;
      if (type === "message.created") texts.push(data.text);
    }
  }
}

/** Publishes one after the other while the server is killed again and again. */
async function publishThroughKills(publish: (text: string) => Promise<unknown>): Promise<string[]> {
  const said: string[] = [];
  let isDone = false;
  const killing = (async () => {
    for (let kill = 0; kill < kills && !isDone; kill += 1) {
      const wanted = ((kill + 1) * count) / (kills + 2);
      while (said.length < wanted) await new Promise((resolve) => setTimeout(resolve, 2));
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
      await server.kill();
      await server.start();
    }
  })();
  for (let index = 0; index < count; index += 1) {
    const text = `publication ${index}`;
    await publish(text);
    said.push(text);
    // Slow enough that kills fall between.
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  isDone = true;
  await killing;
  return said;
}

async function arrives(room: string, said: readonly string[]): Promise<void> {
  await expect
    .poll(async () => (await textsOf(room)).length, { timeout: 60_000, interval: 200 })
    .toBeGreaterThanOrEqual(said.length);
  expect(await textsOf(room)).toEqual(said);
}

function door(name: string, needs: readonly Requirement[], run: () => Promise<void>): void {
  requires(...needs)(name, run, timeoutMs);
}

describe("[F-N1] [F-N2] publications of a back end while the server is killed: each once, in order", () => {
  door("[PE-14] files of the spool", [], async () => {
    await begin();
    const spoolDirectory = join(directory, "data/spool");
    const publisher = createPublisher({ spoolDirectory });
    const said = await publishThroughKills((text) => publisher.publish({ room: "spooled", text }));
    await arrives("spooled", said);
    await expect
      .poll(() => readdirSync(spoolDirectory).filter((name) => name.endsWith(".json")))
      .toEqual([]);
    expect(readdirSync(join(spoolDirectory, "refused"))).toEqual([]);
  });

  door("[PE-14] HTTP, with the spool where the server does not answer", [], async () => {
    await begin();
    const publisher = createPublisher({
      url: server.url,
      key,
      spoolDirectory: join(directory, "data/spool"),
      timeoutMs: 1_000,
    });
    const ways: string[] = [];
    const said = await publishThroughKills(async (text) => {
      const { by } = await publisher.publish({ room: "both", text });
      ways.push(by);
    });
    await expect
      .poll(async () => (await textsOf("both")).length, { timeout: 60_000 })
      .toBeGreaterThanOrEqual(said.length);
    // Between the two ways the order is that of arrival at the server.
    expect((await textsOf("both")).toSorted()).toEqual(said.toSorted());
    expect(new Set(ways)).toEqual(new Set(["http", "spool"]));
  });

  door("rows of the outbox", [], async () => {
    await begin({ PARLANCE_OUTBOX: "yes" });
    const file = join(directory, "data/outbox.sqlite");
    await expect.poll(() => existsSync(file)).toBe(true);
    const database = new DatabaseSync(file, { timeout: 10_000 });
    const insert = database.prepare("INSERT INTO outbox (publication) VALUES (?)");
    const said = await publishThroughKills(async (text) => {
      insert.run(JSON.stringify({ room: "rows", text }));
    });
    await arrives("rows", said);
    database.close();
  });

  door("entries of a Redis stream", ["redis"], async () => {
    const stream = `test:${randomUUID()}`;
    const client = createClient({ url: serviceUrl("redis") });
    await client.connect();
    try {
      await begin({
        PARLANCE_REDIS_DOOR_URL: serviceUrl("redis"),
        PARLANCE_REDIS_DOOR_CHANNELS: "",
        PARLANCE_REDIS_DOOR_STREAMS: stream,
      });
      const said = await publishThroughKills((text) =>
        client.xAdd(stream, "*", { room: "streamed", text }),
      );
      await arrives("streamed", said);
    } finally {
      await client.del([stream, `${stream}:refused`]);
      await client.close();
    }
  });

  door("[SC-11] messages of a RabbitMQ queue, that have an id", ["rabbitmq"], async () => {
    const queue = `test.${randomUUID()}`;
    const connection = await amqp.connect(serviceUrl("rabbitmq"));
    const channel = await connection.createConfirmChannel();
    try {
      await begin({
        PARLANCE_RABBITMQ_DOOR_URL: serviceUrl("rabbitmq"),
        PARLANCE_RABBITMQ_DOOR_QUEUE: queue,
      });
      const said = await publishThroughKills(async (text) => {
        const body = Buffer.from(JSON.stringify({ room: "queued", text }));
        channel.sendToQueue(queue, body, { persistent: true, messageId: randomUUID() });
        await channel.waitForConfirms();
      });
      await arrives("queued", said);
    } finally {
      await server?.kill();
      await channel.deleteQueue(queue);
      await channel.deleteQueue(`${queue}.refused`);
      await connection.close();
    }
  });

  door("messages of a JetStream stream", ["nats"], async () => {
    const stream = `test-${randomUUID()}`;
    const { hostname, port } = new URL(serviceUrl("nats"));
    const connection = await connectNats({ servers: `${hostname}:${port}` });
    const manager = await jetstreamManager(connection);
    const client = jetstream(connection);
    await manager.streams.add({ name: stream, subjects: [`${stream}.>`] });
    try {
      await begin({
        PARLANCE_NATS_DOOR_URL: serviceUrl("nats"),
        PARLANCE_NATS_DOOR_STREAM: stream,
        PARLANCE_NATS_DOOR_SUBJECTS: `${stream}.>`,
      });
      const said = await publishThroughKills((text) =>
        client.publish(`${stream}.x`, JSON.stringify({ room: "jets", text })),
      );
      await arrives("jets", said);
    } finally {
      await server?.kill();
      for await (const info of manager.streams.list()) {
        if (info.config.name.includes(stream)) await manager.streams.delete(info.config.name);
      }
      await connection.close();
    }
  });
});

describe("what nobody keeps", () => {
  door("[PE-13] [MMB-15] PUBLISH on channels of Redis reaches its room", ["redis"], async () => {
    const mine = `chat_${randomUUID().slice(0, 8)}`;
    await begin({
      PARLANCE_REDIS_DOOR_URL: serviceUrl("redis"),
      PARLANCE_REDIS_DOOR_CHANNELS: "notifications",
      PARLANCE_REDIS_DOOR_PATTERNS: `${mine}*`,
    });
    const client = createClient({ url: serviceUrl("redis") });
    await client.connect();
    const publish = async (channel: string, message: string): Promise<void> => {
      await expect.poll(() => client.publish(channel, message), { timeout: 10_000 }).toBe(1);
    };
    await publish(
      "notifications",
      JSON.stringify({
        type: "notification",
        message: "New booking created",
        data: { id: 123 },
        timestamp: "2026-11-27T10:00:00Z",
      }),
    );
    await publish(mine, JSON.stringify({ type: "message", room: mine, message: { text: "Hi" } }));
    await publish(mine, JSON.stringify({ text: "To the room of the channel" }));
    await expect.poll(() => textsOf("notifications")).toEqual(["New booking created"]);
    await expect.poll(() => textsOf(mine)).toEqual(["Hi", "To the room of the channel"]);
    await client.close();
  });

  door("messages of a NATS subject", ["nats"], async () => {
    const subject = `test.${randomUUID()}`;
    await begin({
      PARLANCE_NATS_DOOR_URL: serviceUrl("nats"),
      PARLANCE_NATS_DOOR_SUBJECTS: subject,
    });
    const { hostname, port } = new URL(serviceUrl("nats"));
    const connection = await connectNats({ servers: `${hostname}:${port}` });
    await expect
      .poll(
        async () => {
          connection.publish(subject, JSON.stringify({ room: "subject", text: "Heard" }));
          await connection.flush();
          return (await textsOf("subject")).length;
        },
        { timeout: 10_000 },
      )
      .toBeGreaterThan(0);
    await connection.close();
  });
});

describe("at the command line", () => {
  door("a spool that is there before the server is read at its start", [], async () => {
    mkdirSync(join(directory, "data/spool"), { recursive: true });
    const publisher = createPublisher({ spoolDirectory: join(directory, "data/spool") });
    for (let index = 0; index < 5; index += 1) {
      await publisher.publish({ room: "early", text: `early ${index}` });
    }
    await begin();
    await arrives(
      "early",
      Array.from({ length: 5 }, (_, index) => `early ${index}`),
    );
  });
});
