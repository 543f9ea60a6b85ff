/**
 * What back ends put where it waits, at three nodes that are killed with -9 in turn: rows of the outbox, entries of a Redis stream,
 * messages of a RabbitMQ queue and of JetStream, all at once. What was acknowledged to the back end is in its room once, in its order.
 */
import { randomUUID } from "node:crypto";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect as connectNats } from "@nats-io/transport-node";
import type { ClusterOptions, DatabaseSession } from "@parlance/testkit/cluster";
import type { ServerEnvironment } from "@parlance/testkit/server-process";
import { serviceUrl } from "@parlance/testkit/services";
import { createClient } from "@redis/client";
import amqp from "amqplib";
import { expect } from "vitest";
import { requires } from "../requirements.ts";
import { Fleet, sayWhile, slowMs } from "./fleet-scene.ts";

/** A place that back ends publish by. */
interface Queue {
  readonly name: string;
  /** Of the nodes. */
  readonly environment: ServerEnvironment;
  /** Resolves when the place has acknowledged it. */
  publish(publication: object): Promise<void>;
  /** What waits there, and what was set aside. */
  left(): Promise<number>;
  close(): Promise<void>;
}

async function redisStream(): Promise<Queue> {
  const stream = `test:${randomUUID()}`;
  const client = createClient({ url: serviceUrl("redis") });
  await client.connect();
  return {
    name: "stream",
    environment: {
      PARLANCE_REDIS_DOOR_URL: serviceUrl("redis"),
      PARLANCE_REDIS_DOOR_CHANNELS: "",
      PARLANCE_REDIS_DOOR_STREAMS: stream,
    },
    publish: async (publication) => {
      await client.xAdd(stream, "*", { publication: JSON.stringify(publication) });
    },
    left: async () => {
      const { pending } = await client.xPending(stream, "parlance");
      return pending + (await client.xLen(`${stream}:refused`));
    },
    close: async () => {
      await client.del([stream, `${stream}:refused`]);
      await client.close();
    },
  };
}

/** Half of it by the exchange that the queue is bound to, half to the queue by its name. */
async function rabbitmq(): Promise<Queue> {
  const queue = `test.${randomUUID()}`;
  const exchange = `${queue}.exchange`;
  const connection = await amqp.connect(serviceUrl("rabbitmq"));
  const channel = await connection.createConfirmChannel();
  // As the nodes make them, so that nothing depends on who is first.
  await channel.assertExchange(exchange, "topic", { durable: true });
  await channel.assertQueue(queue, {
    durable: true,
    arguments: { "x-single-active-consumer": true },
  });
  await channel.bindQueue(queue, exchange, "#");
  let count = 0;
  return {
    name: "rabbitmq",
    environment: {
      PARLANCE_RABBITMQ_DOOR_URL: serviceUrl("rabbitmq"),
      PARLANCE_RABBITMQ_DOOR_QUEUE: queue,
      PARLANCE_RABBITMQ_DOOR_EXCHANGE: exchange,
    },
    publish: async (publication) => {
      count += 1;
      const [to, key] = count % 2 === 0 ? [exchange, "chat"] : ["", queue];
      const body = Buffer.from(JSON.stringify(publication));
      channel.publish(to, key, body, { persistent: true, messageId: randomUUID() });
      await channel.waitForConfirms();
    },
    left: async () => {
      const names = [queue, `${queue}.refused`];
      const found = await Promise.all(names.map((name) => channel.checkQueue(name)));
      return found.reduce((sum, { messageCount }) => sum + messageCount, 0);
    },
    close: async () => {
      for (const name of [queue, `${queue}.refused`]) await channel.deleteQueue(name);
      await channel.deleteExchange(exchange);
      await connection.close();
    },
  };
}

