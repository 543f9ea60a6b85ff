import type { Fleet, NodeFacts } from "@parlance/core";
import { describeWith, serviceUrl } from "@parlance/testkit/services";
import { afterEach, beforeEach, expect, test } from "vitest";
import { engines } from "../../test/engines.ts";
import { freshPrefix } from "../../test/postgres-fixture.ts";
import type { Store } from "../store.ts";

const longMs = 60_000;

function facts(id: string, connections = 0): NodeFacts {
  return { id, url: `http://127.0.0.1:${id}`, host: "one", version: "0.1.0", connections };
}

for (const engine of engines) {
  describeWith(engine.service)(`${engine.service}: which nodes live`, () => {
    let prefix: string;
    let store: Store;
    let fleet: Fleet;
    beforeEach(async () => {
      prefix = freshPrefix();
      store = await engine.open(serviceUrl(engine.service), prefix);
      if (store.fleet === undefined) throw new Error("there is no fleet");
      fleet = store.fleet;
    });
    afterEach(async () => {
      await store.close();
      await engine.drop(prefix);
    });

    const ids = async (): Promise<readonly string[]> => (await fleet.nodes()).map(({ id }) => id);

    test("[SC-01] [MMB-24] those that say so, in the order of their starts, with what they said last", async () => {
      await fleet.beat(facts("2"), longMs);
      await new Promise((resolve) => setTimeout(resolve, 5));
      await fleet.beat(facts("1"), longMs);
      await fleet.beat(facts("2", 7), longMs);
      expect(await fleet.nodes()).toMatchObject([facts("2", 7), facts("1")]);
      const [first] = await fleet.nodes();
      expect(first?.heardMs).toBeLessThan(longMs);
      await fleet.leave("2");
      expect(await ids()).toEqual(["1"]);
    });

    test("[F-T2] one that falls silent is gone when its time is over, by the database's clock", async () => {
      await fleet.beat(facts("1"), 3_000);
      await fleet.beat(facts("2"), longMs);
      expect(await ids()).toEqual(["1", "2"]);
      await expect.poll(ids, { timeout: 15_000 }).toEqual(["2"]);
      await fleet.beat(facts("1"), longMs);
      expect([...(await ids())].sort()).toEqual(["1", "2"]);
    });
  });
}
