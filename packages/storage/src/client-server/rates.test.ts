import type { RateWant } from "@parlance/core";
import { describeRateStore } from "@parlance/testkit/contracts";
import { describeWith, serviceUrl } from "@parlance/testkit/services";
import { expect, test } from "vitest";
import { engines } from "../../test/engines.ts";
import { freshPrefix } from "../../test/postgres-fixture.ts";

for (const engine of engines) {
  describeWith(engine.service)(`on ${engine.service}`, () => {
    describeRateStore(engine.service, async () => {
      const prefix = freshPrefix();
      const url = serviceUrl(engine.service);
      const [store, beside] = await Promise.all([
        engine.open(url, prefix),
        engine.open(url, prefix),
      ]);
      return {
        store: store.rates,
        beside: beside.rates,
        close: async () => {
          await Promise.all([store.close(), beside.close()]);
          await engine.drop(prefix);
        },
      };
    });

    test("[I-25] buckets that are full again are taken away", async () => {
      const prefix = freshPrefix();
      const store = await engine.open(serviceUrl(engine.service), prefix);
      try {
        const want = (bucket: string, perSecond: number): RateWant => ({
          bucket,
          perSecond,
          burst: 1,
          node: "n",
          left: 0,
          spend: 1,
          hold: 0,
          holdMs: 1,
        });
        await store.rates.take([want("short", 1_000), want("long", 0.001)]);
        const count = async (): Promise<string> => {
          await Promise.all(Array.from({ length: 50 }, () => store.rates.take([want("o", 1)])));
          return engine.outside(async (run) => {
            const quoted = engine.service === "postgresql" ? '"' : "`";
            const table = `${quoted}${prefix}rate_buckets${quoted}`;
            return JSON.stringify(
              await run(`SELECT name FROM ${table} WHERE name IN ('short', 'long')`),
            );
          });
        };
        await expect.poll(count, { timeout: 60_000 }).not.toContain("short");
        expect(await count()).toContain("long");
      } finally {
        await store.close();
        await engine.drop(prefix);
      }
    }, 90_000);
  });
}
