import type { MessageQuery, ThreadRecord } from "@parlance/core";
import type { EventId, MessageView } from "@parlance/protocol";
import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import {
  event,
  joined,
  left,
  message,
  publicRoom,
  roomId,
  someTime,
  stored,
  type UseStore,
  userId,
} from "./harness.ts";

const r1 = roomId("r1");
const root = "root" as EventId;

/** Messages under a message: their running number and marks, what they answer, and who follows them. */
export function describeThreads(store: UseStore): void {
  const reply = (user: string, choice: Parameters<typeof event>[2] = {}, under: EventId = root) =>
    event(
      "message.created",
      { text: `by ${user}`, author_name: user, thread: under },
      { user, ...choice },
    );
  const page = async (query: Partial<MessageQuery> = {}): Promise<readonly MessageView[]> =>
    (await store().log.messages({ room: r1, limit: 100, ...query }))?.messages ?? [];
  const one = async (id: string): Promise<MessageView | undefined> =>
    (await page({ ids: [id as EventId] }))[0];
  const standing = (user: string): Promise<ThreadRecord> =>
    store().directory.threadStanding(root, userId(user));
  const roomUnread = async (user: string): Promise<number | undefined> =>
    (await store().directory.roomOf(userId(user), r1))?.unread;

  describe("threads", () => {
    beforeEach(async () => {
      const { log } = store();
      await log.append(joined("u1", { create: publicRoom }));
      await log.append(joined("u2"));
      await log.append(message("the root", { id: "root", user: "u1" }));
    });

    test("[I-21] what is written in one is not unread in the room, and is in the thread", async () => {
      const { log, directory } = store();
      const before = await roomUnread("u2");
      const first = stored(await log.append(reply("u2", { id: "t1" })));
      expect(first.countable).toBe(1);
      await log.append(reply("u3"));
      await log.append(message("main", { user: "u3" }));
      expect([before, await roomUnread("u1"), await roomUnread("u2")]).toEqual([1, 1, 2]);
      expect(await standing("u1")).toEqual({ follows: true, readMark: 0, unread: 2 });
      expect(await standing("u2")).toEqual({ follows: true, readMark: 4, unread: 1 });
      expect(await standing("u9")).toEqual({ follows: false, readMark: 0, unread: 2 });
      // Nor does reading, or writing in, the one move a mark of the other.
      await directory.markThreadRead(r1, root, userId("u1"), 5);
      expect([await roomUnread("u1"), (await standing("u1")).unread]).toEqual([1, 0]);
      await directory.markRead(r1, userId("u2"), 6);
      expect([await roomUnread("u2"), (await standing("u2")).unread]).toEqual([0, 1]);
      await log.append(reply("u1"));
      expect((await directory.member(r1, userId("u1")))?.readMark).toBe(3);
    });

    test("are pages of their own; the main line has none of it, and all has both", async () => {
      const { log } = store();
      for (const id of ["t1", "t2", "t3"]) await log.append(reply("u2", { id }));
      await log.append(message("main", { id: "m2" }));
      await log.append(reply("u2", { id: "o1" }, "m2" as EventId));
      const ids = async (query: Partial<MessageQuery>) => (await page(query)).map(({ id }) => id);
      expect(await ids({})).toEqual(["root", "m2"]);
      expect(await ids({ line: "all" })).toEqual(["root", "t1", "t2", "t3", "m2", "o1"]);
      expect(await ids({ line: { thread: root } })).toEqual(["t1", "t2", "t3"]);
      expect(await ids({ line: { thread: root }, limit: 2 })).toEqual(["t2", "t3"]);
      expect(await ids({ line: { thread: root }, before: 5 })).toEqual(["t1"]);
      expect(await ids({ line: { thread: "t1" as EventId } })).toEqual([]);
      expect(await ids({ ids: ["t2", "root", "nothing"] as EventId[] })).toEqual(["root", "t2"]);
      expect(await ids({ before: 7, limit: 5 })).toEqual(["root"]);
      const other = await log.messages({ room: roomId("r2"), line: { thread: root }, limit: 5 });
      expect(other).toBeUndefined();
    });

    test("show at their root how many there are, the last of them, and who wrote first", async () => {
      const harness = store();
      expect(await one("root")).not.toHaveProperty("replies");
      for (let n = 0; n < 12; n += 1) await harness.log.append(reply(`w${n}`));
      await harness.log.append(reply("w0", { time: someTime + 1_000 }));
      await harness.reopen();
      expect((await one("root"))?.replies).toEqual({
        count: 13,
        last_sequence: 16,
        last_time: "2026-01-02T03:04:06.678Z",
        people: Array.from({ length: 10 }, (_, n) => `w${n}`),
      });
      expect((await page({ line: { thread: root } }))[0]).toMatchObject({ thread: "root" });
      expect(await harness.log.findMessage("root")).not.toHaveProperty("thread");
      const [first] = await page({ line: { thread: root } });
      expect(await harness.log.findMessage(first?.id ?? "")).toMatchObject({ thread: "root" });
    });

    test("stay readable and counted when their root, or one of them, is deleted", async () => {
      const { log } = store();
      await log.append(reply("u2", { id: "t1" }));
      await log.append(reply("u2", { id: "t2" }));
      const by = userId("u1");
      await log.append(event("message.deleted", { message_id: root, by }));
      await log.append(event("message.deleted", { message_id: "t1" as EventId, by, thread: root }));
      const shown = await page({ line: { thread: root } });
      expect(shown).toMatchObject([
        { id: "t1", deleted: true, text: "", thread: "root" },
        { id: "t2", text: "by u2", thread: "root" },
      ]);
      expect(await one("root")).toMatchObject({ deleted: true, replies: { count: 2 } });
      expect((await standing("u1")).unread).toBe(2);
      stored(await log.append(reply("u3")));
      expect((await standing("u2")).unread).toBe(1);
    });

    test("a message that answers another shows how that one begins now, and nothing once it is erased", async () => {
      const { log } = store();
      const long = `${"x".repeat(199)}👋 and more`;
      const edited = { message_id: root, text: long, editor_name: "E" };
      const answer = { text: "yes", author_name: "B", reply_to: root };
      await log.append(event("message.created", answer, { id: "m2", user: "u2", key: "k" }));
      expect(await one("m2")).toMatchObject({
        reply_to: { message_id: "root", sequence: 3, author: "u1", text: "the root" },
      });
      await log.append(event("message.edited", edited));
      expect((await one("m2"))?.reply_to?.text).toBe("x".repeat(199));
      await log.append(event("message.deleted", { message_id: root, by: userId("u1") }));
      expect((await one("m2"))?.reply_to).toEqual({
        message_id: "root",
        sequence: 3,
        author: "u1",
        author_name: "",
        text: "",
        deleted: true,
      });
      const again = event("message.created", answer, { user: "u2", key: "k" });
      expect(await log.append(again)).toMatchObject({ outcome: "stored", repeated: true });
    });

    test("thread and answer are part of what a repeat must equal", async () => {
      const { log } = store();
      const write = (more: object) =>
        log.append(
          event("message.created", { text: "x", author_name: "A", ...more }, { key: "k" }),
        );
      await write({ thread: root, reply_to: root });
      expect(await write({ thread: root, reply_to: root })).toMatchObject({ repeated: true });
      for (const more of [{}, { thread: root }, { reply_to: root }]) {
        expect(await write(more)).toEqual({ outcome: "conflict" });
      }
    });

    test("are followed by the root's author and by writers, until they stop", async () => {
      const { log, directory } = store();
      const follow = (user: string, on: boolean) =>
        directory.followThread(r1, root, userId(user), on);
      await log.append(reply("u2"));
      await log.append(reply("u3", { principal: "service:shop" }));
      expect((await standing("u1")).follows).toBe(true);
      expect((await standing("u3")).follows).toBe(false);
      expect(await follow("u1", false)).toEqual({ follows: false, readMark: 0, unread: 2 });
      await log.append(reply("u2"));
      expect((await standing("u1")).follows).toBe(false);
      expect(await follow("u4", true)).toEqual({ follows: true, readMark: 6, unread: 0 });
      await log.append(reply("u1"));
      expect(await standing("u1")).toEqual({ follows: true, readMark: 7, unread: 0 });
      expect((await standing("u4")).unread).toBe(1);
      await log.append(left("u2"));
      expect((await standing("u2")).follows).toBe(false);
    });

    test("a thread that was followed before anything was in it is all news", async () => {
      const { log, directory } = store();
      await directory.followThread(r1, root, userId("u2"), true);
      await log.append(reply("u3"));
      expect(await standing("u2")).toEqual({ follows: true, readMark: 0, unread: 1 });
      await directory.followThread(r1, root, userId("u1"), false);
      await log.append(reply("u3"));
      expect((await standing("u1")).follows).toBe(false);
    });

    test("[J25] marks go up only, and stop at the head", async () => {
      const { log, directory } = store();
      for (let n = 0; n < 4; n += 1) await log.append(reply("u2"));
      const mark = (user: string, at: number) =>
        directory.markThreadRead(r1, root, userId(user), at);
      expect(await mark("u1", 5)).toEqual({ follows: true, readMark: 5, unread: 2 });
      expect(await mark("u1", 1_000)).toEqual({ follows: true, readMark: 7, unread: 0 });
      expect(await mark("u1", 4)).toEqual({ follows: true, readMark: 7, unread: 0 });
      expect(await mark("u5", 6)).toEqual({ follows: false, readMark: 6, unread: 1 });
    });

    test("the followed ones are listed by what was written last, over all rooms, in pages", async () => {
      const { log, directory } = store();
      const create = { ...publicRoom };
      await log.append(message("a", { id: "a", room: "r2", user: "u1", create }));
      await log.append(message("b", { id: "b", user: "u1" }));
      await log.append(reply("u2", {}, root));
      await log.append(reply("u2", { room: "r2" }, "a" as EventId));
      await log.append(reply("u2", {}, "b" as EventId));
      await log.append(reply("u2", {}, root));
      const list = async (more: object = {}) =>
        directory.followedThreads({ user: userId("u1"), limit: 10, ...more });
      const all = await list();
      expect(all.map((each) => [each.room, each.root, each.unread])).toEqual([
        ["r1", "root", 2],
        ["r1", "b", 1],
        ["r2", "a", 1],
      ]);
      expect((await list({ room: r1 })).map((each) => each.root)).toEqual(["root", "b"]);
      expect((await list({ limit: 1 })).map((each) => each.root)).toEqual(["root"]);
      const before = all[0]?.lastNumber ?? 0;
      expect((await list({ before })).map((each) => each.root)).toEqual(["b", "a"]);
      await directory.markThreadRead(r1, root, userId("u1"), 100);
      expect((await list({ unread: true })).map((each) => each.root)).toEqual(["b", "a"]);
    });

    test("those that somebody does not follow any more are listed apart, with their marks", async () => {
      const { log, directory } = store();
      await log.append(message("a", { id: "a", user: "u1" }));
      await log.append(message("b", { id: "b", user: "u1" }));
      await log.append(reply("u2", {}, "a" as EventId));
      await log.append(reply("u2", {}, "b" as EventId));
      await log.append(reply("u3", {}, root));
      const [user, limit] = [userId("u1"), 10];
      const of = async (follows: boolean) =>
        (await directory.followedThreads({ user, limit, follows })).map((each) => [
          each.root,
          each.follows,
          each.unread,
        ]);
      const followed = await of(true);
      expect(followed).toContainEqual(["a", true, 1]);
      expect(await of(false)).toEqual([]);
      await directory.followThread(r1, "a" as EventId, user, false);
      expect(await of(false)).toEqual([["a", false, 1]]);
      expect(await of(true)).toEqual(followed.filter(([id]) => id !== "a"));
      const stranger = { user: userId("u7"), limit, follows: false };
      expect(await directory.followedThreads(stranger)).toEqual([]);
    });

    test("are right when many write in one breath", async () => {
      const { log } = store();
      const writes = Array.from({ length: 30 }, (_, n) =>
        log.append(
          n % 3 === 0 ? message("main", { user: "u9" }) : reply(n % 2 === 0 ? "u2" : "u3"),
        ),
      );
      await Promise.all(writes);
      expect((await one("root"))?.replies).toMatchObject({ count: 20, people: ["u3", "u2"] });
      expect([await roomUnread("u1"), await roomUnread("u2")]).toEqual([10, 11]);
    });

    test("[I-21] agree with a naive model over random histories", async () => {
      const user = fc.constantFrom("u1", "u2", "u3");
      const step = fc.oneof(
        fc.record({ do: fc.constant("write" as const), user }),
        fc.record({ do: fc.constant("reply" as const), user, under: fc.nat(3) }),
        fc.record({ do: fc.constant("delete" as const), which: fc.nat(20) }),
        fc.record({ do: fc.constant("read" as const), user, at: fc.nat(30) }),
        fc.record({
          do: fc.constant("read thread" as const),
          user,
          under: fc.nat(3),
          at: fc.nat(30),
        }),
      );
      let run = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
          run += 1;
          const { log, directory } = store();
          const room = `p${run}`;
          const id = (n: number) => `${room}-m${n}` as EventId;
          const people = ["u1", "u2", "u3"];
          await log.append(joined("u1", { room, create: publicRoom }));
          for (const each of people.slice(1)) await log.append(joined(each, { room }));
          /** Every message: its sequence and the root that it is under. */
          const said: { at: number; under: number | undefined; by: string }[] = [];
          const marks = new Map(people.map((each) => [each, 3]));
          const threadMarks = new Map<string, number>();
          const write = async (by: string, under: number | undefined) => {
            const n = said.length;
            const thread = under === undefined ? {} : { thread: id(under) };
            const data = { text: `${n}`, author_name: by, ...thread };
            const append = event("message.created", data, { room, user: by, id: id(n) });
            const { sequence } = stored(await log.append(append));
            said.push({ at: sequence, under, by });
            if (under === undefined) marks.set(by, sequence);
            else threadMarks.set(`${under} ${by}`, sequence);
          };
          for (const each of steps) {
            const mains = said.flatMap(({ under }, n) => (under === undefined ? [n] : []));
            if (each.do === "write") await write(each.user, undefined);
            else if (each.do === "delete") {
              const about = { message_id: id(each.which), by: userId("u1") };
              await log.append(event("message.deleted", about, { room }));
            } else if (each.do === "read") {
              const head = (await log.heads([roomId(room)])).get(roomId(room))?.head ?? 0;
              await directory.markRead(roomId(room), userId(each.user), each.at);
              marks.set(each.user, Math.max(marks.get(each.user) ?? 0, Math.min(each.at, head)));
            } else {
              const under = mains[each.under];
              if (under === undefined) continue;
              if (each.do === "reply") await write(each.user, under);
              else {
                const head = (await log.heads([roomId(room)])).get(roomId(room))?.head ?? 0;
                await directory.markThreadRead(roomId(room), id(under), userId(each.user), each.at);
                const whose = `${under} ${each.user}`;
                const before = threadMarks.get(whose) ?? 0;
                threadMarks.set(whose, Math.max(before, Math.min(each.at, head)));
              }
            }
          }
          for (const each of people) {
            const mark = marks.get(each) ?? 0;
            const unread = said.filter(({ at, under }) => under === undefined && at > mark);
            const found = await directory.roomOf(userId(each), roomId(room));
            expect(found?.unread).toBe(unread.length);
            for (const [n, { under }] of said.entries()) {
              if (under !== undefined) continue;
              const threadMark = threadMarks.get(`${n} ${each}`) ?? 0;
              const rest = said.filter((one) => one.under === n && one.at > threadMark);
              const now = await directory.threadStanding(id(n), userId(each));
              expect(now.unread).toBe(rest.length);
            }
          }
          const views = await log.messages({ room: roomId(room), limit: 100 });
          expect(views?.messages.map(({ sequence }) => sequence)).toEqual(
            said.flatMap(({ at, under }) => (under === undefined ? [at] : [])),
          );
        }),
        { numRuns: 12 },
      );
    });
  });
}
