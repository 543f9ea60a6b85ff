import { type BrokerHarness, describeBroker } from "@parlance/testkit/contracts";
import { describeWith, serviceUrl } from "@parlance/testkit/services";
import { TcpProxy } from "@parlance/testkit/tcp-proxy";
import { connect } from "amqplib";
import { parseBrokerUrl } from "../url/broker-url.ts";
import { createRabbitmqBroker, exchangeOf } from "./index.ts";

const service = new URL(serviceUrl("rabbitmq"));

async function start(): Promise<BrokerHarness> {
  const [place = { host: "127.0.0.1", port: 5672 }] = parseBrokerUrl(service.href).hosts;
  const proxy = await TcpProxy.open(place);
  const urlOf = (via: "proxy" | "nowhere" | undefined): string => {
    const url = new URL(service);
    if (via !== undefined) url.host = `127.0.0.1:${via === "proxy" ? proxy.port : 1}`;
    return url.href;
  };
  return {
    proxy,
    open: ({ via, ...options }) => createRabbitmqBroker({ ...options, url: urlOf(via) }),
    async inject(installId, subject, bytes) {
      const connection = await connect(service.href);
      const channel = await connection.createChannel();
      channel.publish(exchangeOf(installId), subject, bytes);
      await channel.close();
      await connection.close();
    },
    close: () => proxy.close(),
  };
}

describeWith("rabbitmq")("on RabbitMQ", () => {
  describeBroker("rabbitmq", start, { hasProxy: true, canInject: true });
});
