/**
 * The broker on RabbitMQ: one direct exchange for each install, one exclusive queue for each connection, one binding for each
 * room. Nothing is durable or acknowledged, since what is lost is found in the log.
 */
import { randomUUID } from "node:crypto";
import type { Socket } from "node:net";
import type { Subject } from "@parlance/core";
import { type Channel, type ChannelModel, connect } from "amqplib";
import { createLineBroker, type LineBroker } from "../line/broker.ts";
import { installKey } from "../line/install-key.ts";
import type { BrokerOptions, Ear, Line } from "../line/line.ts";
import {
  type BrokerHost,
  type BrokerUrl,
  BrokerUrlError,
  parseBrokerUrl,
} from "../url/broker-url.ts";

const connectMs = 3_500;
const maxBytes = 1_048_576;
/** Seconds between two heartbeats. The echo of `ping` finds a dead connection earlier. */
const heartbeatS = 10;
/** Of a queue that nobody consumes, should the server keep it. */
const queueExpiresMs = 60_000;

/**
 * Makes a broker of `amqp://user:password@host,host/vhost` or `amqps://`. Without a path the virtual host is `/`. Several hosts
 * are tried in turn.
 *
 * @returns once connected, at the latest after two seconds. It goes on trying by itself.
 * @throws BrokerUrlError
 */
export function createRabbitmqBroker(options: BrokerOptions): Promise<LineBroker> {
  const url = parseBrokerUrl(options.url);
  if (url.scheme !== "amqp:" && url.scheme !== "amqps:") {
    throw new BrokerUrlError("is no URL of RabbitMQ");
  }
  return createLineBroker<BrokerHost>({
    ...options,
    name: "rabbitmq",
    addresses: url.hosts,
    dial: (host, ear, signal) => dial(host, url, exchangeOf(options.installId), ear, signal),
  });
}

/** The exchange of an install. */
export function exchangeOf(installId: string): string {
  return `parlance.${installKey(installId)}`;
}

interface Opened {
  readonly connection: ChannelModel;
  readonly channel: Channel;
}

async function open(
  { host, port }: BrokerHost,
  url: BrokerUrl,
  ear: Ear,
  signal: AbortSignal,
): Promise<Opened> {
  const connection = await connect(
    {
      protocol: url.scheme.slice(0, -1),
      hostname: host,
      port,
      username: url.user ?? "guest",
      password: url.password ?? (url.user === undefined ? "guest" : ""),
      vhost: encodeURIComponent(url.path === undefined || url.path === "" ? "/" : url.path),
      heartbeat: heartbeatS,
    },
    { timeout: connectMs, noDelay: true },
  );
  connection.on("error", (error) => ear.lost(error));
  connection.on("close", (error) => ear.lost(error ?? new Error("closed")));
  // With an error, since the driver lets go of its timers for nothing less. A closing handshake may never be answered.
  const end = (): void => {
    socketOf(connection)?.destroy(new Error("given up"));
  };
  signal.addEventListener("abort", end, { once: true });
  if (signal.aborted) end();
  const channel = await connection.createChannel();
  channel.on("error", (error) => ear.lost(error));
  channel.on("close", () => ear.lost(new Error("channel closed")));
  return { connection, channel };
}

/** The driver's types do not show it. */
function socketOf(connection: ChannelModel): Socket | undefined {
  return (connection.connection as unknown as { readonly stream?: Socket }).stream;
}

/*
 * Two connections: under a memory alarm the server stops reading from those that publish, and would not hear that somebody
 * subscribes either.
 */
async function dial(
  host: BrokerHost,
  url: BrokerUrl,
  exchange: string,
  ear: Ear,
  signal: AbortSignal,
): Promise<Line> {
  const [outgoing, incoming] = await Promise.all([
    open(host, url, ear, signal),
    open(host, url, ear, signal),
  ]);
  // Gone when the last node's queue is; a key that no room can have keeps it while somebody is there.
  await incoming.channel.assertExchange(exchange, "direct", { durable: false, autoDelete: true });
  const { queue } = await incoming.channel.assertQueue("", {
    exclusive: true,
    durable: false,
    autoDelete: true,
    expires: queueExpiresMs,
  });
  const line = new RabbitmqLine(outgoing, incoming, { exchange, queue, ear });
  await line.open();
  return line;
}

class RabbitmqLine implements Line {
  readonly maxBytes: number = maxBytes;
  readonly #outgoing: ChannelModel;
  readonly #out: Channel;
  readonly #incoming: ChannelModel;
  readonly #in: Channel;
  readonly #exchange: string;
  readonly #queue: string;
  readonly #ear: Ear;
  /** No room's id begins so. */
  readonly #echoKey = `.${randomUUID()}`;
  #echo: (() => void) | undefined;
  #isBlocked = false;

  constructor(
    outgoing: Opened,
    incoming: Opened,
    names: { readonly exchange: string; readonly queue: string; readonly ear: Ear },
  ) {
    this.#outgoing = outgoing.connection;
    this.#out = outgoing.channel;
    this.#incoming = incoming.connection;
    this.#in = incoming.channel;
    this.#exchange = names.exchange;
    this.#queue = names.queue;
    this.#ear = names.ear;
    outgoing.connection.on("blocked", () => {
      this.#isBlocked = true;
    });
    outgoing.connection.on("unblocked", () => {
      this.#isBlocked = false;
    });
  }

  async open(): Promise<void> {
    await this.#in.bindQueue(this.#queue, this.#exchange, this.#echoKey);
    await this.#in.consume(
      this.#queue,
      (message) => {
        // Somebody deleted the queue.
        if (message === null) this.#ear.lost(new Error("queue gone"));
        else if (message.fields.routingKey === this.#echoKey) this.#echo?.();
        else this.#ear.message(message.fields.routingKey as Subject, message.content);
      },
      { noAck: true, exclusive: true },
    );
  }

  isBlocked(): boolean {
    return this.#isBlocked;
  }

  send(subject: Subject, bytes: Buffer): void {
    try {
      this.#out.publish(this.#exchange, subject, bytes);
    } catch (error) {
      this.#ear.lost(error);
    }
  }

  async listen(subject: Subject): Promise<void> {
    await this.#in.bindQueue(this.#queue, this.#exchange, subject);
  }

  async unlisten(subject: Subject): Promise<void> {
    await this.#in.unbindQueue(this.#queue, this.#exchange, subject);
  }

  /*
   * All the way through the exchange and back: a binding that somebody deleted with the exchange is told by nothing else. A
   * server that takes nothing for want of memory is alive; heartbeats watch it then.
   */
  async ping(): Promise<void> {
    if (this.#isBlocked) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#echo = resolve;
    this.send(this.#echoKey as Subject, Buffer.alloc(0));
    const stop = (): void => resolve();
    this.#outgoing.once("blocked", stop);
    await promise.finally(() => this.#outgoing.off("blocked", stop));
  }

  async close(): Promise<void> {
    // The channel first: closing a connection overtakes what its channels have not written yet.
    await this.#out.close();
    await Promise.all([this.#outgoing.close(), this.#incoming.close()]);
  }
}
