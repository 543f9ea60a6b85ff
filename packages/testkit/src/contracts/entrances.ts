import type { DirectoryRoom } from "@parlance/core";
import type { InviteId } from "@parlance/protocol";
import { describe, expect, test } from "vitest";
import {
  event,
  joined,
  message,
  publicRoom,
  roomId,
  someTime,
  stored,
  type UseStore,
  userId,
} from "./harness.ts";

const privateRoom = { ...publicRoom, kind: "private" } as const;
const inviteId = "0123456789abcdef0123456789abcdef" as InviteId;
const later = new Date(someTime + 60_000).toISOString();

/** What is set in rooms, who is kept out of them, and how people come in. */
export function describeEntrances(store: UseStore): void {
  const room = () => store().log.open(roomId("r1"));
  const updated = (changes: object) =>
    event("room.updated", { ...changes, editor_name: "Ada" }, { user: "u1" });

  describe("settings", () => {
    test("are nothing at first, are what events set, and go back to nothing", async () => {
      const { log } = store();
      await log.append(joined("u1", { create: publicRoom }));
      expect(await room()).toMatchObject({ title: "Room", settings: {}, hasBans: false });
      const first = { title: "Über Kaffee", topic: "beans", archived: true, slow_mode_s: 30 };
      await log.append(updated({ ...first, avatar: { emoji: "☕" }, receipts: false }));
      expect(await room()).toMatchObject({
        title: "Über Kaffee",
        settings: {
          topic: "beans",
          archived: true,
          slow_mode_s: 30,
          avatar: { emoji: "☕" },
          receipts: false,
        },
      });
      const back = {
        topic: null,
        archived: false,
        slow_mode_s: null,
        avatar: null,
        receipts: null,
      };
      await log.append(updated(back));
      const after = await room();
      expect([after?.title, after?.settings]).toEqual(["Über Kaffee", {}]);
    });

    test("raise the revision, so that nothing is appended under those of before", async () => {
      const { log } = store();
      const { revision } = stored(await log.append(joined("u1", { create: publicRoom })));
      await log.append(updated({ archived: true }));
      expect(await log.append(message("late", { revision }))).toEqual({
        outcome: "stale",
        revision: revision + 1,
      });
    });

    test("are in every list of rooms, and survive a restart", async () => {
      const harness = store();
      await harness.log.append(joined("u1", { create: publicRoom }));
      await harness.log.append(updated({ topic: "beans" }));
      await harness.reopen();
      const { directory } = harness;
      const settings = { topic: "beans" };
      expect(await room()).toMatchObject({ settings });
      expect(await directory.roomsOf(userId("u1"), 9)).toMatchObject([{ settings }]);
      expect(await directory.roomOf(userId("u1"), roomId("r1"))).toMatchObject({ settings });
      expect(await directory.discoverable(userId("u2"), 9)).toMatchObject([{ settings }]);
      expect(await directory.rooms("", 9)).toMatchObject([{ settings }]);
    });
  });

  describe("roles", () => {
    test("change without the membership beginning anew", async () => {
      const { log, directory } = store();
      await log.append(joined("u1", { create: publicRoom, role: "owner" }));
      await log.append(joined("u2"));
      await log.append(message("a"));
      const data = { user: userId("u2"), name: "Bob", role: "moderator" } as const;
      const { revision } = stored(await log.append(event("member.role_changed", data)));
      expect(revision).toBe(3);
      const member = await directory.member(roomId("r1"), userId("u2"));
      expect(member).toMatchObject({ role: "moderator", joinedSequence: 2, readMark: 2 });
      expect(await directory.memberCounts(roomId("r1"))).toEqual({ members: 2, owners: 1 });
      expect(await directory.memberCounts(roomId("none"))).toEqual({ members: 0, owners: 0 });
    });

    test("of nobody change nothing", async () => {
      const { log, directory } = store();
      await log.append(joined("u1", { create: publicRoom }));
      const data = { user: userId("u9"), name: "X", role: "owner" } as const;
      await log.append(event("member.role_changed", data));
      expect(await directory.member(roomId("r1"), userId("u9"))).toBeUndefined();
    });
  });

  describe("bans", () => {
    const banned = (user: string, time = someTime) =>
      event("member.banned", { user: userId(user), name: `name of ${user}` }, { user: "u1", time });

    test("end a membership, are told in the control log, and are lifted again", async () => {
      const { log, directory } = store();
      await log.append(joined("u1", { create: publicRoom }));
      await log.append(joined("u2"));
      await directory.upsertExternal(userId("u2"), "Bob", someTime);
      const { sequence } = stored(await log.append(banned("u2", someTime + 5)));
      expect(await room()).toMatchObject({ hasBans: true, revision: 3 });
      expect(await directory.member(roomId("r1"), userId("u2"))).toBeUndefined();
      expect(await directory.roomsOf(userId("u2"), 9)).toEqual([]);
      expect(await directory.isBanned(roomId("r1"), userId("u2"))).toBe(true);
      expect(await directory.isBanned(roomId("r1"), userId("u1"))).toBe(false);
      expect(await log.control(0)).toMatchObject([
        { fact: { type: "member_ended", room: "r1", user: "u2", sequence } },
      ]);
      await log.append(banned("u3", someTime + 6));
      const person = { userKind: "external", by: "u1" };
      expect(await directory.bans(roomId("r1"), 9)).toEqual([
        { ...person, user: "u3", name: "name of u3", time: someTime + 6 },
        { ...person, user: "u2", name: "Bob", time: someTime + 5 },
      ]);
      expect(await directory.bans(roomId("r1"), 1)).toHaveLength(1);
      for (const user of ["u2", "u3"]) {
        await log.append(event("member.unbanned", { user: userId(user), name: "x" }));
      }
      expect(await room()).toMatchObject({ hasBans: false });
      expect(await directory.bans(roomId("r1"), 9)).toEqual([]);
    });

    test("of somebody who was banned before are one ban", async () => {
      const { log, directory } = store();
      await log.append(joined("u1", { create: publicRoom }));
      await log.append(banned("u2"));
      await log.append(banned("u2", someTime + 9));
      expect(await directory.bans(roomId("r1"), 9)).toMatchObject([{ time: someTime + 9 }]);
    });

    test("have the reason of the last one, if it gave any", async () => {
      const { log, directory } = store();
      await log.append(joined("u1", { create: publicRoom }));
      const data = { user: userId("u2"), name: "Bob", reason: "Spam, in 3 languages: 广告" };
      await log.append(event("member.banned", data, { user: "u1", time: someTime }));
      expect(await directory.bans(roomId("r1"), 9)).toMatchObject([{ reason: data.reason }]);
      await log.append(banned("u2"));
      const [ban] = await directory.bans(roomId("r1"), 9);
      expect(ban).not.toHaveProperty("reason");
    });
  });

  describe("invites", () => {
    const made = (more: { uses?: number; expires_at?: string } = {}) =>
      event("invite.created", { invite_id: inviteId, role: "guest", expires_at: later, ...more });
    const came = (user: string, time = someTime) => {
      const append = joined(user, { role: "guest", time });
      const data = { user: userId(user), name: user, role: "guest", invite_id: inviteId } as const;
      return { ...append, event: { type: "member.joined", data } } as const;
    };

    test("let in as many as they say, and nobody in the same breath more", async () => {
      const { log, directory } = store();
      await log.append(joined("u1", { create: privateRoom }));
      await log.append(made({ uses: 2 }));
      expect(await directory.invite(inviteId)).toEqual({
        id: inviteId,
        room: "r1",
        role: "guest",
        usesLeft: 2,
        expiresAt: Date.parse(later),
        by: "u1",
      });
      const users = ["u2", "u3", "u4", "u5"];
      const outcomes = await Promise.all(users.map((user) => log.append(came(user))));
      expect(outcomes.filter(({ outcome }) => outcome === "stored")).toHaveLength(2);
      expect(outcomes.filter(({ outcome }) => outcome === "gone")).toHaveLength(2);
      expect(await directory.memberCounts(roomId("r1"))).toEqual({ members: 3, owners: 0 });
      expect(await directory.invite(inviteId)).toMatchObject({ usesLeft: 0 });
      expect(await directory.invites(roomId("r1"), someTime, 9)).toEqual([]);
    });

    test("without a number let in any number, until they are over", async () => {
      const { log, directory } = store();
      await log.append(joined("u1", { create: privateRoom }));
      await log.append(made());
      for (const user of ["u2", "u3", "u4"]) stored(await log.append(came(user)));
      expect(await log.append(came("u5", Date.parse(later)))).toEqual({ outcome: "gone" });
      expect(await directory.invites(roomId("r1"), someTime, 9)).toHaveLength(1);
      expect(await directory.invites(roomId("r1"), Date.parse(later), 9)).toEqual([]);
    });

    test("are of one room, and of nobody once they are taken back", async () => {
      const { log, directory } = store();
      await log.append(joined("u1", { create: privateRoom }));
      await log.append(joined("u1", { create: privateRoom, room: "r2" }));
      await log.append(made());
      expect(await log.append({ ...came("u2"), room: roomId("r2") })).toEqual({ outcome: "gone" });
      await log.append(event("invite.revoked", { invite_id: inviteId }, { room: "r2" }));
      expect(await directory.invite(inviteId)).toBeDefined();
      await log.append(event("invite.revoked", { invite_id: inviteId }));
      expect(await directory.invite(inviteId)).toBeUndefined();
      expect(await log.append(came("u2"))).toEqual({ outcome: "gone" });
    });
  });

  describe("requests to be let in", () => {
    const asked = (user: string, text?: string) =>
      event(
        "join.requested",
        { user: userId(user), name: `name of ${user}`, ...(text === undefined ? {} : { text }) },
        { user },
      );

    test("wait in their order, until they are answered", async () => {
      const { log, directory } = store();
      await log.append(joined("u1", { create: privateRoom }));
      await log.append(asked("u3", "hello"));
      await log.append(asked("u2"));
      const waiting = await directory.joinRequests(roomId("r1"), 9);
      expect(waiting.map(({ user, text }) => [user, text])).toEqual([
        ["u3", "hello"],
        ["u2", undefined],
      ]);
      await log.append(joined("u2"));
      await log.append(
        event("join.refused", { user: userId("u3") }, { time: someTime + 7, user: "u1" }),
      );
      expect(await directory.joinRequests(roomId("r1"), 9)).toEqual([]);
      expect(await directory.joinRequest(roomId("r1"), userId("u2"))).toBeUndefined();
      expect(await directory.joinRequest(roomId("r1"), userId("u3"))).toEqual({
        user: "u3",
        name: "name of u3",
        userKind: "external",
        text: "hello",
        askedAt: someTime,
        refusedAt: someTime + 7,
      });
      await log.append(asked("u3"));
      const [again] = await directory.joinRequests(roomId("r1"), 9);
      expect([again?.user, again?.refusedAt, again?.text]).toEqual(["u3", undefined, undefined]);
    });

    test("end with a ban", async () => {
      const { log, directory } = store();
      await log.append(joined("u1", { create: privateRoom }));
      await log.append(asked("u2"));
      await log.append(event("member.banned", { user: userId("u2"), name: "x" }));
      expect(await directory.joinRequest(roomId("r1"), userId("u2"))).toBeUndefined();
    });
  });

  describe("the directory", () => {
    const find = async (words: readonly string[], user = "u1", limit = 9) => {
      const found = await store().directory.directory({ user: userId(user), words, limit });
      return found.map(({ room: id }) => id);
    };

    test("has what may be found, by title, with who is there", async () => {
      const { log, directory } = store();
      const rooms = [
        ["r1", { ...publicRoom, title: "Zebras" }],
        ["r2", { ...privateRoom, title: "Kitchen" }],
        ["r3", { ...publicRoom, title: "Apples", kind: "announcement" }],
        ["r4", { ...privateRoom, title: "Hidden" }],
        ["r5", { ...publicRoom, title: "Someone", kind: "direct" }],
      ] as const;
      for (const [id, create] of rooms) await log.append(joined("u1", { room: id, create }));
      expect(await find([])).toEqual(["r3", "r1"]);
      await log.append({ ...updated({ listed: true, topic: "Kuchen" }), room: roomId("r2") });
      await log.append(joined("u2", { room: "r2" }));
      const data = { user: userId("u3"), name: "x" };
      await log.append(event("join.requested", data, { room: "r2", user: "u3" }));
      expect(await find([])).toEqual(["r3", "r2", "r1"]);
      const asSeen = async (user: string) =>
        (await directory.directory({ user: userId(user), words: ["kuch"], limit: 9 }))[0];
      const entry: DirectoryRoom = {
        room: roomId("r2"),
        kind: "private",
        title: "Kitchen",
        settings: { listed: true, topic: "Kuchen" },
        members: 2,
        isMember: true,
        hasAsked: false,
      };
      expect(await asSeen("u2")).toEqual(entry);
      expect(await asSeen("u3")).toEqual({ ...entry, isMember: false, hasAsked: true });
      await log.append(event("member.banned", data, { room: "r2" }));
      expect(await find([], "u3")).toEqual(["r3", "r1"]);
      await log.append({ ...updated({ listed: null }), room: roomId("r2") });
      expect(await find([])).toEqual(["r3", "r1"]);
    });

    test("finds rooms by the beginnings of all words", async () => {
      const { log } = store();
      await log.append(joined("u1", { create: { ...publicRoom, title: "Über Kaffee" } }));
      await log.append(
        joined("u1", { room: "r2", create: { ...publicRoom, title: "Release planning" } }),
      );
      expect(await find(["kaf"])).toEqual(["r1"]);
      expect(await find(["kaf", "ub"])).toEqual(["r1"]);
      expect(await find(["affee"])).toEqual([]);
      expect(await find(["kaf", "plan"])).toEqual([]);
      await log.append({ ...updated({ title: "Teatime" }), room: roomId("r2") });
      expect(await find(["plan"])).toEqual([]);
      expect(await find(["tea"])).toEqual(["r2"]);
    });

    test("gives pages that go on after a room, of those with one title too", async () => {
      const { log, directory } = store();
      for (const id of ["r1", "r2", "r3", "r4"]) {
        await log.append(joined("u1", { room: id, create: publicRoom }));
      }
      expect(await find([], "u1", 2)).toEqual(["r1", "r2"]);
      const after = { room: roomId("r2"), title: "Room" };
      const next = await directory.directory({ user: userId("u1"), words: [], after, limit: 9 });
      expect(next.map(({ room: id }) => id)).toEqual(["r3", "r4"]);
    });
  });

  test("people of some rooms are those of each, in the order in which they came", async () => {
    const { log, directory } = store();
    await log.append(joined("u2", { create: publicRoom }));
    await log.append(joined("u1"));
    await log.append(joined("u3", { room: "r2", create: publicRoom }));
    const people = await directory.peopleOf([roomId("r1"), roomId("r2"), roomId("none")]);
    const users = (id: string) => people.get(roomId(id))?.map(({ user }) => user);
    expect([users("r1"), users("r2"), users("none")]).toEqual([["u2", "u1"], ["u3"], []]);
    expect(await directory.peopleOf([])).toEqual(new Map());
  });
}
