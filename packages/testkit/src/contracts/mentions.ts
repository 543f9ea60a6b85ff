import type { EventId, Mentions } from "@parlance/protocol";
import { beforeEach, describe, expect, test } from "vitest";
import {
  event,
  joined,
  left,
  message,
  publicRoom,
  roomId,
  type UseStore,
  userId,
} from "./harness.ts";

const r1 = roomId("r1");

/** Who is mentioned where: the badge of a room, and the list over all rooms. */
export function describeMentions(store: UseStore): void {
  const write = (id: string, mentions: Mentions, choice: Parameters<typeof event>[2] = {}) =>
    event(
      "message.created",
      { text: id, author_name: "A", mentions },
      { id, user: "u9", ...choice },
    );
  const users = (...names: string[]): Mentions => ({ users: names.map(userId) });
  const badge = async (user: string, room = r1): Promise<number | undefined> =>
    (await store().directory.roomOf(userId(user), room))?.mentions;
  const list = async (user: string, more: object = {}): Promise<string[]> => {
    const query = { user: userId(user), limit: 10, ...more };
    return (await store().directory.mentionsOf(query)).map(({ id }) => id);
  };

  describe("mentions", () => {
    beforeEach(async () => {
      const { log } = store();
      await log.append(joined("u1", { create: publicRoom }));
      await log.append(joined("u2"));
    });

    test("[I-21] of a member above its mark are its badge, whoever else is mentioned", async () => {
      const { log, directory } = store();
      await log.append(write("a", users("u1")));
      await log.append(write("b", { ...users("u2"), here: [userId("u1"), userId("u2")] }));
      await log.append(write("c", { room: true, ...users("u1") }));
      await log.append(message("nobody", { user: "u9" }));
      expect([await badge("u1"), await badge("u2")]).toEqual([3, 2]);
      const all = await directory.roomsOf(userId("u1"), 10);
      expect(all.map(({ mentions }) => mentions)).toEqual([3]);
      await directory.markRead(r1, userId("u1"), 4);
      expect(await badge("u1")).toBe(1);
      await directory.markUnread(r1, userId("u1"), 2);
      expect(await badge("u1")).toBe(3);
      await log.append(message("I was here", { user: "u1" }));
      expect([await badge("u1"), await badge("u2")]).toEqual([0, 2]);
    });

    test("are what the newest version says, and nothing once it is deleted", async () => {
      const harness = store();
      const { log } = harness;
      await log.append(write("a", users("u1")));
      await log.append(write("b", users("u1", "u2")));
      const about = { message_id: "a" as EventId, text: "x", editor_name: "A" };
      await log.append(
        event("message.edited", { ...about, mentions: users("u2") }, { user: "u9" }),
      );
      await harness.reopen();
      expect([await badge("u1"), await badge("u2")]).toEqual([1, 2]);
      const page = await harness.log.messages({ room: r1, limit: 10 });
      expect(page?.messages.map(({ mentions }) => mentions)).toEqual([
        users("u2"),
        users("u1", "u2"),
      ]);
      await harness.log.append(event("message.edited", about, { user: "u9" }));
      expect(await list("u2")).toEqual(["b"]);
      const gone = { message_id: "b" as EventId, by: userId("u9") };
      await harness.log.append(event("message.deleted", gone, { user: "u9" }));
      expect([await badge("u1"), await badge("u2")]).toEqual([0, 0]);
      expect(await list("u1")).toEqual([]);
      const [, deleted] = (await harness.log.messages({ room: r1, limit: 10 }))?.messages ?? [];
      expect(deleted).not.toHaveProperty("mentions");
    });

    test("are no part of what a repeat must equal: who is present changes", async () => {
      const { log } = store();
      const again = { key: "k", id: "a" };
      await log.append(write("a", users("u1"), again));
      const repeat = write("a", { here: [userId("u2")] }, again);
      expect(await log.append(repeat)).toMatchObject({ outcome: "stored", repeated: true });
    });

    test("in a thread make their people follow it from there, and are no badge of the room", async () => {
      const { log, directory } = store();
      const root = "root" as EventId;
      const under = (id: string, mentions?: Mentions) => {
        const more = mentions === undefined ? {} : { mentions };
        const data = { text: id, author_name: "A", thread: root, ...more };
        return event("message.created", data, { id, user: "u9" });
      };
      await log.append(message("root", { id: "root", user: "u3" }));
      await log.append(under("t1"));
      await directory.followThread(r1, root, userId("u2"), false);
      await log.append(under("t2", users("u1", "u2")));
      await log.append(under("t3"));
      const standing = (user: string) => directory.threadStanding(root, userId(user));
      expect(await standing("u1")).toEqual({ follows: true, readMark: 4, unread: 2 });
      expect((await standing("u2")).follows).toBe(false);
      expect(await badge("u1")).toBe(0);
      expect(await list("u1")).toEqual(["t2"]);
    });

    test("are listed over all rooms, the newest first, in pages; of everybody only to members, and not to the writer", async () => {
      const { log } = store();
      await log.append(joined("u1", { room: "r2", create: publicRoom }));
      await log.append(write("a", users("u1")));
      await log.append(write("b", { room: true }, { room: "r2" }));
      await log.append(write("c", { room: true, ...users("u1") }));
      await log.append(write("d", { ...users("u1", "u2") }, { room: "r2", user: "u1" }));
      await log.append(write("e", { room: true }, { user: "u1" }));
      expect(await list("u1")).toEqual(["c", "b", "a"]);
      expect(await list("u2")).toEqual(["e", "d", "c"]);
      expect(await list("u3")).toEqual([]);
      expect(await list("u1", { room: roomId("r2") })).toEqual(["b"]);
      expect(await list("u1", { limit: 2 })).toEqual(["c", "b"]);
      const [, second] = await store().directory.mentionsOf({ user: userId("u1"), limit: 2 });
      expect(await list("u1", { before: second?.number })).toEqual(["a"]);
      await log.append(left("u1", { room: "r2" }));
      expect(await list("u1")).toEqual(["c", "a"]);
    });
  });
}
