import { StorageError } from "@parlance/core";
import { describeWith } from "@parlance/testkit/services";
import type { TcpProxy } from "@parlance/testkit/tcp-proxy";
import { afterEach, beforeEach, expect, test } from "vitest";
import { engines, proxied } from "../../test/engines.ts";
import { freshPrefix } from "../../test/postgres-fixture.ts";
import type { Store } from "../store.ts";

const look = { rows: 64, bytes: 1_000 };
const longMs = 600_000;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

for (const engine of engines) {
  describeWith(engine.service)(`${engine.service}: outbox and leases under faults`, () => {
    let proxy: TcpProxy;
    let prefix: string;
    let store: Store;

    beforeEach(async () => {
      let url: string;
      ({ proxy, url } = await proxied(engine.service));
      prefix = freshPrefix();
      store = await engine.open(url, prefix);
    });
    afterEach(async () => {
      await proxy.pass();
      await store.close();
      await proxy.close();
      await engine.drop(prefix);
    });

    const quoted = (table: string): string =>
      engine.service === "postgresql" ? `"${prefix}${table}"` : `\`${prefix}${table}\``;
    const put = (text: string): Promise<unknown> =>
      engine.outside((run) =>
        run(`INSERT INTO ${quoted("outbox")} (publication) VALUES ('${text}')`),
      );
    const texts = async (): Promise<string[]> =>
      (await store.outbox.waiting(look)).map(({ publication }) => publication);

    test("[F-D1] while the database is away nothing is given or taken, and all of it is there when it comes back", async () => {
      await put("one");
      const rows = await store.outbox.waiting(look);
      await proxy.refuse();
      await put("two");
      await expect(store.outbox.waiting(look)).rejects.toThrow(StorageError);
      await expect(store.outbox.done(rows)).rejects.toThrow(StorageError);
      await expect(store.directory.takeLease("l", "a", longMs)).rejects.toThrow(StorageError);
      await proxy.pass();
      await expect.poll(() => texts().catch(() => [])).toEqual(["one", "two"]);
      await store.outbox.done(rows);
      expect(await texts()).toEqual(["two"]);
      expect(await store.directory.takeLease("l", "a", longMs)).toBe(true);
    });

    test("[F-D2] a line that is cut at any moment, in a commit too, deletes nothing but what was given", async ({
      signal,
    }) => {
      for (let n = 0; n < 60; n += 1) await put(`text ${n}`);
      let isDone = false;
      const cutting = (async () => {
        for (let cuts = 0; !isDone; cuts += 1) {
          // Further and further apart: on a slow machine, too, something gets through between two of them.
          await pause(5 + (cuts % 7) * 6 + cuts * 3);
          proxy.cut();
        }
      })();
      const seen = new Set<string>();
      try {
        for (;;) {
          try {
            const rows = await store.outbox.waiting({ ...look, rows: 3 });
            if (rows.length === 0) break;
            for (const { publication } of rows) seen.add(publication);
            await store.outbox.done(rows);
          } catch (error) {
            if (!(error instanceof StorageError) || signal.aborted) throw error;
            await pause(1);
          }
        }
      } finally {
        isDone = true;
        await cutting;
      }
      expect(seen.size).toBe(60);
    }, 90_000);

    test("[F-T2] a lease stays where the clock of the database is put back a little, and is over where it is put back by more than its life", async () => {
      expect(await store.directory.takeLease("l", "a", longMs)).toBe(true);
      const shift = (by: number): Promise<unknown> =>
        engine.outside((run) => run(`UPDATE ${quoted("leases")} SET taken_at = taken_at + ${by}`));
      // By less than its life: nobody else gets it, and the holder goes on.
      await shift(longMs / 2);
      expect(await store.directory.takeLease("l", "b", longMs)).toBe(false);
      expect(await store.directory.takeLease("l", "a", longMs)).toBe(true);
      await shift(2 * longMs);
      expect(await store.directory.takeLease("l", "b", longMs)).toBe(true);
      expect(await store.directory.takeLease("l", "a", longMs)).toBe(false);
    });
  });
}
