import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as pause } from "node:timers/promises";
import { message, publicRoom, roomId, stored, textsOf, userId } from "@parlance/testkit/contracts";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { fillStore } from "../../test/filled-store.ts";
import { openSqlite } from "../sqlite/index.ts";
import type { CopyEnd } from "./end.ts";
import { Move, type MoveReport } from "./move.ts";
import { openCopyEnd } from "./open.ts";
import { type SwitchableStore, switchableStore } from "./switchable-store.ts";

let directory: string;
let store: SwitchableStore;
const place = (name: string): string => join(directory, name);
const end = (name: string): Promise<CopyEnd> =>
  openCopyEnd({ engine: "sqlite", directory: place(name) });

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "moving-"));
  store = switchableStore(await openSqlite({ directory: place("old"), readers: 1 }));
  await store.log.open(roomId("r1"), publicRoom);
});
afterEach(async () => {
  await store.close();
  rmSync(directory, { recursive: true, force: true });
});

/** Changes one method of an end. */
function changed<K extends keyof CopyEnd>(of: CopyEnd, name: K, method: CopyEnd[K]): CopyEnd {
  return { ...of, [name]: method };
}

async function moveInto(target: CopyEnd, from = "old"): Promise<MoveReport> {
  const source = await end(from);
  const move = new Move({ source, target, store, to: "the new one", report: () => undefined });
  await move.check();
  await move.run();
  return move.state;
}

/** Writes one message after the other until it is stopped. @returns what was acknowledged, in order. */
function talking(): { stop(): Promise<readonly string[]> } {
  const acked: string[] = [];
  let isTalking = true;
  const done = (async () => {
    for (let count = 1; isTalking; count += 1) {
      const text = `word ${count}`;
      const { sequence } = stored(await store.log.append(message(text, { key: `k-${count}` })));
      expect(sequence).toBe(acked.length + 1);
      acked.push(text);
      if (count % 10 === 0) await store.directory.upsertExternal(userId(`u${count}`), "U", count);
      await pause(1);
    }
  })();
  return {
    stop: async () => {
      isTalking = false;
      await done;
      return acked;
    },
  };
}

test("[I-1] [I-2] what is written during a move is in the new database, at the same places", async () => {
  const before = (await store.log.heads([roomId("r1")])).get(roomId("r1"));
  const talk = talking();
  const report = await moveInto(await end("new"));
  await pause(50);
  const acked = await talk.stop();
  expect(report).toMatchObject({ phase: "done", switches: 1 });
  expect(report.heldMs).toBeLessThan(1_800);
  expect(acked.length).toBeGreaterThan(20);
  expect(await textsOf(store.log, "r1")).toEqual(acked);
  const after = (await store.log.heads([roomId("r1")])).get(roomId("r1"));
  expect(after?.epoch).toBe(before?.epoch);
  await store.close();
  await expect(openSqlite({ directory: place("old") })).rejects.toThrow("the new one");
  const next = await openSqlite({ directory: place("new"), readers: 1 });
  expect(await textsOf(next.log, "r1")).toEqual(acked);
  expect(next.status().epochRenewed).toBe(false);
  await next.close();
});

const steps = ["prepare", "insert", "apply", "settle", "open", "complete"] as const;

describe("[F-D1] a target that fails", () => {
  for (const step of steps) {
    test(`at its step ${step} harms nobody, and the move can be run again`, async () => {
      await fillStore(store);
      await store.log.open(roomId("r9"), publicRoom);
      const target = await end("new");
      const broken = changed(target, step, () => Promise.reject(new Error("the target is gone")));
      const write = (text: string) => store.log.append(message(text, { room: "r9", user: "bob" }));
      let isOver = false;
      let count = 0;
      const writing = (async () => {
        while (!isOver) {
          count += 1;
          expect(stored(await write(`during ${count}`)).sequence).toBe(count);
          await pause(1);
        }
      })();
      const report = await moveInto(broken);
      isOver = true;
      await writing;
      expect(report).toMatchObject({ phase: "failed", reason: "the target is gone" });
      expect(report.heldMs).toBeLessThan(1_800);
      expect(stored(await write("afterwards")).sequence).toBe(count + 1);
      const source = await end("old");
      expect(await source.state()).toMatchObject({ isCaptured: false });
      expect((await source.state()).mark).toBeUndefined();
      await source.close();
      const half = await end("new");
      const left = await half.state();
      await half.close();
      expect(left.mark ?? left.version).not.toEqual(left.known);

      expect(await moveInto(await end("new"))).toMatchObject({ phase: "done" });
      expect(stored(await write("on the new one")).sequence).toBe(count + 2);
    });
  }

  test("to answer in time holds writes for a bounded time only, and the switch is tried again", async () => {
    const target = await end("new");
    let slow = 2;
    const late = changed(target, "complete", async () => {
      if (slow > 0) {
        slow -= 1;
        await pause(2_500);
      }
      await target.complete();
    });
    const waits: number[] = [];
    let isTalking = true;
    const talk = (async () => {
      while (isTalking) {
        const since = performance.now();
        stored(await store.log.append(message("word")));
        waits.push(performance.now() - since);
        await pause(2);
      }
    })();
    const report = await moveInto(late);
    isTalking = false;
    await talk;
    expect(report).toMatchObject({ phase: "done", switches: 3 });
    expect(report.heldMs).toBeLessThan(2_000);
    expect(Math.max(...waits)).toBeLessThan(2_500);
    const head = (await store.log.heads([roomId("r1")])).get(roomId("r1"))?.head;
    expect(head).toBe(waits.length);
  });
});

