import type { RateStore, RateWant } from "@parlance/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

/** What an adapter brings to the suite. */
export interface RateStoreHarness {
  readonly store: RateStore;
  /** Another node's way to the same buckets. */
  readonly beside: RateStore;
  close(): Promise<void>;
}

/** So slow that nothing flows in during a test. */
const trickle = 0.001;
const longMs = 600_000;
let buckets = 0;

function want(choice: Partial<RateWant> = {}): RateWant {
  return {
    bucket: "b",
    perSecond: trickle,
    burst: 40,
    node: "n1",
    left: 0,
    spend: 0,
    hold: 0,
    holdMs: longMs,
    ...choice,
  };
}

/** Buckets that nodes share: together they never get more than a bucket has, by the store's own clock. */
export function describeRateStore(name: string, start: () => Promise<RateStoreHarness>): void {
  describe(`${name}: shared rates`, () => {
    let harness: RateStoreHarness;
    beforeAll(async () => {
      harness = await start();
    });
    afterAll(() => harness.close());

    const fresh = (): string => `user/writes///u${++buckets}-${process.pid}`;
    const one = async (store: RateStore, choice: Partial<RateWant>) => {
      const [share] = await store.take([want(choice)]);
      if (share === undefined) throw new Error("no answer");
      return share;
    };

    test("a bucket that nobody asked for is full, and gives what it has and no more", async () => {
      const { store, beside } = harness;
      const bucket = fresh();
      expect(await one(store, { bucket, spend: 30 })).toMatchObject({ spent: 30, waitMs: 0 });
      const rest = await one(beside, { bucket, node: "n2", spend: 30 });
      expect(rest).toMatchObject({ spent: 10, held: 0 });
      expect(rest.level).toBeLessThan(1);
      expect(rest.waitMs).toBeGreaterThan(0);
      expect(rest.waitMs).toBeLessThanOrEqual(1_000 / trickle);
    });

    test("of many nodes that take at the same time, all together get exactly what there is", async () => {
      const { store, beside } = harness;
      const bucket = fresh();
      const shares = await Promise.all(
        Array.from({ length: 16 }, (_, n) =>
          one(n % 2 === 0 ? store : beside, { bucket, node: `n${n}`, spend: 4 }),
        ),
      );
      expect(shares.reduce((sum, { spent }) => sum + spent, 0)).toBe(40);
    });

    test("it fills at its rate, up to its size", async () => {
      const { store } = harness;
      const choice = { bucket: fresh(), perSecond: 20, burst: 5 };
      const begun = performance.now();
      let got = (await one(store, { ...choice, spend: 5 })).spent;
      const refused = await one(store, { ...choice, spend: 1 });
      if (refused.spent === 0) expect(refused.waitMs).toBeLessThanOrEqual(50);
      got += refused.spent;
      const takeOne = async (): Promise<number> => {
        got += (await one(store, { ...choice, spend: 1 })).spent;
        return got;
      };
      await expect.poll(takeOne, { interval: 5, timeout: 20_000 }).toBeGreaterThanOrEqual(10);
      const seconds = (performance.now() - begun) / 1_000;
      expect(got).toBeLessThanOrEqual(5 + seconds * 20 + 1);
      await new Promise((resolve) => setTimeout(resolve, 600));
      expect((await one(store, { ...choice, spend: 100 })).spent).toBe(5);
    });

    test("what one node holds is kept off the others, until it says that it is spent", async () => {
      const { store, beside } = harness;
      const bucket = fresh();
      expect(await one(store, { bucket, hold: 10 })).toMatchObject({ spent: 0, held: 10 });
      expect((await one(beside, { bucket, node: "n2", spend: 100 })).spent).toBe(30);
      // The bucket has none left, so what the first spent comes back with time only.
      expect((await one(store, { bucket, left: 0, spend: 1 })).spent).toBe(0);
    });

    test("what is held and what is there are together never more than the bucket takes", async () => {
      const { store, beside } = harness;
      const choice = { bucket: fresh(), perSecond: 1_000, burst: 40 };
      expect(await one(store, { ...choice, hold: 10 })).toMatchObject({ held: 10 });
      const most = async (left: number): Promise<number> => {
        const share = await one(store, { ...choice, left, hold: 0 });
        const other = await one(beside, { ...choice, node: "n2", hold: 0 });
        return Math.max(share.level, other.level);
      };
      // Long enough for a hundred tokens to flow in.
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(await most(10)).toBe(30);
      expect(await most(4)).toBe(36);
      expect(await most(0)).toBe(40);
    });

    test("half of a bucket is never held, so that nodes where nothing happens leave some for the others", async () => {
      const { store, beside } = harness;
      const bucket = fresh();
      expect((await one(store, { bucket, hold: 30 })).held).toBe(20);
      expect((await one(beside, { bucket, node: "n2", hold: 10 })).held).toBe(0);
      expect((await one(beside, { bucket, node: "n2", spend: 30 })).spent).toBe(20);
    });

    test("a share that is not spoken of any more is over when its time is, and then it is lost", async () => {
      const { store, beside } = harness;
      const choice = { bucket: fresh(), perSecond: 1_000, burst: 4 };
      expect((await one(store, { ...choice, hold: 2, holdMs: 400 })).held).toBe(2);
      const refused = await one(beside, { ...choice, node: "n2", spend: 4 });
      if (refused.spent < 4) expect(refused.waitMs).toBeGreaterThan(0);
      await expect
        .poll(async () => (await one(beside, { ...choice, node: "n2" })).level, {
          interval: 20,
          timeout: 20_000,
        })
        .toBe(4);
    });

    test("many buckets are asked for at once, and answered in their order, whatever they are called", async () => {
      const { store } = harness;
      const own = fresh();
      const odd = ["'", '"', "{}", "ümlaut", "𝄞", "a", "A", "x".repeat(200), "\\", "%", "a b"];
      const names = [...odd, ...Array.from({ length: 489 }, (_, n) => `n${n}`)];
      const wants = names.map((text, n) =>
        want({ bucket: `${own}/${text}`, burst: n + 1, spend: 1_000 }),
      );
      const shares = await store.take(wants);
      expect(shares.map(({ spent }) => spent)).toEqual(names.map((_, n) => n + 1));
      const again = await store.take(wants);
      expect(again.every(({ spent }) => spent === 0)).toBe(true);
      expect(await store.take([])).toEqual([]);
    });
  });
}
