import type { EventId } from "@parlance/protocol";
import { beforeEach, describe, expect, test } from "vitest";
import {
  event,
  message,
  publicRoom,
  roomId,
  someTime,
  stored,
  type UseStore,
  userId,
} from "./harness.ts";

const r1 = roomId("r1");

/** Earlier versions of messages, pins of rooms, what people saved, and messages that say what others said. */
export function describeKeeping(store: UseStore): void {
  const pin = (id: string, choice: Parameters<typeof event>[2] = {}) =>
    event("message.pinned", { message_id: id as EventId, by_name: "A" }, choice);
  const unpin = (id: string) => event("message.unpinned", { message_id: id as EventId });
  const gone = (id: string) =>
    event("message.deleted", { message_id: id as EventId, by: userId("u1") });
  const pinned = async (): Promise<string[]> =>
    (await store().directory.pins(r1)).map(({ id }) => id);

  describe("messages that are kept at hand", () => {
    beforeEach(async () => {
      const { log } = store();
      await log.append(message("one", { id: "m1", create: publicRoom }));
      for (const id of ["m2", "m3"]) await log.append(message(id, { id }));
    });

    describe("versions", () => {
      const versions = (id = "m1", limit = 10) =>
        store().directory.messageVersions(r1, id as EventId, limit);

      test("are all that a message said, oldest first, and nothing once it is deleted", async () => {
        const { log } = store();
        const edit = (text: string, more: object = {}) =>
          event("message.edited", {
            message_id: "m1" as EventId,
            text,
            editor_name: "A",
            ...more,
          });
        await log.append(edit("two", { data: { a: 1 } }));
        await log.append(edit("three", { mentions: { users: [userId("u2")] } }));
        const time = new Date(someTime).toISOString();
        expect(await versions()).toEqual([
          { sequence: 1, time, text: "one" },
          { sequence: 4, time, text: "two", data: { a: 1 } },
          { sequence: 5, time, text: "three", mentions: { users: ["u2"] } },
        ]);
        expect((await versions("m1", 2)).map(({ text }) => text)).toEqual(["two", "three"]);
        expect((await versions("m2")).map(({ text }) => text)).toEqual(["m2"]);
        await log.append(gone("m1"));
        expect(await versions()).toEqual([]);
        expect(await versions("nothing")).toEqual([]);
      });
    });

    describe("pins", () => {
      test("are what was pinned last first, each once, and show at the message", async () => {
        const harness = store();
        const { log } = harness;
        stored(await log.append(pin("m1", { user: "u2", time: someTime + 5 })));
        const { epoch } = stored(await log.append(pin("m3")));
        expect(await log.append(pin("m1"))).toEqual({ outcome: "unchanged", epoch });
        expect(await log.append(unpin("m2"))).toEqual({ outcome: "unchanged", epoch });
        await harness.reopen();
        expect(await harness.directory.pins(r1)).toEqual([
          { id: "m3", by: "u1", time: someTime },
          { id: "m1", by: "u2", time: someTime + 5 },
        ]);
        const page = await harness.log.messages({ room: r1, limit: 10 });
        expect(page?.messages.map((view) => view.pinned)).toEqual([true, undefined, true]);
        await harness.log.append(unpin("m3"));
        expect(await pinned()).toEqual(["m1"]);
        await harness.log.append(gone("m1"));
        expect(await pinned()).toEqual([]);
        expect(await harness.log.append(pin("m1"))).toEqual({ outcome: "gone" });
      });

      test("[Z6] of a message of another room are refused, and a room has at most a hundred", async () => {
        const { log } = store();
        await log.append(message("x", { id: "o", room: "r2", create: publicRoom }));
        expect(await log.append(pin("o"))).toEqual({ outcome: "gone" });
        for (let n = 0; n < 100; n += 1) {
          await log.append(message("x", { id: `p${n}` }));
          stored(await log.append(pin(`p${n}`)));
        }
        expect(await log.append(pin("m1"))).toEqual({ outcome: "full" });
        await log.append(unpin("p7"));
        stored(await log.append(pin("m1")));
      });
    });

    describe("saved messages", () => {
      const save = (id: string, on = true, user = "u1", most = 3) =>
        store().directory.saveMessage(r1, id as EventId, userId(user), on, most);
      const list = async (user = "u1", more: object = {}): Promise<string[]> => {
        const query = { user: userId(user), limit: 10, ...more };
        return (await store().directory.savedMessages(query)).map(({ id }) => id);
      };

      test("are each person's own, the one saved last first, at most so many", async () => {
        const { log, directory } = store();
        await log.append(message("m4", { id: "m4" }));
        for (const id of ["m2", "m1", "m1", "m3"]) expect(await save(id)).toBe(true);
        expect(await save("m4")).toBe(false);
        expect(await save("m4", true, "u2")).toBe(true);
        expect(await list()).toEqual(["m3", "m1", "m2"]);
        expect(await list("u2")).toEqual(["m4"]);
        const [first] = await directory.savedMessages({ user: userId("u1"), limit: 1 });
        expect(await list("u1", { before: first?.number })).toEqual(["m1", "m2"]);
        await save("m1", false);
        expect(await save("m4")).toBe(true);
        await log.append(gone("m4"));
        expect([await list(), await list("u2")]).toEqual([["m3", "m2"], []]);
      });
    });

    describe("forwarded messages", () => {
      test("name another one by its id only, and are the same again whatever that says by then", async () => {
        const { log } = store();
        const forward = (text: string) =>
          event(
            "message.created",
            { text, author_name: "A", forwarded: "m1" as EventId },
            { id: "f1", key: "k" },
          );
        await log.append(forward("one"));
        expect(await log.append(forward("one, edited"))).toMatchObject({ repeated: true });
        const other = { text: "one", author_name: "A", forwarded: "m2" as EventId };
        const conflict = event("message.created", other, { key: "k" });
        expect(await log.append(conflict)).toEqual({ outcome: "conflict" });
        const views = (await log.messages({ room: r1, limit: 10 }))?.messages;
        expect(views?.at(-1)?.forwarded).toEqual({ message_id: "m1" });
      });
    });
  });
}