test("a target that lost a row, or has another one, is found out before anybody uses it", async () => {
  await fillStore(store);
  const target = await end("new");
  const losing = changed(target, "insert", (table, rows) =>
    target.insert(table, table === "reactions" ? rows.slice(1) : rows),
  );
  expect(await moveInto(losing)).toMatchObject({
    phase: "failed",
    reason: expect.stringContaining("rows of reactions were read") as string,
  });
  const other = await end("new");
  const changing = changed(other, "insert", (table, rows) =>
    other.insert(
      table,
      table === "rooms" ? rows.map((row) => row.map((cell, n) => (n === 4 ? 0 : cell))) : rows,
    ),
  );
  expect(await moveInto(changing)).toMatchObject({
    phase: "failed",
    reason: expect.stringContaining("rooms are not the same") as string,
  });
  expect(stored(await store.log.append(message("goes on", { room: "r2" }))).sequence).toBe(1_201);
});

test("changes that do not arrive are found out too", async () => {
  const target = await end("new");
  const talk = talking();
  const report = await moveInto(changed(target, "apply", () => Promise.resolve()));
  const acked = await talk.stop();
  expect(report).toMatchObject({
    phase: "failed",
    reason: expect.stringContaining("rooms are not the same") as string,
  });
  expect(await textsOf(store.log, "r1")).toEqual(acked);
});

test("[F-N1] a target whose making was killed within a transaction is begun anew", async () => {
  mkdirSync(place("new"));
  const path = join(directory, "killed.db");
  const killed = new DatabaseSync(path);
  killed.exec("PRAGMA cache_size = 5; CREATE TABLE t (x)");
  killed.exec(
    `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400)
     INSERT INTO t SELECT randomblob(900) FROM n`,
  );
  killed.exec("BEGIN; UPDATE t SET x = randomblob(900)");
  // As it lies on the disk while that goes on.
  for (const part of ["", "-journal"]) {
    copyFileSync(`${path}${part}`, join(place("new"), `parlance.db${part}`));
  }
  killed.exec("ROLLBACK");
  killed.close();
  expect(await moveInto(await end("new"))).toMatchObject({ phase: "done" });
});

test("a target in use is not touched unless that was asked for", async () => {
  const other = await openSqlite({ directory: place("new"), readers: 1 });
  await other.log.open(roomId("theirs"), publicRoom);
  await other.log.append(message("theirs", { room: "theirs" }));
  await other.close();
  const target = await end("new");
  await expect(moveInto(target)).rejects.toThrow("--replace");
  await target.close();
  const again = await openSqlite({ directory: place("new"), readers: 1 });
  expect(await textsOf(again.log, "theirs")).toEqual(["theirs"]);
  await again.close();
});

test("[I-9] writes that waited are done in the order in which they came, and reads do not wait", async () => {
  await store.hold();
  const all = Array.from({ length: 100 }, (_, n) => store.log.append(message(`text ${n}`)));
  expect((await store.log.heads([roomId("r1")])).get(roomId("r1"))?.head).toBe(0);
  expect((await store.log.open(roomId("r1")))?.head).toBe(0);
  store.letGo();
  const late = store.log.append(message("late"));
  const places = await Promise.all([...all, late]);
  expect(places.map((one) => stored(one).sequence)).toEqual(
    Array.from({ length: 101 }, (_, n) => n + 1),
  );
});
