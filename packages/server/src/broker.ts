import type { Broker, Report } from "@parlance/core";
import type { Config } from "./config/schema.ts";

/** Whose broker it is. */
export interface BrokerPlace {
  readonly installId: string;
  readonly nodeId: string;
  readonly report: Report;
}

/**
 * Opens the broker that the configuration names. Drivers of the others are not loaded. One that is down holds a start up for two
 * seconds at most, and is connected to when it comes.
 */
export async function openBroker(
  { broker_url: url }: Pick<Config, "broker_url">,
  place: BrokerPlace,
): Promise<Broker> {
  const [scheme] = url.split(":", 1);
  switch (scheme) {
    case "memory": {
      const { createMemoryBroker } = await import("@parlance/broker/memory");
      return createMemoryBroker();
    }
    case "none": {
      const { createNoBroker } = await import("@parlance/broker/none");
      return createNoBroker();
    }
    case "ipc": {
      const { createIpcBroker } = await import("@parlance/broker/ipc");
      return createIpcBroker({ ...place, path: url.slice("ipc:".length) });
    }
    case "amqp":
    case "amqps": {
      const { createRabbitmqBroker } = await import("@parlance/broker/rabbitmq");
      return createRabbitmqBroker({ ...place, url });
    }
    case "nats":
    case "tls": {
      const { createNatsBroker } = await import("@parlance/broker/nats");
      return createNatsBroker({ ...place, url });
    }
    default: {
      const { createRedisBroker } = await import("@parlance/broker/redis");
      return createRedisBroker({ ...place, url });
    }
  }
}
