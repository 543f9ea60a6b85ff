import { describe, expect, test } from "vitest";
import {
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

/** Members, read marks, unread, and what the control log says of them. */
export function describeMembership(store: UseStore): void {
  const unread = async (user: string): Promise<number | undefined> => {
    const rooms = await store().directory.roomsOf(userId(user), 10);
    return rooms.find(({ room }) => room === "r1")?.unread;
  };
  const mark = async (user: string): Promise<number | undefined> =>
    (await store().directory.member(roomId("r1"), userId(user)))?.readMark;

  describe("membership", () => {
    test("begins with the event that says so, and its marks begin there", async () => {
      const { log, directory } = store();
      await log.append(message("a", { create: publicRoom }));
      await log.append(message("b"));
      await directory.upsertExternal(userId("u2"), "Grace", someTime);
      const { sequence } = stored(await log.append(joined("u2", { role: "moderator" })));
      expect(await directory.member(roomId("r1"), userId("u2"))).toEqual({
        user: "u2",
        name: "Grace",
        userKind: "external",
        role: "moderator",
        joinedSequence: sequence,
        readMark: sequence,
      });
      expect(await unread("u2")).toBe(0);
      await log.append(message("c"));
      expect(await unread("u2")).toBe(1);
    });

    test("raises the room's revision when it begins, changes or ends, and nothing else does", async () => {
      const { log } = store();
      const appends = [
        joined("u1", { create: publicRoom }),
        message("a"),
        joined("u2"),
        joined("u2", { role: "owner" }),
        message("b"),
        left("u2"),
        message("c"),
      ];
      const revisions: number[] = [];
      for (const append of appends) revisions.push(stored(await log.append(append)).revision);
      expect(revisions).toEqual([1, 1, 2, 3, 3, 4, 4]);
      expect(await log.open(roomId("r1"))).toMatchObject({ revision: 4, countable: 3, head: 7 });
    });

    test("keeps its start and marks when the role changes", async () => {
      const { log, directory } = store();
      await log.append(joined("u1", { create: publicRoom }));
      await log.append(message("a", { user: "u2" }));
      await log.append(joined("u1", { role: "owner" }));
      expect(await directory.member(roomId("r1"), userId("u1"))).toMatchObject({
        role: "owner",
        joinedSequence: 1,
        readMark: 1,
      });
      expect(await unread("u1")).toBe(1);
    });

    test("ends with the event that says so and is told in the control log", async () => {
      const { log, directory } = store();
      await log.append(joined("u1", { create: publicRoom }));
      await log.append(joined("u2"));
      expect(await log.controlHead()).toBe(0);
      await log.append(left("u2", { time: someTime + 1 }));
      expect(await directory.member(roomId("r1"), userId("u2"))).toBeUndefined();
      expect(await directory.members(roomId("r1"), 10)).toMatchObject([{ user: "u1" }]);
      expect(await directory.roomsOf(userId("u2"), 10)).toEqual([]);
      expect(await log.controlHead()).toBe(1);
      expect(await log.control(0)).toEqual([
        {
          sequence: 1,
          time: someTime + 1,
          fact: { type: "member_ended", room: "r1", user: "u2", sequence: 3 },
        },
      ]);
      expect(await log.control(1)).toEqual([]);
    });

    test("that begins again has fresh marks", async () => {
      const { log } = store();
      await log.append(joined("u1", { create: publicRoom }));
      await log.append(left("u1"));
      await log.append(message("a", { user: "u2" }));
      await log.append(joined("u1"));
      expect([await mark("u1"), await unread("u1")]).toEqual([4, 0]);
    });

    test("of users who have no row is told by the event's name", async () => {
      const { log, directory } = store();
      await log.append(joined("stranger", { create: publicRoom }));
      expect(await directory.members(roomId("r1"), 10)).toMatchObject([
        { user: "stranger", name: "name of stranger", userKind: "external" },
      ]);
    });

    test("lists are cut where asked", async () => {
      const { log, directory } = store();
      await log.open(roomId("r1"), publicRoom);
      for (const user of ["u1", "u2", "u3"]) await log.append(joined(user));
      const members = await directory.members(roomId("r1"), 2);
      expect(members.map(({ user }) => user)).toEqual(["u1", "u2"]);
      expect(await directory.members(roomId("nowhere"), 2)).toEqual([]);
    });
  });

  describe("unread", () => {
    test("counts messages, not other events", async () => {
      const { log } = store();
      await log.append(joined("u1", { create: publicRoom }));
      for (const append of [message("a"), joined("u2"), message("b"), left("u2")]) {
        await log.append({ ...append, author: userId("u9") });
      }
      expect(await unread("u1")).toBe(2);
    });

    test("of an inbox is everything, also what came before its owner's first look", async () => {
      const { log } = store();
      await log.append(message("a", { user: "shop", create: { ...publicRoom, kind: "inbox" } }));
      await log.append(message("b", { user: "shop" }));
      await log.append(joined("u1"));
      expect([await mark("u1"), await unread("u1")]).toEqual([0, 2]);
      await log.append(message("c", { user: "shop" }));
      expect(await unread("u1")).toBe(3);
    });

    test("grows for an author in whose name somebody else published: who did not write has not read", async () => {
      const { log } = store();
      await log.append(joined("u1", { create: publicRoom }));
      await log.append(message("by a back end", { user: "u1", principal: "service:shop" }));
      expect([await mark("u1"), await unread("u1")]).toEqual([1, 1]);
    });

    test("of the author is nothing after publishing, and both marks are at it", async () => {
      const { log, directory } = store();
      await log.append(joined("u1", { create: publicRoom }));
      await log.append(message("a", { user: "u2" }));
      expect(await unread("u1")).toBe(1);
      await log.append(message("b", { user: "u1" }));
      expect([await mark("u1"), await unread("u1")]).toEqual([3, 0]);
      const marked = await directory.markRead(roomId("r1"), userId("u1"), 3);
      expect(marked).toEqual({ readMark: 3, unreadAfter: 3, unread: 0 });
    });

    test("of the author is right when many publish in one breath", async () => {
      const { log } = store();
      await log.append(joined("u1", { create: publicRoom }));
      await log.append(joined("u2"));
      await Promise.all(
        Array.from({ length: 20 }, (_, n) =>
          log.append(message("x", { user: n < 15 ? "u1" : "u2" })),
        ),
      );
      expect([await mark("u1"), await unread("u1")]).toEqual([17, 5]);
      expect([await mark("u2"), await unread("u2")]).toEqual([22, 0]);
    });
  });

  describe("markRead", () => {
    test("[J25] raises both marks, and only markUnread lowers the private one", async () => {
      const { log, directory } = store();
      await log.append(joined("u1", { create: publicRoom }));
      for (let n = 0; n < 5; n += 1) await log.append(message("x", { user: "u2" }));
      const read = (at: number) => directory.markRead(roomId("r1"), userId("u1"), at);
      const unreadFrom = (at: number) => directory.markUnread(roomId("r1"), userId("u1"), at);
      expect(await read(3)).toEqual({ readMark: 3, unreadAfter: 3, unread: 3 });
      const all = { readMark: 6, unreadAfter: 6, unread: 0 };
      expect(await read(6)).toEqual(all);
      expect(await read(2)).toEqual(all);
      expect(await read(0)).toEqual(all);
      expect(await unreadFrom(2)).toEqual({ readMark: 6, unreadAfter: 2, unread: 4 });
      expect([await mark("u1"), await unread("u1")]).toEqual([6, 4]);
      // What is unread from further back on is so from here on too.
      expect((await unreadFrom(5))?.unreadAfter).toBe(2);
      expect(await unreadFrom(0)).toEqual({ readMark: 6, unreadAfter: 0, unread: 5 });
      expect(await read(4)).toEqual({ readMark: 6, unreadAfter: 4, unread: 2 });
      expect(await directory.markUnread(roomId("r1"), userId("u2"), 1)).toBeUndefined();
      expect(await directory.markUnread(roomId("nowhere"), userId("u1"), 1)).toBeUndefined();
    });

    test("[J25] of many at once is the highest, in whatever order they come", async () => {
      const { log, directory } = store();
      await log.append(joined("u1", { create: publicRoom }));
      for (let n = 0; n < 8; n += 1) await log.append(message("x", { user: "u2" }));
      const places = [4, 9, 2, 7, 1, 8, 3];
      await Promise.all(places.map((at) => directory.markRead(roomId("r1"), userId("u1"), at)));
      expect([await mark("u1"), await unread("u1")]).toEqual([9, 0]);
    });

    test("is clamped to the head", async () => {
      const { log, directory } = store();
      await log.append(joined("u1", { create: publicRoom }));
      await log.append(message("a", { user: "u2" }));
      const marked = await directory.markRead(roomId("r1"), userId("u1"), 1_000);
      expect(marked).toEqual({ readMark: 2, unreadAfter: 2, unread: 0 });
      await log.append(message("b", { user: "u2" }));
      expect([await mark("u1"), await unread("u1")]).toEqual([2, 1]);
    });

    test("keeps its place among appends of the same breath", async () => {
      const { log, directory } = store();
      await log.append(joined("u1", { create: publicRoom }));
      const [, early, , late] = await Promise.all([
        log.append(message("a", { user: "u1" })),
        directory.markRead(roomId("r1"), userId("u1"), 1),
        log.append(message("b", { user: "u2" })),
        directory.markRead(roomId("r1"), userId("u1"), 3),
      ]);
      // Its own message has raised it further.
      expect(early).toEqual({ readMark: 2, unreadAfter: 2, unread: 0 });
      expect(late).toEqual({ readMark: 3, unreadAfter: 3, unread: 0 });
    });

    test("of somebody who is no member, or of no room, is undefined", async () => {
      const { log, directory } = store();
      await log.append(joined("u1", { create: publicRoom }));
      expect(await directory.markRead(roomId("r1"), userId("u2"), 1)).toBeUndefined();
      expect(await directory.markRead(roomId("nowhere"), userId("u1"), 1)).toBeUndefined();
    });

    test("survives a restart", async () => {
      const harness = store();
      await harness.log.append(joined("u1", { create: publicRoom }));
      for (let n = 0; n < 3; n += 1) await harness.log.append(message("x", { user: "u2" }));
      await harness.directory.markRead(roomId("r1"), userId("u1"), 2);
      await harness.reopen();
      expect([await mark("u1"), await unread("u1")]).toEqual([2, 2]);
    });
  });
}
