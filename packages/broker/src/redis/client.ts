/** Connections to Redis and Valkey: one attempt each, at one address; who asks for one comes again by itself. */

import { isIP } from "node:net";
import { createClient, type RedisClientType } from "@redis/client";
import type { Ear } from "../line/line.ts";
import type { BrokerHost, BrokerUrl } from "../url/broker-url.ts";

const connectMs = 3_500;

export type Client = RedisClientType<{}, {}, {}, 2, {}>;

/** A client that makes one attempt and is destroyed with the signal. */
export async function open(
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

/** Where the sentinel says that the primary is. */
export async function primaryOf(
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
