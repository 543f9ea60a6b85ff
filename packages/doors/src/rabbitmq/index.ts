/**
 * The way in over RabbitMQ: a durable queue, of which a message is taken when its publication is stored. What is refused goes to a
 * queue beside it, with the reason. One node at a time gets messages (`x-single-active-consumer`), since several would each
 * publish a part of a room's messages in an order of its own.
 *
 * A message without an id of its own has no identity in RabbitMQ: one that is delivered again after a crash of the server, or
 * after the connection was cut, cannot be told from another that says the same, and is stored twice.
 */
import type { ProtocolError } from "@parlance/protocol";
import type { Channel, ChannelModel, ConfirmChannel, ConsumeMessage, Options } from "amqplib";
import type { Door } from "../door.ts";
import { BrokerDoor, type BrokerDoorOptions } from "../line/broker-door.ts";
import { Intake, maxUnderWay } from "../line/intake.ts";
import { KeptOpen, type Shift } from "../line/keep-open.ts";
import { keyOfId, randomKey } from "../line/keys.ts";
import type { ServiceHost } from "../line/service-url.ts";
import { aborted } from "../line/waiting.ts";
import { readBytes } from "../read.ts";
import { connectRabbitmq, declares, isAbsent, isRefusal, watch } from "./connect.ts";

export interface RabbitmqDoorOptions extends BrokerDoorOptions {
  /** Declared durable; one that is there with other arguments is taken as it is, by one node at a time. */
  readonly queue: string;
  /** The queue is bound to it. Declared durable; one that is there is taken as it is. Absent: senders name the queue. */
  readonly exchange?: string;
  /** `topic` if absent. Symfony's Messenger makes `fanout`. */
  readonly exchangeType?: "topic" | "direct" | "fanout";
  /** `#` if absent. */
  readonly routingKey?: string;
}

const name = "rabbitmq";
/** Messages that are kept of what was refused. The oldest goes first. */
const maxRefused = 10_000;

/** Where a queue's refused messages are, with `x-reason`, `x-reason-field` and `x-reason-rule` among their headers. */
export function refusedQueueOf(queue: string): string {
  return `${queue}.refused`;
}

/** @returns once it consumes, at the latest after two seconds. It goes on trying by itself. */
export async function openRabbitmqDoor(options: RabbitmqDoorOptions): Promise<Door> {
  const { url, doorway, report, lease } = options;
  const intake = new Intake({ name, doorway, report });
  let isShared = false;
  const line = new KeptOpen<ServiceHost>({
    name,
    addresses: url.hosts,
    report,
    lease,
    needsLease: () => isShared,
    async serve(shift) {
      const connection = await connectRabbitmq(url, shift);
      const hadLease = isShared;
      isShared = !(await declareAll(connection, options));
      // The queue does not see to the order: the lease does, from the next attempt on.
      if (isShared && !hadLease) return;
      await new Consumer(options, intake, shift).run(connection, isShared);
    },
    idle: () => intake.idle(),
  });
  await line.start();
  return new BrokerDoor(name, { doorway, intake, line });
}

/** @returns whether the queue hands its messages to one consumer at a time. */
async function declareAll(
  connection: ChannelModel,
  { queue, exchange, exchangeType = "topic", routingKey = "#" }: RabbitmqDoorOptions,
): Promise<boolean> {
  await declares(connection, async (channel) => {
    await channel.assertQueue(refusedQueueOf(queue), {
      durable: true,
      maxLength: maxRefused,
    });
  }).catch((error: unknown) => {
    // It waits for its server in the cluster. That must not hold up what is in order; what is refused waits until it is back.
    if (!isAbsent(error)) throw error;
  });
  const isOurs = await declares(connection, async (channel) => {
    const singly = { "x-single-active-consumer": true };
    await channel.assertQueue(queue, { durable: true, arguments: singly });
  });
  if (exchange !== undefined) {
    await declares(connection, (channel) =>
      channel.assertExchange(exchange, exchangeType, { durable: true }),
    );
    await declares(connection, (channel) => channel.bindQueue(queue, exchange, routingKey));
  }
  return isOurs;
}

/** What one connection does. */
class Consumer {
  readonly #options: RabbitmqDoorOptions;
  readonly #intake: Intake;
  readonly #shift: Shift<ServiceHost>;
  /** Behind the message that was delivered last. */
  #turn: Promise<void> = Promise.resolve();

  constructor(options: RabbitmqDoorOptions, intake: Intake, shift: Shift<ServiceHost>) {
    this.#options = options;
    this.#intake = intake;
    this.#shift = shift;
  }

