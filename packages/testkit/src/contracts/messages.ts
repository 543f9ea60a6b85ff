import type { RoomLog } from "@parlance/core";
import type { EventId, MessageView } from "@parlance/protocol";
import { beforeEach, describe, expect, test } from "vitest";
import {
  event,
  joined,
  message,
  publicRoom,
  roomId,
  someTime,
  stored,
  type UseStore,
} from "./harness.ts";

const m1 = "m1" as EventId;

/** The messages of a room as they are now. */
export async function viewsOf(log: RoomLog, room = "r1"): Promise<readonly MessageView[]> {
  return (await log.messages({ room: roomId(room), limit: 200 }))?.messages ?? [];
}

/** Messages with edits and reactions folded in, what they are refused for, and the room's counts. */
export function describeMessages(store: UseStore): void {
  const edit = (text: string, more: Parameters<typeof event>[2] = {}) =>
    event("message.edited", { message_id: m1, text, editor_name: "Ada" }, more);
  const react = (emoji: string, user = "u2", key?: string) =>
    event(
      "reaction.added",
      { message_id: m1, emoji, user_name: user },
      { user, ...(key === undefined ? {} : { key }) },
    );
  const unreact = (emoji: string, user = "u2") =>
    event("reaction.removed", { message_id: m1, emoji }, { user });

  describe("messages as they are now", () => {
    beforeEach(async () => {
      await store().log.append(message("one", { id: "m1", create: publicRoom, key: "first" }));
    });

    test("are what was written, with everything that was put beside the text", async () => {
      const { log } = store();
      const data = { text: "x", author_name: "Bob", author_number: 7, data: { a: [1, null, "é"] } };
      await log.append(event("message.created", data, { id: "m2", user: "u2", time: 0 }));
      const shown = { ...data, unverified: true, name_of_account: true } as const;
      await log.append(event("message.created", shown, { id: "m3" }));
      expect(await viewsOf(log)).toEqual([
        {
          id: "m1",
          number: 1,
          room: "r1",
          sequence: 1,
          author: "u1",
          author_name: "Ada",
          text: "one",
          time: "2026-01-02T03:04:05.678Z",
        },
        {
          id: "m2",
          number: 2,
          room: "r1",
          sequence: 2,
          author: "u2",
          ...data,
          time: "1970-01-01T00:00:00.000Z",
        },
        {
          id: "m3",
          number: 3,
          room: "r1",
          sequence: 3,
          author: "u1",
          ...shown,
          time: "2026-01-02T03:04:05.678Z",
        },
      ]);
    });

    test("data is part of what a repeat must equal, names and numbers are not", async () => {
      const { log } = store();
      const write = (data: object) =>
        log.append(
          event(
            "message.created",
            { text: "x", author_name: "A", ...data },
            { key: "k", user: "u1" },
          ),
        );
      await write({ data: { a: 1, b: 2 } });
      expect(
        await write({ data: { b: 2, a: 1 }, author_number: 9, author_name: "B" }),
      ).toMatchObject({ repeated: true });
      expect(await write({ data: { a: 1 } })).toEqual({ outcome: "conflict" });
      expect(await write({})).toEqual({ outcome: "conflict" });
      const again = await log.append(message("one", { key: "first" }));
      expect(again).toMatchObject({ sequence: 1, repeated: true });
    });

    test("are what the newest edit says; who wrote them and when stays", async () => {
      const harness = store();
      await harness.log.append(edit("two", { time: someTime + 1_000 }));
      const changes = { message_id: m1, text: "three", data: { a: 1 }, editor_name: "Ada L." };
      await harness.log.append(event("message.edited", changes, { time: someTime + 2_000 }));
      await harness.reopen();
      const [view] = await viewsOf(harness.log);
      expect(view).toEqual({
        id: "m1",
        number: 1,
        room: "r1",
        sequence: 1,
        author: "u1",
        author_name: "Ada",
        text: "three",
        data: { a: 1 },
        time: "2026-01-02T03:04:05.678Z",
        edited_at: "2026-01-02T03:04:07.678Z",
      });
      await harness.log.append(edit("four"));
      expect((await viewsOf(harness.log))[0]).not.toHaveProperty("data");
      const page = await harness.log.read({ room: roomId("r1"), after: 0, limit: 10 });
      const texts = page?.events.map(({ frame }) => ("data" in frame ? frame.data : {}));
      expect(texts).toMatchObject([
        { text: "one" },
        { text: "two" },
        { text: "three" },
        { text: "four" },
      ]);
    });

    test("have each reaction of a user once, kinds and users in the order in which they came", async () => {
      const { log } = store();
      for (const append of [
        react("👍", "u3"),
        react("🎉"),
        react("👍"),
        react("👍", "u1"),
        react("👎"),
      ]) {
        stored(await log.append(append));
      }
      const { epoch } = stored(await log.append(unreact("👎")));
      expect((await viewsOf(log))[0]?.reactions).toEqual([
        { emoji: "👍", count: 3, users: ["u3", "u2", "u1"] },
        { emoji: "🎉", count: 1, users: ["u2"] },
      ]);
      const head = (await log.heads([roomId("r1")])).get(roomId("r1"))?.head;
      for (const append of [react("👍"), unreact("👎"), unreact("👍", "u9")]) {
        expect(await log.append(append)).toEqual({ outcome: "unchanged", epoch });
      }
      expect((await log.heads([roomId("r1")])).get(roomId("r1"))?.head).toBe(head);
    });

    test("name fifty users of a kind and count all", async () => {
      const { log } = store();
      await Promise.all(Array.from({ length: 60 }, (_, n) => log.append(react("👍", `user${n}`))));
      const [kind] = (await viewsOf(log))[0]?.reactions ?? [];
      expect(kind?.count).toBe(60);
      expect(kind?.users).toEqual(Array.from({ length: 50 }, (_, n) => `user${n}`));
    });

    test("[J24] have at most fifty kinds of reactions", async () => {
      const { log } = store();
      const answers = await Promise.all(
        Array.from({ length: 60 }, (_, n) => log.append(react(`${n}`, `u${n}`))),
      );
      const outcomes = answers.map(({ outcome }) => outcome);
      expect(outcomes).toEqual([...Array(50).fill("stored"), ...Array(10).fill("full")]);
      expect(await log.append(react("7", "other"))).toMatchObject({ outcome: "stored" });
      await log.append(unreact("9", "u9"));
      expect(await log.append(react("new"))).toMatchObject({ outcome: "stored" });
    });

    test("a repeated change is answered with its place, though it was undone since", async () => {
      const { log } = store();
      const first = stored(await log.append(react("👍", "u2", "k")));
      await log.append(unreact("👍"));
      expect(await log.append(react("👍", "u2", "k"))).toEqual({ ...first, repeated: true });
      expect(await log.append(react("👎", "u2", "k"))).toEqual({ outcome: "conflict" });
      const edited = stored(await log.append(edit("two", { key: "e" })));
      expect(await log.append(edit("two", { key: "e" }))).toEqual({ ...edited, repeated: true });
      expect(await log.append(edit("three", { key: "e" }))).toEqual({ outcome: "conflict" });
    });

    test("[Z6] [J23] of another room, or nobody's, cannot be changed from here", async () => {
      const { log } = store();
      await log.open(roomId("r2"), publicRoom);
      for (const id of ["m1", "nothing", "1", ""]) {
        const room = id === "m1" ? "r2" : "r1";
        const about = { message_id: id as EventId };
        for (const append of [
          event("message.edited", { ...about, text: "x", editor_name: "E" }, { room }),
          event("message.deleted", { ...about, by: "u1" as never }, { room }),
          event("reaction.added", { ...about, emoji: "x", user_name: "U" }, { room }),
          event("reaction.removed", { ...about, emoji: "x" }, { room }),
        ]) {
          expect(await log.append(append)).toEqual({ outcome: "gone" });
        }
      }
      expect((await viewsOf(log))[0]).toMatchObject({ text: "one" });
      expect((await log.open(roomId("r2")))?.head).toBe(0);
    });

    test("are found by id and by number, with who wrote them", async () => {
      const { log } = store();
      await log.append(message("x", { id: "m2", user: "u2", principal: "service:p" }));
      const place = { room: "r1", id: "m2", sequence: 2, author: "u2", principal: "service:p" };
      for (const ref of ["m2", "2"]) {
        expect(await log.findMessage(ref)).toEqual({ ...place, isDeleted: false, isOpen: false });
      }
      for (const ref of ["m3", "3", "0", "02", "-1", "2.0", "1e0", "", "9".repeat(64)]) {
        expect(await log.findMessage(ref)).toBeUndefined();
      }
    });

    test("come in pages, ascending, the nearest before a place, and one alone", async () => {
      const { log } = store();
      await log.append(joined("u2"));
      await log.append(edit("one, edited"));
      await Promise.all(
        [2, 3, 4, 5].map((n) => log.append(message("m".repeat(40), { id: `m${n}` }))),
      );
      const ids = async (query: object): Promise<string[] | undefined> =>
        (await log.messages({ room: roomId("r1"), limit: 3, ...query }))?.messages.map(
          ({ id }) => id,
        );
      expect(await ids({})).toEqual(["m3", "m4", "m5"]);
      expect(await ids({ before: 5 })).toEqual(["m1", "m2"]);
      expect(await ids({ before: 1 })).toEqual([]);
      expect(await ids({ ids: ["m2"], limit: 1 })).toEqual(["m2"]);
      expect(await ids({ maxBytes: 1 })).toEqual(["m5"]);
      expect(await ids({ maxBytes: 100 })).toEqual(["m4", "m5"]);
      expect(await log.messages({ room: roomId("nowhere"), limit: 1 })).toBeUndefined();
      expect(await log.messages({ room: roomId("r1"), limit: 1 })).toMatchObject({
        head: 7,
        countable: 5,
        revision: 1,
      });
    });

    test("come from both sides of a place or a time, each side within half the bounds", async () => {
      const { log } = store();
      for (let n = 2; n <= 40; n += 1) {
        const time = someTime + n * 1_000;
        if (n % 3 === 0) await log.append(edit(`one, for the ${n}th time`, { time }));
        else await log.append(message("m".repeat(20), { id: `m${n}`, time }));
      }
      const sequences = async (query: object): Promise<number[] | undefined> =>
        (await log.messages({ room: roomId("r1"), limit: 4, ...query }))?.messages.map(
          ({ sequence }) => sequence,
        );
      expect(await sequences({ after: 0 })).toEqual([1, 2, 4, 5]);
      expect(await sequences({ after: 36 })).toEqual([37, 38, 40]);
      expect(await sequences({ after: 40 })).toEqual([]);
      expect(await sequences({ after: 4, maxBytes: 60 })).toEqual([5, 7]);
      expect(await sequences({ around: 20 })).toEqual([17, 19, 20, 22]);
      expect(await sequences({ around: 20, limit: 5 })).toEqual([17, 19, 20, 22, 23]);
      expect(await sequences({ around: 20, limit: 1 })).toEqual([20]);
      expect(await sequences({ around: 20, maxBytes: 2 })).toEqual([19, 20]);
      expect(await sequences({ around: 0 })).toEqual([1, 2]);
      expect(await sequences({ around: 41 })).toEqual([38, 40]);
      for (const n of [1, 2, 19, 20, 21, 39, 40]) {
        const time = someTime + n * 1_000;
        expect(await sequences({ at: time - (n === 1 ? 1_000 : 0) })).toEqual(
          await sequences({ around: n }),
        );
        expect(await sequences({ at: time - 1 })).toEqual(
          await sequences({ around: n === 1 ? 2 : n }),
        );
      }
      expect(await sequences({ at: 0 })).toEqual([1, 2]);
      expect(await sequences({ at: someTime + 40_001 })).toEqual([38, 40]);
      await log.open(roomId("r2"), publicRoom);
      for (const place of [{ at: someTime }, { around: 7 }, { after: 0 }]) {
        const page = await log.messages({ room: roomId("r2"), limit: 4, ...place });
        expect(page?.messages).toEqual([]);
      }
    });

    test("are counted with their authors and times", async () => {
      const { log } = store();
      expect(await log.messageStats(roomId("nowhere"))).toBeUndefined();
      await log.open(roomId("r2"), publicRoom);
      expect(await log.messageStats(roomId("r2"))).toEqual({ messages: 0, authors: 0 });
      await Promise.all([
        log.append(message("a", { user: "u2", time: someTime + 1 })),
        log.append(message("b", { time: someTime + 2 })),
        log.append(edit("one, edited", { time: someTime + 3 })),
        log.append(message("elsewhere", { room: "r2", user: "u3" })),
      ]);
      expect(await log.messageStats(roomId("r1"))).toEqual({
        messages: 3,
        authors: 2,
        firstAt: someTime,
        lastAt: someTime + 2,
      });
    });
  });

  describe("the revision", () => {
    test("grows with membership and role, and with nothing else", async () => {
      const { log } = store();
      const revisions: number[] = [];
      for (const append of [
        message("one", { id: "m1", create: publicRoom }),
        joined("u1"),
        edit("two"),
        react("x"),
        unreact("x"),
        event("document.edited", { changes: "[1]" }),
        event("message.deleted", { message_id: m1, by: "u1" as never }),
        joined("u1", { role: "owner" }),
      ]) {
        revisions.push(stored(await log.append(append)).revision);
      }
      expect(revisions).toEqual([0, 1, 1, 1, 1, 1, 1, 2]);
    });

    test("only messages are countable", async () => {
      const { log } = store();
      await log.append(message("one", { id: "m1", create: publicRoom }));
      const after = [edit("two"), react("x"), event("document.edited", { changes: "{}" })];
      for (const append of after) expect(stored(await log.append(append)).countable).toBe(1);
    });

    test("a document's changes come back to the byte", async () => {
      const { log } = store();
      const changes = '{ "b" : 1.0,\n"a":"\\u00e9é" , "b":2}';
      await log.append(event("document.edited", { changes }, { create: publicRoom, key: "k" }));
      const page = await log.read({ room: roomId("r1"), limit: 1 });
      expect(page?.events[0]?.frame).toMatchObject({ data: { changes } });
      const again = event("document.edited", { changes, author_number: 3 }, { key: "k" });
      expect(await log.append(again)).toMatchObject({ repeated: true });
      const other = event("document.edited", { changes: `${changes} ` }, { key: "k" });
      expect(await log.append(other)).toEqual({ outcome: "conflict" });
    });
  });
}
