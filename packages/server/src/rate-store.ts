import type { RateStore } from "@parlance/core";
import type { Store } from "@parlance/storage";
import type { Config } from "./config/schema.ts";
import { nodeSettings } from "./node-settings.ts";
import { isShared } from "./store.ts";

/** Where the processes of an install share their rates. */
export interface OpenedRates {
  readonly store: RateStore;
  close(): Promise<void>;
}

/**
 * On the broker's Redis where it is one, else in the database; SQLite's are in the memory of the primary. Undefined where one
 * process serves alone, or nothing is limited.
 */
export async function openRateStore(
  config: Config,
  store: Pick<Store, "rates" | "installId">,
  isWorker: boolean,
): Promise<OpenedRates | undefined> {
  const { broker_url: url } = config;
  const isAlone = !isWorker && (url === "memory:" || !isShared(config));
  if (isAlone || nodeSettings(config).rates.length === 0) return undefined;
  if (!url.startsWith("redis")) return { store: store.rates, close: () => Promise.resolve() };
  const { createRedisRates } = await import("@parlance/broker/redis-rates");
  const redis = createRedisRates({ url, installId: store.installId });
  return { store: redis, close: () => redis.close() };
}
