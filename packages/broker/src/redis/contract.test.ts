import { type BrokerHarness, describeBroker } from "@parlance/testkit/contracts";
import { describeWith, serviceUrl } from "@parlance/testkit/services";
import { TcpProxy } from "@parlance/testkit/tcp-proxy";
import { createClient } from "@redis/client";
import { parseBrokerUrl } from "../url/broker-url.ts";
import { createRedisBroker } from "./index.ts";

const service = new URL(serviceUrl("redis"));

async function start(): Promise<BrokerHarness> {
  const [place = { host: "127.0.0.1", port: 6379 }] = parseBrokerUrl(service.href).hosts;
  const proxy = await TcpProxy.open(place);
  const urlOf = (via: "proxy" | "nowhere" | undefined): string => {
    const url = new URL(service);
    if (via !== undefined) url.host = `127.0.0.1:${via === "proxy" ? proxy.port : 1}`;
    return url.href;
  };
  return {
    proxy,
    open: ({ via, ...options }) => createRedisBroker({ ...options, url: urlOf(via) }),
    async inject(installId, subject, bytes) {
      const client = createClient({ url: service.href });
      await client.connect();
      await client.publish(`parlance:${installId}:${subject}`, bytes);
      await client.close();
    },
    close: () => proxy.close(),
  };
}

describeWith("redis")("on Redis", () => {
  describeBroker("redis", start, { hasProxy: true, canInject: true });
});
