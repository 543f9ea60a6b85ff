/** The outbox of every engine, filled by applications over their own drivers. */
import type { OutboxRow } from "@parlance/core";
import { describeWith } from "@parlance/testkit/services";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  type Application,
  type OutboxScene,
  outboxEngines,
  put,
} from "../test/outbox-applications.ts";

const look = { rows: 64, bytes: 1_000 };

for (const { name, services, hasOneWriter, start } of outboxEngines) {
  describeWith(...services)(`outbox: ${name}`, () => {
    let scene: OutboxScene;
    let application: Application;

    beforeAll(async () => {
      scene = await start();
    });
    beforeEach(async () => {
      application = await scene.connect();
      await application.run("DELETE FROM outbox");
    });
    afterEach(() => application.close());
    afterAll(() => scene.close());

    const waiting = (): Promise<readonly OutboxRow[]> => scene.store.outbox.waiting(look);
    const texts = async (): Promise<string[]> =>
      (await waiting()).map(({ publication }) => publication);
    const table = () => application.run("SELECT * FROM outbox ORDER BY number");

    test("gives rows in their order, as they were written, each with a key of its own", async () => {
      const ünï = { room: "r1", text: "語🦊 ' \" \\ \n" };
      await put(application, ünï);
      await put(application, { user: "ann", data: { n: 1 } });
      await application.run(
        "INSERT INTO outbox (publication, idempotency_key, service) VALUES (?, ?, ?)",
        "{}",
        "mine",
        "shop",
      );
      const [first, second, third, ...rest] = await waiting();
      expect(rest).toEqual([]);
      expect(JSON.parse(first?.publication ?? "")).toEqual(ünï);
      expect(Object.keys(first ?? {}).sort()).toEqual(["key", "number", "publication"]);
      expect(second?.publication).toBe('{"user":"ann","data":{"n":1}}');
      expect(second?.number).toBeGreaterThan(first?.number ?? Number.NaN);
      expect(third).toEqual({
        number: third?.number,
        key: "mine",
        service: "shop",
        publication: "{}",
      });
      for (const row of [first, second]) expect(row?.key).toMatch(/^[0-9a-f-]{32,36}$/);
      expect(first?.key).not.toBe(second?.key);
    });

    test("shows nothing of a transaction before it is committed, and never what was rolled back", async () => {
      await application.run("BEGIN");
      await put(application, "kept");
      expect(await texts()).toEqual([]);
      await application.run("COMMIT");
      await application.run("BEGIN");
      await put(application, "gone");
      await application.run("ROLLBACK");
      await put(application, "after");
      expect(await texts()).toEqual(["kept", "after"]);
    });

    test("gives a row again, with the same key, until it is done, also after a restart", async () => {
      await put(application, "one");
      await put(application, "two");
      const before = await waiting();
      expect(await waiting()).toEqual(before);
      await scene.reopen();
      expect(await waiting()).toEqual(before);
      await scene.store.outbox.done(before.slice(0, 1));
      await scene.store.outbox.done(before.slice(0, 1));
      await scene.store.outbox.done([]);
      expect(await texts()).toEqual(["two"]);
      expect(await table()).toHaveLength(1);
    });

    test("keeps what was refused, with the reason and the time, and does not give it again", async () => {
      for (const text of ["one", "two", "three"]) await put(application, text);
      const [, two] = await waiting();
      if (two === undefined) throw new Error("no row");
      await scene.store.outbox.refuse(two, "bad_request field=room 語🦊");
      expect(await texts()).toEqual(["one", "three"]);
      const [, kept] = await table();
      expect(kept).toMatchObject({ publication: "two", reason: "bad_request field=room 語🦊" });
      const { refused_at: refusedAt, created_at: createdAt } = kept ?? {};
      // Nobody's clock here is an hour off, whatever time zone its session has.
      for (const at of [refusedAt, createdAt]) {
        expect(Math.abs(Number(at) - Date.now())).toBeLessThan(600_000);
      }
      await application.run("UPDATE outbox SET refused_at = NULL, reason = NULL");
      expect(await texts()).toEqual(["one", "two", "three"]);
    });

    test("touches no row but the one that was given, whatever number another database gave it", async () => {
      await put(application, "one");
      const [row] = await waiting();
      if (row === undefined) throw new Error("no row");
      await scene.store.outbox.done([{ number: row.number, key: "another" }]);
      await scene.store.outbox.refuse({ number: row.number, key: "another" }, "no");
      await scene.store.outbox.refuse({ number: row.number + 1, key: row.key }, "no");
      expect(await waiting()).toEqual([row]);
    });

    test("gives what is no publication too, and of what is too long no more than shows that it is", async () => {
      const huge = "語".repeat(3_000_000);
      for (const text of ["", "not JSON", '"text"', huge, "x".repeat(1_000), "x".repeat(1_001)]) {
        await put(application, text);
      }
      const found = await texts();
      expect(found.slice(0, 3)).toEqual(["", "not JSON", '"text"']);
      const lengths = found.slice(3).map((text) => Buffer.byteLength(text));
      expect(lengths.map((length) => length > look.bytes)).toEqual([true, false, true]);
      expect(Math.max(...lengths)).toBeLessThan(10_000);
    });

    test("never gives a number twice", async () => {
      const seen: number[] = [];
      for (let round = 0; round < 3; round += 1) {
        await put(application, "one");
        const rows = await waiting();
        seen.push(...rows.map(({ number }) => number));
        await scene.store.outbox.done(rows);
        await scene.reopen();
      }
      expect(seen).toEqual([...new Set(seen)].sort((left, right) => left - right));
      expect(seen).toHaveLength(3);
    });

    test("gives two thousand rows a piece at a time, each once", async () => {
      await application.run("BEGIN");
      for (let n = 0; n < 2_000; n += 1) await put(application, String(n));
      await application.run("COMMIT");
      const seen: string[] = [];
      for (;;) {
        const rows = await waiting();
        if (rows.length === 0) break;
        expect(rows.length).toBeLessThanOrEqual(look.rows);
        seen.push(...rows.map(({ publication }) => publication));
        await scene.store.outbox.done(rows);
      }
      expect(seen).toEqual(Array.from({ length: 2_000 }, (_, n) => String(n)));
      expect(await table()).toEqual([]);
    });

    // Where there is one writer at a time, the second application waits for the first.
    if (hasOneWriter) return;
    describe("with several applications at once", () => {
      let other: Application;
      beforeEach(async () => {
        other = await scene.connect();
      });
      afterEach(() => other.close());

      test("loses nothing of two transactions that are committed in the other order than they began", async () => {
        await application.run("BEGIN");
        await put(application, "first written");
        await other.run("BEGIN");
        await put(other, "first committed");
        await other.run("COMMIT");
        const rows = await waiting();
        expect(rows.map(({ publication }) => publication)).toEqual(["first committed"]);
        await scene.store.outbox.done(rows);
        await application.run("COMMIT");
        const [late, ...rest] = await waiting();
        expect([late?.publication, rest]).toEqual(["first written", []]);
        expect(late?.number).toBeLessThan(rows[0]?.number ?? 0);
      });

      test("does not wait for a transaction that is under way before, between and behind other rows", async () => {
        for (let round = 0; round < 3; round += 1) {
          if (round === 0) await application.run("BEGIN");
          await put(application, "under way");
          await put(other, "done");
          await put(other, "refused");
        }
        const rows = await waiting();
        const begun = performance.now();
        await scene.store.outbox.done(rows.filter(({ publication }) => publication === "done"));
        for (const row of rows.filter(({ publication }) => publication === "refused")) {
          await scene.store.outbox.refuse(row, "no");
        }
        // A lock that is in the way is waited for a second at least.
        expect(performance.now() - begun).toBeLessThan(900);
        expect(await texts()).toEqual([]);
        await application.run("COMMIT");
        expect(await texts()).toEqual(["under way", "under way", "under way"]);
      });

      test("of many who write at the same time gives every row once", async () => {
        const all = Array.from({ length: 40 }, (_, n) => `a${n}`);
        const seen: string[] = [];
        let isWriting = true;
        const reading = (async () => {
          for (;;) {
            const wasWriting = isWriting;
            const rows = await waiting();
            seen.push(...rows.map(({ publication }) => publication));
            await scene.store.outbox.done(rows);
            if (!wasWriting && rows.length === 0) return;
          }
        })();
        await Promise.all(
          [application, other].map(async (one, index) => {
            for (const [n, text] of all.entries()) {
              if (n % 2 !== index) continue;
              await one.run("BEGIN");
              await put(one, text);
              await put(one, `${text} too`);
              await one.run(n % 5 === 0 ? "ROLLBACK" : "COMMIT");
            }
          }),
        );
        isWriting = false;
        await reading;
        const kept = all.filter((_, n) => n % 5 !== 0).flatMap((text) => [text, `${text} too`]);
        expect(seen.sort()).toEqual(kept.sort());
      });
    });
  });
}