async function jetStream(): Promise<Queue> {
  const stream = `test-${randomUUID()}`;
  const { hostname, port } = new URL(serviceUrl("nats"));
  const connection = await connectNats({ servers: `${hostname}:${port}` });
  const manager = await jetstreamManager(connection);
  const client = jetstream(connection);
  await manager.streams.add({ name: stream, subjects: [`${stream}.>`] });
  const own = async (): Promise<
    readonly { readonly name: string; readonly messages: number }[]
  > => {
    const found: { name: string; messages: number }[] = [];
    for await (const { config, state } of manager.streams.list()) {
      const { name } = config;
      if (name.includes(stream)) found.push({ name, messages: state.messages });
    }
    return found;
  };
  return {
    name: "jetstream",
    environment: {
      PARLANCE_NATS_DOOR_URL: serviceUrl("nats"),
      PARLANCE_NATS_DOOR_STREAM: stream,
      PARLANCE_NATS_DOOR_SUBJECTS: `${stream}.>`,
    },
    publish: async (publication) => {
      await client.publish(`${stream}.x`, JSON.stringify(publication));
    },
    left: async () => {
      const refused = (await own()).filter(({ name }) => name !== stream);
      const info = await manager.consumers.info(stream, "parlance");
      const waiting = info.num_pending + info.num_ack_pending;
      return refused.reduce((sum, { messages }) => sum + messages, waiting);
    },
    close: async () => {
      for (const { name } of await own()) await manager.streams.delete(name);
      await connection.close();
    },
  };
}

/** Rows in transactions of the application's own, every other one after a transaction that is taken back. */
async function outbox(fleet: Fleet): Promise<Queue> {
  const { database } = fleet.cluster;
  const session: DatabaseSession = await database.session();
  const table = database.table("outbox");
  const say = (publication: object): string => {
    const text = JSON.stringify(publication);
    return database.engine === "postgresql"
      ? `SELECT parlance_publish('${text}')`
      : `INSERT INTO ${table} (publication) VALUES ('${text}')`;
  };
  let count = 0;
  return {
    name: "outbox",
    environment: {},
    publish: async (publication) => {
      count += 1;
      if (count % 2 === 0) {
        await session.query("BEGIN");
        await session.query(say({ ...publication, text: "taken back" }));
        await session.query("ROLLBACK");
      }
      await session.query("BEGIN");
      await session.query(say(publication));
      await session.query("COMMIT");
    },
    left: async () => {
      const [row] = await session.query(`SELECT count(*) AS count FROM ${table}`);
      return Number(row?.["count"]);
    },
    close: () => session.close(),
  };
}

const installs = [
  { engine: "postgresql", broker: "redis" },
  { engine: "mariadb", broker: "rabbitmq" },
] as const satisfies readonly ClusterOptions[];

for (const { engine, broker } of installs) {
  requires(
    engine,
    "redis",
    "rabbitmq",
    "nats",
  )(
    `[F-N1] [F-N2] [SC-11] three nodes on ${engine}, each killed in turn: rows of the outbox and what waits in a Redis stream, a RabbitMQ queue and JetStream are there once, in order`,
    async () => {
      const queues = [await redisStream(), await rabbitmq(), await jetStream()];
      let fleet: Fleet | undefined;
      try {
        const environments = queues.map(({ environment }) => environment);
        const running = await Fleet.start({
          engine,
          broker,
          environment: Object.assign({ PARLANCE_OUTBOX: "yes" }, ...environments),
        });
        fleet = running;
        queues.push(await outbox(running));
        const acknowledged = new Map(queues.map(({ name }) => [name, 0]));
        // Whoever takes over, each queue goes on.
        const killing = running.killEach(async () => {
          for (const [name, count] of acknowledged) await running.arrived(`by-${name}`, count);
        });
        const said = await Promise.all(
          queues.map(({ name, publish }) => {
            const say = async (text: string): Promise<void> => {
              await publish({ room: `by-${name}`, text });
              acknowledged.set(name, (acknowledged.get(name) ?? 0) + 1);
            };
            return sayWhile(killing, name, say, 150);
          }),
        );
        for (const [index, queue] of queues.entries()) {
          const texts = said[index] ?? [];
          // Enough that each node was killed between two of them.
          expect(texts.length).toBeGreaterThan(30);
          expect(await running.arriveOnce(`by-${queue.name}`, texts)).toEqual(texts);
          await expect.poll(() => queue.left(), { timeout: 30_000, interval: 200 }).toBe(0);
        }
      } finally {
        await fleet?.remove();
        for (const queue of queues) await queue.close();
      }
    },
    slowMs,
  );
}
