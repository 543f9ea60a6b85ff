import type { DraftRecord, ScheduledRecord } from "@parlance/core";
import type { ClientMessageId, Principal } from "@parlance/protocol";
import { beforeEach, describe, expect, test } from "vitest";
import { publicRoom, roomId, someTime, type UseStore, userId } from "./harness.ts";

const r1 = roomId("r1");
const r2 = roomId("r2");
const u1 = userId("u1");

/** Drafts, of which the newest wins, and messages that wait for their time. */
export function describeLater(store: UseStore): void {
  describe("what is not sent yet", () => {
    beforeEach(async () => {
      await store().log.open(r1, publicRoom);
      await store().log.open(r2, publicRoom);
    });

    describe("drafts", () => {
      const draft = (text: string, at: number, more: Partial<DraftRecord> = {}): DraftRecord => ({
        room: r1,
        text,
        editedAt: someTime + at,
        ...more,
      });
      const save = (one: DraftRecord, user = u1, most = 10) =>
        store().directory.saveDraft(one.room, user, one, most);

      test("the newest wins, whichever comes last; each room and thread has its own", async () => {
        const harness = store();
        const newest = draft("new 👋", 2, { replyTo: "m1" });
        expect(await save(draft("old", 1))).toEqual(draft("old", 1));
        expect(await save(newest)).toEqual(newest);
        expect(await save(draft("late", 1))).toEqual(newest);
        const inThread = draft("in a thread", 3, { thread: "m1" });
        await save(inThread);
        await save(draft("elsewhere", 4, { room: r2 }));
        await save(draft("somebody else's", 5), userId("u2"));
        await harness.reopen();
        expect(await harness.directory.drafts(u1)).toEqual([
          draft("elsewhere", 4, { room: r2 }),
          inThread,
          newest,
        ]);
      });

      test("what was emptied stays empty for one that comes late", async () => {
        await save(draft("text", 1));
        await save(draft("", 3));
        expect(await save(draft("late", 2))).toEqual(draft("", 3));
        expect(await store().directory.drafts(u1)).toEqual([]);
        expect(await save(draft("again", 4))).toEqual(draft("again", 4));
      });

      test("of emptied ones so many are remembered as there may be, the newest", async () => {
        const empty = (n: number) => save(draft("", n, { thread: `t${n}` }), u1, 3);
        for (let n = 1; n <= 9; n += 1) await empty(n);
        const late = async (n: number) =>
          (await save(draft("late", 0, { thread: `t${n}` }), u1, 100))?.text;
        expect(await Promise.all([9, 8, 7, 6, 1].map(late))).toEqual(["", "", "", "late", "late"]);
      });

      test("are at most so many with a text", async () => {
        await save(draft("a", 1), u1, 1);
        expect(await save(draft("b", 2, { room: r2 }), u1, 1)).toBeUndefined();
        expect(await save(draft("a, changed", 3), u1, 1)).toMatchObject({ text: "a, changed" });
        await save(draft("", 4), u1, 1);
        expect(await save(draft("b", 5, { room: r2 }), u1, 1)).toMatchObject({ text: "b" });
      });
    });

    describe("scheduled messages", () => {
      const key = (id: string) => id as ClientMessageId;
      const later = (
        id: string,
        at: number,
        more: Partial<ScheduledRecord> = {},
      ): ScheduledRecord => ({
        room: r1,
        key: key(id),
        at,
        content: { text: `text of ${id}`, data: { a: [1, "é"] } },
        author: { user: u1, name: "Ada", kind: "account", principal: "u1" as Principal },
        state: "waiting",
        ...more,
      });
      const keep = (one: ScheduledRecord, most = 10) =>
        store().directory.schedule(one.room, one.author.user, one, most);
      const due = async (now: number) =>
        (await store().directory.dueMessages(now, 10)).map((one) => one.key);

      test("wait for their time, are changed under their key, and survive a restart", async () => {
        const harness = store();
        expect(await keep(later("b", 200))).toBe("kept");
        expect(await keep(later("a", 300))).toBe("kept");
        const changed = later("a", 100, { content: { text: "changed" } });
        expect(await keep(changed)).toBe("kept");
        await harness.reopen();
        expect(await harness.directory.scheduled(u1)).toEqual([changed, later("b", 200)]);
        expect(await harness.directory.scheduled(userId("u2"))).toEqual([]);
        expect([await due(99), await due(100), await due(200)]).toEqual([[], ["a"], ["a", "b"]]);
      });

      test("refused elsewhere they say so, and are not sent here", async () => {
        const { directory } = store();
        const refused = later("a", 100, { state: "refused", reason: "forbidden" });
        expect(await keep(refused)).toBe("kept");
        expect(await directory.scheduled(u1)).toEqual([refused]);
        expect(await due(900)).toEqual([]);
        expect(await directory.claimScheduled(r1, u1, key("a"), 900)).toBeUndefined();
        expect(await directory.cancelScheduled(r1, u1, key("a"))).toBe(true);
      });

      test("once claimed they stay as they are, for whoever claims them again, until they are settled", async () => {
        const { directory } = store();
        const one = later("a", 100);
        await keep(one);
        const claim = (now: number) => directory.claimScheduled(r1, u1, key("a"), now);
        expect(await claim(99)).toBeUndefined();
        expect(await claim(100)).toEqual({ ...one, state: "sending" });
        expect(await claim(100)).toEqual({ ...one, state: "sending" });
        expect(await keep(later("a", 900))).toBe("taken");
        expect(await directory.cancelScheduled(r1, u1, key("a"))).toBe(false);
        expect(await due(100)).toEqual(["a"]);
        await directory.settleScheduled(r1, u1, key("a"));
        expect([await due(100), await claim(100)]).toEqual([[], undefined]);
        expect(await directory.scheduled(u1)).toEqual([]);
      });

      test("what was refused says why until it is taken away, and is not tried again", async () => {
        const { directory } = store();
        await keep(later("a", 100));
        await directory.claimScheduled(r1, u1, key("a"), 100);
        await directory.settleScheduled(r1, u1, key("a"), "forbidden");
        expect(await directory.scheduled(u1)).toEqual([
          later("a", 100, { state: "refused", reason: "forbidden" }),
        ]);
        expect(await due(1_000)).toEqual([]);
        expect(await directory.claimScheduled(r1, u1, key("a"), 1_000)).toBeUndefined();
        expect(await directory.cancelScheduled(r1, u1, key("a"))).toBe(true);
        expect(await directory.cancelScheduled(r1, u1, key("a"))).toBe(false);
      });

      test("are at most so many, and each in its own room", async () => {
        await keep(later("a", 100), 1);
        expect(await keep(later("b", 100), 1)).toBe("full");
        expect(await keep(later("a", 200), 1)).toBe("kept");
        expect(await keep(later("a", 200, { room: r2 }), 5)).toBe("taken");
        expect(await store().directory.cancelScheduled(r2, u1, key("a"))).toBe(false);
        const other = { ...later("a", 1).author, user: userId("u2") };
        expect(await keep(later("a", 100, { author: other }), 1)).toBe("kept");
      });
    });
  });
}
