import { createMemoryBroker, MemoryHub } from "@parlance/broker/memory";
import { publicRoom, roomId } from "@parlance/testkit/contracts";
import { startNode } from "@parlance/testkit/harness";
import { settle } from "@parlance/testkit/manual-clock";
import { describeWith, serviceUrl } from "@parlance/testkit/services";
import { expect, test } from "vitest";
import { engines, type TestEngine } from "../../test/engines.ts";
import { freshPrefix } from "../../test/postgres-fixture.ts";
import type { Store } from "../store.ts";

/** A fail-over to a copy that had not got the last event: as if it had never been. */
async function takeBackLast(engine: TestEngine, prefix: string): Promise<void> {
  const name = (table: string): string =>
    engine.service === "mariadb" ? `\`${prefix}${table}\`` : `"${prefix}${table}"`;
  await engine.outside(async (run) => {
    await run(`DELETE FROM ${name("events")} WHERE room = 'r1' AND sequence = 3`);
    await run(`DELETE FROM ${name("messages")} WHERE room = 'r1' AND sequence = 3`);
    await run(
      `UPDATE ${name("rooms")} SET head = 2, countable = 2,
         head_hash = (SELECT hash FROM ${name("events")} WHERE room = 'r1' AND sequence = 2)
       WHERE room = 'r1'`,
    );
  });
}

for (const engine of engines) {
  describeWith(engine.service)(`${engine.service}: a database that lost what was committed`, () => {
    async function scene(
      run: (scene: { store: Store; prefix: string; hub: MemoryHub }) => Promise<void>,
    ): Promise<void> {
      const prefix = freshPrefix();
      const store = await engine.open(serviceUrl(engine.service), prefix);
      await store.log.open(roomId("r1"), publicRoom);
      try {
        await run({ store, prefix, hub: new MemoryHub() });
      } finally {
        await store.close();
        await engine.drop(prefix);
      }
    }
    const nodeOver = (store: Store, hub: MemoryHub, nodeId: string) =>
      startNode({ ...store, broker: createMemoryBroker(hub), nodeId });

    test("[F-D4] is noticed by the check of heads: clients are told to begin anew, on every node", async () => {
      await scene(async ({ store, prefix, hub }) => {
        const one = await nodeOver(store, hub, "one");
        const two = await nodeOver(store, hub, "two");
        const ann = await one.signIn("ann");
        const bob = await two.signIn("bob");
        const before = await ann.ask({ type: "subscribe", room: "r1" });
        await bob.ask({ type: "subscribe", room: "r1" });
        for (const text of ["a", "b", "c"]) await ann.publish("r1", text, text);
        await settle();
        await takeBackLast(engine, prefix);
        for (const { clock } of [one, two]) await clock.advance(5_000);
        for (const client of [ann, bob]) {
          await expect
            .poll(() => client.frames.some(({ type }) => type === "reset"), { timeout: 10_000 })
            .toBe(true);
        }
        const reset = ann.frames.find((frame) => frame.type === "reset");
        expect(reset).toMatchObject({ room: "r1" });
        expect(reset).not.toMatchObject({ epoch: before.epoch });
        const again = await bob.ask({ type: "subscribe", room: "r1" });
        expect(again).toMatchObject({ epoch: (reset as { epoch: string }).epoch, head: 2 });
        await one.node.close();
        await two.node.close();
      });
    });

    test("[F-D4] a place is never given to a second event: who sends before the check is told to send again", async () => {
      await scene(async ({ store, prefix, hub }) => {
        const one = await nodeOver(store, hub, "one");
        const ann = await one.signIn("ann");
        const before = await ann.ask({ type: "subscribe", room: "r1" });
        for (const text of ["a", "b", "c"]) await ann.publish("r1", text, text);
        await takeBackLast(engine, prefix);
        const send = { type: "publish", room: "r1", text: "d", client_message_id: "d" } as const;
        expect(await ann.refusal(send)).toMatchObject({ code: "unavailable", retry: "later" });
        const stored = await ann.ask(send);
        expect(stored.sequence).toBe(3);
        expect(stored.epoch).not.toBe(before.epoch);
        expect(one.reports).toContainEqual(expect.objectContaining({ event: "commits_lost" }));
        await one.node.close();
      });
    });
  });
}