  async run(connection: ChannelModel, isShared: boolean): Promise<void> {
    const { url, queue } = this.#options;
    const { ending, lost } = this.#shift;
    // Under a memory alarm the server stops reading from those that publish, and would not hear acknowledgements there either.
    const outgoing = await connectRabbitmq(url, this.#shift);
    const out = await outgoing.createConfirmChannel();
    watch(out, lost);
    out.on("return", () => lost(new Error("no queue for what is refused")));
    const channel = await this.#consume(connection, out, isShared);
    this.#shift.opened({
      ping: () => channel.checkQueue(queue),
      async close() {
        for (const one of [channel, connection, outgoing]) one.removeAllListeners("close");
        // The channel first: closing a connection overtakes what its channels have not written yet.
        await channel.close();
        await connection.close();
        await outgoing.close();
      },
    });
    // It stays the queue's consumer until its channel closes: with a cancellation the next one would get what is behind this one's messages
    // before those that were left here have gone back to their places.
    await aborted(ending);
  }

  /** @param isExclusive Where the queue can do that: another node that has not heard of its end keeps this one out. */
  async #consume(
    connection: ChannelModel,
    out: ConfirmChannel,
    isExclusive: boolean,
  ): Promise<Channel> {
    const { queue } = this.#options;
    const { lost } = this.#shift;
    const channel = await connection.createChannel();
    channel.on("error", () => {});
    await channel.prefetch(maxUnderWay);
    const deliver = (message: ConsumeMessage | null): void => {
      // Somebody deleted the queue.
      if (message === null) lost(new Error("queue gone"));
      else this.#turn = this.#turn.then(() => this.#take(message, () => channel.ack(message), out));
    };
    try {
      await channel.consume(queue, deliver, { exclusive: isExclusive });
      watch(channel, lost);
      return channel;
    } catch (error) {
      if (!isExclusive || !isRefusal(error)) throw error;
      return await this.#consume(connection, out, false);
    }
  }

  async #take(
    message: ConsumeMessage,
    acknowledge: () => void,
    out: ConfirmChannel,
  ): Promise<void> {
    await this.#intake.room(this.#shift.gone);
    // What is left lying goes back to its place in the queue when the channel closes.
    if (!this.#shift.isMine() || this.#shift.gone.aborted) return;
    const { queue, foreign } = this.#options;
    const id = idOf(message);
    this.#intake.take({
      read: () => readBytes(message.content, foreign),
      key: id === undefined ? randomKey() : keyOfId(id),
      place: queue,
      published: acknowledge,
      refused: async (error) => {
        await this.#setAside(message, error, out);
        acknowledge();
      },
      unsettled: (reason) => this.#shift.lost(reason),
    });
  }

  /** Resolves when the server has it. */
  async #setAside(
    message: ConsumeMessage,
    error: ProtocolError,
    out: ConfirmChannel,
  ): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const send = (properties: Options.Publish): void => {
      const queue = refusedQueueOf(this.#options.queue);
      out.sendToQueue(
        queue,
        message.content,
        { ...properties, mandatory: true, persistent: true },
        (failure: unknown) => (failure === null ? resolve() : reject(failure as Error)),
      );
    };
    const reasons = reasonsOf(error);
    try {
      send({ ...kept(message), headers: { ...headersOf(message), ...reasons } });
    } catch {
      // What the driver has read and cannot write, such as headers that fill 64 KiB without ours.
      send({ headers: reasons });
    }
    await promise;
  }
}

function idOf({ properties }: ConsumeMessage): string | undefined {
  const ids = [properties.messageId, properties.headers?.["message_id"]] as readonly unknown[];
  return ids.find((id): id is string => typeof id === "string" && id !== "");
}

function reasonsOf({ code, details }: ProtocolError): Readonly<Record<string, string>> {
  const { field, rule } = details ?? {};
  return {
    "x-reason": code,
    ...(typeof field === "string" ? { "x-reason-field": field } : {}),
    ...(typeof rule === "string" ? { "x-reason-rule": rule } : {}),
  };
}

/** Without what would make the copy expire, or be refused because another user sends it. */
function kept({ properties }: ConsumeMessage): Options.Publish {
  const { messageId, type, contentType, contentEncoding, correlationId, timestamp, appId } =
    properties as Options.Publish;
  const all = { messageId, type, contentType, contentEncoding, correlationId, timestamp, appId };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** Without what would send copies elsewhere. */
function headersOf({ properties }: ConsumeMessage): Readonly<Record<string, unknown>> {
  const { CC: _cc, BCC: _bcc, ...headers } = properties.headers ?? {};
  return headers;
}
