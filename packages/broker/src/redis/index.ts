/**
 * The broker on Redis or Valkey, by PUBLISH and SUBSCRIBE. Any node of a cluster will do, since a cluster hands such messages to
 * all of its nodes; sentinels are asked for their primary at each attempt.
 */

import { isIP } from "node:net";
import type { Subject } from "@parlance/core";
import { createClient, type RedisClientType } from "@redis/client";
import { createLineBroker, type LineBroker } from "../line/broker.ts";
import { installKey } from "../line/install-key.ts";
import type { BrokerOptions, Ear, Line } from "../line/line.ts";
import {
  type BrokerHost,
  type BrokerUrl,
  BrokerUrlError,
  parseBrokerUrl,
} from "../url/broker-url.ts";

/** Redis takes 512 MB, but one long message holds up everybody else's. */
const maxBytes = 1_048_576;
const connectMs = 3_500;

type Client = RedisClientType<{}, {}, {}, 2, {}>;

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

/** A client that makes one attempt and is destroyed with the signal. */
async function open(
  { host, port }: BrokerHost,
  url: Pick<BrokerUrl, "scheme" | "user" | "password">,
  ear: Pick<Ear, "lost">,
  signal: AbortSignal,
): Promise<Client> {
  const { user, password } = url;
  const client = createClient({
    // Versions before 6 know nothing else.
    RESP: 2,
    ...(user === undefined ? {} : { username: user }),
    ...(password === undefined ? {} : { password }),
    socket: {
      host,
      port,
      ...(url.scheme === "rediss:" ? { tls: true as const } : {}),
      ...(isIP(host) === 0 ? { servername: host } : {}),
      connectTimeout: connectMs,
      reconnectStrategy: false,
    },
    disableOfflineQueue: true,
    maintNotifications: "disabled",
  }) as unknown as Client;
  client.on("error", (error: unknown) => ear.lost(error));
  client.on("end", () => ear.lost(new Error("closed")));
  signal.addEventListener("abort", () => client.destroy(), { once: true });
  await client.connect();
  if (signal.aborted) client.destroy();
  return client;
}

async function primaryOf(
  name: string,
  sentinel: BrokerHost,
  { user, password }: BrokerUrl,
  signal: AbortSignal,
): Promise<BrokerHost> {
  const done = new AbortController();
  const either = AbortSignal.any([signal, done.signal]);
  const ask = async (credentials: Pick<BrokerUrl, "user" | "password">): Promise<unknown> => {
    const url = { scheme: "redis:", ...credentials } as const;
    const client = await open(sentinel, url, { lost: () => {} }, either);
    return client.sendCommand(["SENTINEL", "GET-MASTER-ADDR-BY-NAME", name]);
  };
  try {
    // Most sentinels ask for no password, and refuse one that they do not ask for.
    const answer = await ask({}).catch(() =>
      ask({
        ...(user === undefined ? {} : { user }),
        ...(password === undefined ? {} : { password }),
      }),
    );
    const [host, port] = Array.isArray(answer) ? (answer as unknown[]).map(String) : [];
    if (host === undefined || port === undefined)
      throw new Error("the sentinel knows no such primary");
    return { host, port: Number(port) };
  } finally {
    done.abort();
  }
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
