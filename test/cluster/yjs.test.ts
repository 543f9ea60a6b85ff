/** One document on two nodes, in stock editors of `y-websocket`, of which one node is killed. */
import { waitMs } from "@parlance/testkit/editor";
import { afterEach, describe, expect } from "vitest";
import { requires } from "../requirements.ts";
import { Desk } from "./desk.ts";

const timeoutMs = 150_000;

describe.each([
  ["postgresql", "redis"],
  ["mariadb", "rabbitmq"],
] as const)("a document on two nodes, on %s and %s", (engine, broker) => {
  const test = requires(engine, broker);
  let desk: Desk;
  afterEach(() => desk?.close());

  test(
    "[YJS-4] [YJS-7] [I-28] editors on both converge and see each other, also after one is killed while they type",
    async () => {
      desk = await Desk.start(engine, broker);
      const first = await (await desk.open("ann", 0)).synced();
      first.provider.awareness.setLocalState({ user: { color: "red" } });
      first.type("begun ");
      const second = await (await desk.open("bob", 1, "2")).synced();
      await second.reads("begun ");
      // Whoever comes to the other node sees at once who is there.
      const seen = { user: { color: "red", id: "ann", name: "The ann" } };
      await expect.poll(() => second.others(), { timeout: waitMs }).toEqual({ "The ann": seen });
      second.type("> ", 0);
      await first.reads("> begun ");

      const writing = (async (): Promise<void> => {
        for (let index = 0; index < 60; index += 1) {
          first.type("a");
          second.type("b", 0);
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
      })();
      await expect.poll(() => second.text, { timeout: waitMs }).toContain("aaaaa");
      await desk.node(0).kill();
      desk.fronts[0]?.moveOn();
      await writing;
      await first.synced();
      await expect
        .poll(() => [first.text, second.text], { timeout: waitMs })
        .toEqual([first, second].map(() => `${"b".repeat(60)}> begun ${"a".repeat(60)}`));
      await desk.node(0).start();
      const third = await (await desk.open("bob", 0)).synced();
      expect(third.text).toBe(first.text);
      await expect
        .poll(() => Object.keys(third.others()), { timeout: waitMs })
        .toContain("The ann");
    },
    timeoutMs,
  );

  test(
    "[YJS-7] [I-19] the cursors of a node that died are gone after the half minute of Yjs",
    async () => {
      desk = await Desk.start(engine, broker);
      const first = await (await desk.open("ann", 0)).synced();
      const second = await (await desk.open("bob", 1)).synced();
      first.provider.awareness.setLocalState({ at: 1 });
      await expect
        .poll(() => Object.keys(second.others()), { timeout: waitMs })
        .toEqual(["The ann"]);
      first.provider.shouldConnect = false;
      await desk.node(0).kill();
      await expect.poll(() => second.others(), { timeout: 45_000, interval: 500 }).toEqual({});
    },
    timeoutMs,
  );
});
