import { describeRateStore } from "@parlance/testkit/contracts";
import { describeWith, serviceUrl } from "@parlance/testkit/services";
import { TcpProxy } from "@parlance/testkit/tcp-proxy";
import { createClient } from "@redis/client";
import { afterEach, beforeEach, expect, test } from "vitest";
import { parseBrokerUrl } from "../url/broker-url.ts";
import { createRedisRates, type RedisRates } from "./rates.ts";

const url = serviceUrl("redis");
const newInstall = (): string => `rates-${process.pid}-${Math.random().toString(36).slice(2)}`;

async function clear(installId: string): Promise<void> {
  const client = createClient({ url });
  await client.connect();
  for (const key of await client.keys(`parlance:{${installId}}:rate:*`)) await client.del(key);
  await client.close();
}

const want = {
  bucket: "b",
  perSecond: 0.001,
  burst: 10,
  node: "n",
  left: 0,
  spend: 1,
  hold: 0,
  holdMs: 1_000,
};

describeWith("redis")("on Redis", () => {
  describeRateStore("redis", () => {
    const installId = newInstall();
    const [store, beside] = [1, 2].map(() => createRedisRates({ url, installId })) as [
      RedisRates,
      RedisRates,
    ];
    return Promise.resolve({
      store,
      beside,
      close: async () => {
        await Promise.all([store.close(), beside.close()]);
        await clear(installId);
      },
    });
  });

  let installId: string;
  let proxy: TcpProxy;
  let store: RedisRates;
  beforeEach(async () => {
    installId = newInstall();
    const [place] = parseBrokerUrl(url).hosts;
    if (place === undefined) throw new Error("no address");
    proxy = await TcpProxy.open(place);
    const through = new URL(url);
    through.host = `127.0.0.1:${proxy.port}`;
    store = createRedisRates({ url: through.href, installId });
  });
  afterEach(async () => {
    await store.close();
    await proxy.close();
    await clear(installId);
  });

  test("[F-B2] a connection that was cut is made anew by whoever asks next", async () => {
    expect((await store.take([want]))[0]?.spent).toBe(1);
    proxy.cut();
    const again = async () => (await store.take([want]).catch(() => []))[0]?.spent;
    await expect.poll(again).toBe(1);
  });

  test("a bucket that is full again takes no memory", async () => {
    const client = createClient({ url });
    await client.connect();
    const key = `parlance:{${installId}}:rate:b`;
    await store.take([{ ...want, perSecond: 100, hold: 1 }]);
    expect(await client.exists(key)).toBe(1);
    const life = await client.pTTL(key);
    expect(life).toBeGreaterThan(1_000);
    expect(life).toBeLessThanOrEqual(2_100);
    await client.close();
  });

  test("installs that share a Redis have buckets of their own, and other programs' scripts are no matter", async () => {
    const other = createRedisRates({ url, installId: newInstall() });
    const client = createClient({ url });
    await client.connect();
    await client.scriptFlush();
    await client.close();
    expect((await store.take([{ ...want, spend: 10 }]))[0]?.spent).toBe(10);
    expect((await other.take([{ ...want, spend: 10 }]))[0]?.spent).toBe(10);
    await other.close();
  });
});
