/** The settings of the doors that back ends publish through, beside HTTP, and of webhooks. */
import { BrokerUrlError, parseBrokerUrl } from "@parlance/broker/url";
import { z } from "zod";
import type { Fields } from "./fields.ts";
import { integer, list, yesOrNo } from "./values.ts";

/** The address of a service with a door. What is wrong is told without it: it may contain a password. */
function doorUrl(scheme: RegExp, form: string): z.ZodType<string> {
  return z
    .string()
    .check((check) => {
      const trouble = troubleOf(check.value, scheme, form);
      if (trouble !== undefined) {
        check.issues.push({ code: "custom", message: trouble, input: "(hidden)" });
      }
    })
    .meta({ form });
}

function troubleOf(url: string, scheme: RegExp, form: string): string | undefined {
  if (!scheme.test(url)) return `an address such as ${form}`;
  try {
    parseBrokerUrl(url);
    return undefined;
  } catch (error) {
    if (!(error instanceof BrokerUrlError)) throw error;
    return error.message;
  }
}

/** A name that a service knows something by: a channel, a stream, a queue, a subject. */
const name = z.string().regex(/^[\x21-\x7e]{1,255}$/, "1-255 visible characters, no blanks");

export const doorFields: Fields = {
  door_service: z
    .string()
    .regex(/^[a-z0-9][a-z0-9_.-]{0,63}$/, "1-64 of a-z 0-9 _ . -")
    .default("backend")
    .describe(
      "Who is shown to publish through the doors that name nobody. Idempotency keys are told apart by it.",
    ),
  door_impersonates: yesOrNo
    .default(false)
    .describe(
      "Whether what comes through the doors may name a user as its author (`from`). Who can write there speaks for everybody then.",
    ),
  spool_dir: z
    .string()
    .min(1)
    .exactOptional()
    .describe(
      "Directory that back ends put publications into as files. `spool` in the data directory if not given. " +
        "[How](../protocol/publishing.md#files).",
    ),
  spool: yesOrNo.default(true).describe("Whether files of the spool directory are published."),
  redis_door_url: doorUrl(/^(redis|rediss|redis-sentinel|redis-cluster):/, "`redis://host`")
    .exactOptional()
    .describe("Redis whose channels and streams are published from."),
  redis_door_channels: list(name)
    .default(["notifications"])
    .describe("Channels that are listened to; a channel's name is the room's."),
  redis_door_patterns: list(name).default([]).describe("Patterns of channels, such as `chat_*`."),
  redis_door_streams: list(name)
    .default([])
    .describe("Streams that are read, each entry once, with the consumer group `parlance`."),
  rabbitmq_door_url: doorUrl(/^amqps?:/, "`amqp://host`")
    .exactOptional()
    .describe("RabbitMQ whose queue is published from."),
  rabbitmq_door_queue: name
    .default("parlance.publish")
    .describe(
      "The queue; made if it is absent. What is refused goes to the queue of this name with `.refused`.",
    ),
  rabbitmq_door_exchange: name
    .exactOptional()
    .describe("Exchange that the queue is bound to; made if it is absent."),
  rabbitmq_door_exchange_type: z
    .enum(["topic", "direct", "fanout"])
    .default("topic")
    .describe("Its type, where it is made."),
  rabbitmq_door_routing_key: name.default("#").describe("What of the exchange the queue gets."),
  nats_door_url: doorUrl(/^(nats|tls):/, "`nats://host`")
    .exactOptional()
    .describe("NATS whose subjects or stream are published from."),
  nats_door_subjects: list(name)
    .default(["parlance.publish"])
    .describe(
      "Subjects that are listened to; what comes while nobody listens is lost, as NATS does.",
    ),
  nats_door_stream: name
    .exactOptional()
    .describe(
      "A JetStream stream that is read instead, each message once, by the consumer `parlance`.",
    ),
  outbox: yesOrNo
    .default(false)
    .describe(
      "Whether the table `outbox` of the database is published from. [How](../protocol/publishing.md#the-outbox-table).",
    ),
};

/** What the server tells applications. [How](../../../../docs/operations/webhooks.md). */
export const webhookFields: Fields = {
  webhook_timeout_ms: integer(100, 60_000)
    .default(10_000)
    .describe("How long a receiver of webhooks may take for its whole answer."),
  webhook_give_up_ms: integer(0, 2_592_000_000)
    .default(86_400_000)
    .describe(
      "How long an event is tried before it is put aside as given up. [How](webhooks.md#what-is-given-up).",
    ),
};
