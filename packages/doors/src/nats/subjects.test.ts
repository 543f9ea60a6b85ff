import { connect } from "@nats-io/transport-node";
import { parseBrokerUrl } from "@parlance/broker/url";
import { serviceUrl } from "@parlance/testkit/services";
import { describeListeningDoor } from "../../test/listening-door.ts";
import { openNatsSubjects } from "./subjects.ts";

describeListeningDoor("nats", "subjects of NATS", async () => {
  const { hostname, port } = new URL(serviceUrl("nats"));
  const connection = await connect({ servers: `${hostname}:${port}` });
  return {
    open: ({ port: at, prefix, ...options }) =>
      openNatsSubjects({
        ...options,
        url: { ...parseBrokerUrl(serviceUrl("nats")), hosts: [{ host: "127.0.0.1", port: at }] },
        subjects: [`${prefix}.*`],
      }),
    async publish(channel, body) {
      connection.publish(channel, body);
      await connection.flush();
    },
    end: () => connection.close(),
  };
});
