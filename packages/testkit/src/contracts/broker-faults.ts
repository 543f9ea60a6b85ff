import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Notice } from "@parlance/core";
import { describe, expect, test } from "vitest";
import type { BrokerTest } from "./broker.ts";
import { committed, eventually, headsOf, hearer, subject, typing } from "./broker-notices.ts";

/** Longest time until a connection that fell silent is given up (F-B3). */
const silenceMs = 15_000;

/** Bytes outside of the heap that are still held by somebody. */
function heldBytes(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().arrayBuffers;
}

/** What happens while the broker is away, and afterwards. */
export function describeBrokerFaults(brokers: () => BrokerTest): void {
  describe("faults", () => {
    test("[F-B1] a broker that is down holds nothing up and takes everything", async () => {
      const startedAt = performance.now();
      const a = await brokers().open("a", { via: "nowhere" });
      expect(performance.now() - startedAt).toBeLessThan(3_000);
      expect(a.isConnected()).toBe(false);
      const heard = await hearer(a, subject("r1"));
      for (let n = 0; n < 1_000; n += 1) a.publish(subject("r1"), committed("r1", [n + 1]));
      a.publish(subject("r1"), typing("r1", "u1"));
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(heard).toEqual([]);
      expect(a.isConnected()).toBe(false);
      expect(brokers().reported).toEqual(["broker_lost"]);
    });

    test("[F-B1] a server that starts without its broker is complete when it comes", async () => {
      const { harness, open, reported } = brokers();
      await harness.proxy?.refuse();
      const [a, b] = [await open("a", { via: "proxy" }), await open("b", { via: "proxy" })];
      let interruptions = 0;
      b.onInterruption(() => void (interruptions += 1));
      const heard = await hearer(b, "control");
      await harness.proxy?.pass();
      await eventually(() => a.isConnected() && b.isConnected());
      expect(interruptions).toBe(1);
      a.publish("control", { type: "control", head: 1 });
      await eventually(() => heard.length === 1);
      expect(reported.toSorted()).toEqual([
        "broker_back",
        "broker_back",
        "broker_lost",
        "broker_lost",
      ]);
    });

    test("[F-B2] a connection that is cut is made again, and rooms are told to repair", async () => {
      const { harness, open, reported } = brokers();
      const [a, b] = [await open("a"), await open("b", { via: "proxy" })];
      let interruptions = 0;
      b.onInterruption(() => void (interruptions += 1));
      const rooms = ["r1", "r.2", "r:3"];
      const heard = await Promise.all(rooms.map((room) => hearer(b, subject(room))));
      for (let round = 1; round <= 3; round += 1) {
        harness.proxy?.cut();
        await eventually(() => interruptions === round);
        for (const room of rooms) a.publish(subject(room), committed(room, [round]));
        await eventually(() => heard.every((list) => list.length === round));
      }
      expect(reported).toEqual([
        "broker_connected",
        "broker_connected",
        ...Array.from({ length: 3 }, () => ["broker_lost", "broker_back"]).flat(),
      ]);
    });

    test("[F-B2] what is announced while it is away is sent afterwards, bounded, without signals", async () => {
      const { harness, open } = brokers();
      const [a, b] = [await open("a", { via: "proxy" }), await open("b")];
      const heard = await hearer(b, "control");
      await harness.proxy?.refuse();
      await eventually(() => !a.isConnected());
      for (let head = 0; head < 100_000; head += 1) {
        a.publish("control", { type: "control", head });
        if (head % 10 === 0) a.publish("control", typing("control", "u1"));
        if (head % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      const notice = committed(
        "r1",
        Array.from({ length: 200 }, (_, n) => n + 1),
      );
      for (let turn = 0; turn < 400; turn += 1) {
        a.publish(subject("r1"), notice);
        await new Promise((resolve) => setImmediate(resolve));
      }
      a.publish("control", { type: "control", head: 100_000 });
      await new Promise((resolve) => setImmediate(resolve));
      expect(a.counts?.().dropped).toBeGreaterThan(10_000);
      expect(a.counts?.().queuedBytes).toBeLessThanOrEqual(4_194_304);
      await harness.proxy?.pass();
      await eventually(() => headsOf(heard).at(-1) === 100_000);
      expect(heard.every((notice: Notice) => notice.type === "control")).toBe(true);
      const heads = headsOf(heard);
      expect(heads).toEqual(heads.toSorted((one, other) => one - other));
    });

    test("[F-B3] a connection that falls silent is given up within 15 s, and comes back", async () => {
      const { harness, open } = brokers();
      const [a, b] = [await open("a"), await open("b", { via: "proxy" })];
      let interruptions = 0;
      b.onInterruption(() => void (interruptions += 1));
      const heard = await hearer(b, "control");
      harness.proxy?.blackHole();
      await eventually(() => !b.isConnected(), silenceMs);
      a.publish("control", { type: "control", head: 1 });
      await harness.proxy?.pass();
      await eventually(() => b.isConnected());
      expect(interruptions).toBe(1);
      a.publish("control", { type: "control", head: 2 });
      await eventually(() => headsOf(heard).at(-1) === 2);
    });

    test("[F-B2] a publisher that is not read stays small and goes on afterwards", async () => {
      const { harness, open } = brokers();
      const [a, b] = [await open("a", { via: "proxy" }), await open("b")];
      const heard = await hearer(b, "control");
      harness.proxy?.blackHole();
      const users = Array.from({ length: 400 }, (_, n) => {
        return { id: `user-${n}`, name: "x".repeat(500), kind: "account" };
      });
      const notice = { type: "present", node: "a", users } as unknown as Notice;
      const before = heldBytes();
      // More than 300 MB in all.
      for (let turn = 0; turn < 1_500; turn += 1) {
        a.publish(subject("r1"), notice);
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect(a.counts?.().dropped).toBeGreaterThan(1_000);
      // Buffers that nobody has are given back a moment after the collector has found them; what is held stays.
      await eventually(() => heldBytes() - before < 25_165_824);
      await harness.proxy?.pass();
      await eventually(() => a.isConnected(), silenceMs);
      a.publish("control", { type: "control", head: 1 });
      await eventually(() => headsOf(heard).at(-1) === 1, silenceMs);
    });
  });
}
