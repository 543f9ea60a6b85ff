import type { Directory } from "@parlance/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { StoreBeside, UseStore } from "./harness.ts";

const longMs = 600_000;

/** Leases: one holder at a time, by the database's clock. */
export function describeLeases(store: UseStore): void {
  describe("leases", () => {
    let beside: StoreBeside | undefined;
    let here: Directory;
    /** Another node's, where several nodes can share the data; else the same. */
    let there: Directory;

    beforeEach(async () => {
      const harness = store();
      beside = await harness.beside?.();
      here = harness.directory;
      there = beside?.directory ?? here;
    });
    afterEach(async () => {
      await beside?.close();
    });

    test("of many who ask for one at the same time, on two nodes, exactly one gets it, and it alone keeps it", async () => {
      for (let round = 0; round < 5; round += 1) {
        const name = `door-${round}`;
        const holders = Array.from({ length: 8 }, (_, n) => `node-${n}`);
        const take = (holder: string, n: number): Promise<boolean> =>
          (n % 2 === 0 ? here : there).takeLease(name, holder, longMs);
        const got = await Promise.all(holders.map(take));
        expect(got.filter((has) => has)).toHaveLength(1);
        expect(await Promise.all(holders.map(take))).toEqual(got);
      }
    });

    test("are known by their names", async () => {
      expect(await here.takeLease("one", "a", longMs)).toBe(true);
      expect(await there.takeLease("other", "b", longMs)).toBe(true);
      expect(await there.takeLease("one", "b", longMs)).toBe(false);
    });

    test("that are taken again last from then on", async () => {
      expect(await here.takeLease("l", "a", 300)).toBe(true);
      expect(await here.takeLease("l", "a", longMs)).toBe(true);
      await new Promise((resolve) => setTimeout(resolve, 400));
      expect(await there.takeLease("l", "b", longMs)).toBe(false);
      // A shorter life counts too: the last word does.
      expect(await here.takeLease("l", "a", 1)).toBe(true);
      await expect.poll(() => there.takeLease("l", "b", longMs)).toBe(true);
    });

    test("are over when nobody takes them again, and who was interrupted learns that it lost them", async () => {
      expect(await here.takeLease("l", "a", 300)).toBe(true);
      await expect.poll(() => there.takeLease("l", "b", longMs), { timeout: 5_000 }).toBe(true);
      expect(await here.takeLease("l", "a", 300)).toBe(false);
      // What it gives back is not its own any more.
      await here.giveBackLease("l", "a");
      expect(await here.takeLease("l", "a", 300)).toBe(false);
      expect(await there.takeLease("l", "b", longMs)).toBe(true);
    });

    test("that are given back are free at once, and giving back twice or what nobody has is nothing", async () => {
      await here.giveBackLease("l", "a");
      expect(await here.takeLease("l", "a", longMs)).toBe(true);
      expect(await there.takeLease("l", "b", longMs)).toBe(false);
      await here.giveBackLease("l", "a");
      await here.giveBackLease("l", "a");
      expect(await there.takeLease("l", "b", longMs)).toBe(true);
    });

    test("outlive a restart of the store", async () => {
      const harness = store();
      expect(await harness.directory.takeLease("l", "a", longMs)).toBe(true);
      await beside?.close();
      beside = undefined;
      await harness.reopen();
      expect(await harness.directory.takeLease("l", "b", longMs)).toBe(false);
      expect(await harness.directory.takeLease("l", "a", longMs)).toBe(true);
    });
  });
}
