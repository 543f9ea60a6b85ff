import { withPresenceBoard } from "@parlance/broker/board";
import type { Broker, PresenceBoard, Report } from "@parlance/core";
import type { Config } from "./config/schema.ts";

/** Whose broker it is. */
export interface BrokerPlace {
  readonly installId: string;
  readonly nodeId: string;
  readonly report: Report;
  /** Carries presence while the broker does not; asked each time, as the database may be exchanged. */
  readonly board: () => PresenceBoard | undefined;
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
  if (scheme === "memory") {
    const { createMemoryBroker } = await import("@parlance/broker/memory");
    return createMemoryBroker();
  }
  const broker = await openDriver(url, place);
  const carries = (): boolean => broker.carries && broker.isConnected();
  return withPresenceBoard(broker, { ...place, carries });
}

async function openDriver(url: string, place: Omit<BrokerPlace, "board">): Promise<Broker> {
  const [scheme] = url.split(":", 1);
  switch (scheme) {
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
