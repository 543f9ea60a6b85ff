/** Connections of the doors to Redis or Valkey: one attempt each, no queue, no coming back by themselves. */
import { isIP } from "node:net";
import { createClient, RESP_TYPES, type RedisClientType } from "@redis/client";
import type { Shift } from "../line/keep-open.ts";
import type { ServiceHost, ServiceUrl } from "../line/service-url.ts";

const connectMs = 3_500;

/** Texts of any length arrive as bytes. */
export type RedisClient = RedisClientType<{}, {}, {}, 2, {}>;

/** A client at the shift's address, or at the primary that a sentinel there knows. Gone with the shift. */
export async function connectRedis(
  url: ServiceUrl,
  { address, gone, lost }: Pick<Shift<ServiceHost>, "address" | "gone" | "lost">,
): Promise<RedisClient> {
  const host = url.scheme === "redis-sentinel:" ? await primaryAt(address, url, gone) : address;
  return await open(host, url, lost, gone);
}

async function open(
  { host, port }: ServiceHost,
  { scheme, user, password }: Pick<ServiceUrl, "scheme" | "user" | "password">,
  lost: (reason: unknown) => void,
  gone: AbortSignal,
): Promise<RedisClient> {
  const client = createClient({
    // Versions before 6 know nothing else.
    RESP: 2,
    ...(user === undefined ? {} : { username: user }),
    ...(password === undefined ? {} : { password }),
    socket: {
      host,
      port,
      ...(scheme === "rediss:" ? { tls: true as const } : {}),
      ...(isIP(host) === 0 ? { servername: host } : {}),
      connectTimeout: connectMs,
      reconnectStrategy: false,
    },
    commandOptions: { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } },
    disableOfflineQueue: true,
    maintNotifications: "disabled",
  }) as unknown as RedisClient;
  client.on("error", lost);
  client.on("end", () => lost(new Error("closed")));
  gone.addEventListener("abort", () => client.destroy(), { once: true });
  await client.connect();
  if (gone.aborted) client.destroy();
  return client;
}

async function primaryAt(
  sentinel: ServiceHost,
  { user, password, path = "" }: ServiceUrl,
  gone: AbortSignal,
): Promise<ServiceHost> {
  const done = new AbortController();
  const either = AbortSignal.any([gone, done.signal]);
  const ask = async (credentials: Pick<ServiceUrl, "user" | "password">): Promise<unknown> => {
    const client = await open(sentinel, { scheme: "redis:", ...credentials }, () => {}, either);
    return await client.sendCommand(["SENTINEL", "GET-MASTER-ADDR-BY-NAME", path]);
  };
  try {
    // Most sentinels ask for no password, and refuse one that they do not ask for.
    const answer = await ask({}).catch(() =>
      ask({
        ...(user === undefined ? {} : { user }),
        ...(password === undefined ? {} : { password }),
      }),
    );
    const [host, port] = Array.isArray(answer) ? answer.map(String) : [];
    if (host === undefined || port === undefined)
      throw new Error("the sentinel knows no such primary");
    return { host, port: Number(port) };
  } finally {
    done.abort();
  }
}
