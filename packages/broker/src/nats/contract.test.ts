import { connect } from "@nats-io/transport-node";
import { type BrokerHarness, describeBroker } from "@parlance/testkit/contracts";
import { describeWith, serviceUrl } from "@parlance/testkit/services";
import { TcpProxy } from "@parlance/testkit/tcp-proxy";
import { parseBrokerUrl } from "../url/broker-url.ts";
import { createNatsBroker, natsSubject } from "./index.ts";

const service = new URL(serviceUrl("nats"));

async function start(): Promise<BrokerHarness> {
  const [place = { host: "127.0.0.1", port: 4222 }] = parseBrokerUrl(service.href).hosts;
  const proxy = await TcpProxy.open(place);
  const urlOf = (via: "proxy" | "nowhere" | undefined): string => {
    const url = new URL(service);
    if (via !== undefined) url.host = `127.0.0.1:${via === "proxy" ? proxy.port : 1}`;
    return url.href;
  };
  return {
    proxy,
    open: ({ via, ...options }) => createNatsBroker({ ...options, url: urlOf(via) }),
    async inject(installId, subject, bytes) {
      const connection = await connect({ servers: `${place.host}:${place.port}` });
      connection.publish(`parlance.${installId}.${natsSubject(subject)}`, bytes);
      await connection.drain();
    },
    close: () => proxy.close(),
  };
}

describeWith("nats")("on NATS", () => {
  describeBroker("nats", start, { hasProxy: true, canInject: true });
});
