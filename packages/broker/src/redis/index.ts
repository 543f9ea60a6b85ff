/**
 * The broker on Redis or Valkey, by PUBLISH and SUBSCRIBE. Any node of a cluster will do, since a cluster hands such messages to
 * all of its nodes; sentinels are asked for their primary at each attempt.
 */

import type { Subject } from "@parlance/core";
import { createLineBroker, type LineBroker } from "../line/broker.ts";
import { installKey } from "../line/install-key.ts";
import type { BrokerOptions, Ear, Line } from "../line/line.ts";
import {
  type BrokerHost,
  type BrokerUrl,
  BrokerUrlError,
  parseBrokerUrl,
} from "../url/broker-url.ts";
import { open, primaryOf } from "./client.ts";

/** Redis takes 512 MB, but one long message holds up everybody else's. */
const maxBytes = 1_048_576;

/**
 * Makes a broker of `redis://user:password@host:port`, `rediss://`, `redis-cluster://host,host` or
 * `redis-sentinel://host,host/name-of-the-primary`. Several hosts are tried in turn.
 *
 * @returns once connected, at the latest after two seconds. It goes on trying by itself.
 * @throws BrokerUrlError
 */
export function createRedisBroker(options: BrokerOptions): Promise<LineBroker> {
  const url = parseBrokerUrl(options.url);
  if (!url.scheme.startsWith("redis")) throw new BrokerUrlError("is no URL of Redis");
  const primary = url.scheme === "redis-sentinel:" ? (url.path ?? "") : undefined;
  return createLineBroker<BrokerHost>({
    ...options,
    name: "redis",
    addresses: url.hosts,
    async dial(host, ear, signal) {
      const place = primary === undefined ? host : await primaryOf(primary, host, url, signal);
      return dial(place, url, `parlance:${installKey(options.installId)}:`, ear, signal);
    },
  });
}

/*
 * Two connections: one that only listens may be closed by Redis for being slow (`client-output-buffer-limit pubsub`), and RESP 2
 * takes no PUBLISH there.
 */
async function dial(
  host: BrokerHost,
  url: BrokerUrl,
  prefix: string,
  ear: Ear,
  signal: AbortSignal,
): Promise<Line> {
  const [publisher, subscriber] = await Promise.all([
    open(host, url, ear, signal),
    open(host, url, ear, signal),
  ]);
  const hear = (message: Buffer, channel: Buffer): void => {
    ear.message(channel.toString("latin1", prefix.length) as Subject, message);
  };
  return {
    maxBytes,
    isBlocked: () => false,
    send(subject, bytes) {
      publisher
        .sendCommand(["PUBLISH", prefix + subject, bytes])
        .catch((error: unknown) => ear.lost(error));
    },
    listen: (subject) => subscriber.subscribe(prefix + subject, hear, true),
    unlisten: (subject) => subscriber.unsubscribe(prefix + subject, hear, true),
    async ping() {
      await Promise.all([publisher.ping(), subscriber.ping()]);
    },
    async close() {
      await Promise.all([publisher.close(), subscriber.close()]);
    },
  } satisfies Line;
}
