import type { NewUser, SessionRecord } from "@parlance/core";
import type { DeviceId, Principal, SessionId } from "@parlance/protocol";
import { describe, expect, test } from "vitest";
import { describeDocuments } from "./documents.ts";
import {
  joined,
  message,
  publicRoom,
  roomId,
  type StartStore,
  someTime,
  type UseStore,
  userId,
  useStore,
} from "./harness.ts";
import { describeLater } from "./later.ts";
import { describeLeases } from "./leases.ts";
import { describePlaces } from "./places.ts";
import { describeSlash } from "./slash.ts";

/**
 * Everything that core and identity rely on in a `Directory`, beyond what the suite of the room log says of
 * members and marks.
 */
export function describeDirectory(name: string, start: StartStore): void {
  describe(`directory: ${name}`, () => {
    const store = useStore(start);
    describeUsers(store);
    describeSessions(store);
    describeKeys(store);
    describeRooms(store);
    describePlaces(store);
    describeLater(store);
    describeSlash(store);
    describeDocuments(store);
    describeLeases(store);
  });
}

function account(id: string, more: Partial<NewUser> = {}): NewUser {
  return {
    id: userId(id),
    kind: "account",
    name: `Name ${id}`,
    passwordHash: `hash of ${id}`,
    createdAt: someTime,
    ...more,
  };
}

function session(id: string, user: string): SessionRecord {
  return {
    id: id as SessionId,
    user: userId(user),
    secretHash: `secret of ${id}`,
    device: "phone" as DeviceId,
    createdAt: someTime,
    expiresAt: someTime + 1_000,
  };
}

function describeUsers(store: UseStore): void {
  describe("users", () => {
    test("get numbers 1, 2, 3 … beside their ids", async () => {
      const { directory } = store();
      await directory.createUser(account("u_a", { username: "Ada" }));
      await directory.createUser({ id: userId("u_b"), kind: "guest", name: "B", createdAt: 5 });
      await directory.upsertExternal(userId("alice@idp"), "Alice", 6);
      expect(await directory.user(userId("u_a"))).toEqual({
        id: "u_a",
        number: 1,
        kind: "account",
        name: "Name u_a",
        username: "Ada",
        disabled: false,
        createdAt: someTime,
      });
      expect(await directory.user(userId("u_b"))).toMatchObject({ number: 2, kind: "guest" });
      expect(await directory.user(userId("alice@idp"))).toMatchObject({ number: 3, name: "Alice" });
      expect(await directory.user(userId("nobody"))).toBeUndefined();
    });

    test("are listed in the order of their numbers, a page after the other", async () => {
      const { directory } = store();
      await directory.createUser(account("z", { username: "zoe", email: "zoe@example.org" }));
      await directory.createUser({ id: userId("g"), kind: "guest", name: "G", createdAt: 5 });
      await directory.upsertExternal(userId("a"), "A", 6);
      await directory.setDisabled(userId("g"), true, 7);
      const all = await directory.users(0, 10);
      expect(all.map(({ id, number, disabled }) => [id, number, disabled])).toEqual([
        ["z", 1, false],
        ["g", 2, true],
        ["a", 3, false],
      ]);
      expect(all[0]).toEqual(await directory.user(userId("z")));
      expect(JSON.stringify(all)).not.toContain("hash of");
      expect((await directory.users(1, 1)).map(({ id }) => id)).toEqual(["g"]);
      expect(await directory.users(3, 10)).toEqual([]);
    });

    test("are found by user name and e-mail in any case, with the password hash", async () => {
      const { directory } = store();
      await directory.createUser(account("u_a", { username: "Ådä", email: "Ada@Example.org" }));
      for (const login of ["Ådä", "åDÄ", "a\u030ada\u0308", "ada@example.ORG"]) {
        expect(await directory.accountByLogin(login)).toMatchObject({
          id: "u_a",
          username: "Ådä",
          email: "Ada@Example.org",
          passwordHash: "hash of u_a",
        });
      }
      expect(await directory.accountByLogin("ada")).toBeUndefined();
      expect(await directory.accountByLogin("")).toBeUndefined();
    });

    test("do not show the password hash elsewhere", async () => {
      const { directory } = store();
      const made = await directory.createUser(account("u_a", { username: "ada" }));
      expect(JSON.stringify([made, await directory.user(userId("u_a"))])).not.toContain("hash of");
    });

    test("cannot have a name or address that somebody has, whatever its case", async () => {
      const { directory } = store();
      await directory.createUser(account("u_a", { username: "Ada", email: "ada@example.org" }));
      const others = [
        { username: "ADA" },
        { username: "other", email: "ADA@example.org" },
        { username: "Ada@Example.org" },
        { username: "other", email: "aDa" },
      ];
      for (const other of others) {
        expect(await directory.createUser(account("u_b", other))).toBe("taken");
      }
      expect(await directory.user(userId("u_b"))).toBeUndefined();
      expect(await directory.createUser(account("u_b", { username: "other" }))).toMatchObject({
        number: 2,
      });
    });

    test("are found by number, and accounts by user name and by nothing else", async () => {
      const { directory } = store();
      await directory.createUser(account("u_a", { username: "Ada", email: "ada@example.org" }));
      await directory.createUser({
        id: userId("u_s"),
        kind: "service",
        name: "S",
        username: "robot",
        createdAt: someTime,
      });
      const ada = await directory.user(userId("u_a"));
      expect(await directory.userByNumber(1)).toEqual(ada);
      expect(await directory.userByNumber(2)).toMatchObject({ id: "u_s" });
      for (const number of [0, 3, -1]) {
        expect(await directory.userByNumber(number)).toBeUndefined();
      }
      expect(await directory.userByUsername("aDA")).toEqual(ada);
      for (const other of ["ada@example.org", "robot", "Name u_a", "u_a", ""]) {
        expect(await directory.userByUsername(other)).toBeUndefined();
      }
    });

    test("say something about themselves, or nothing again", async () => {
      const harness = store();
      const { directory } = harness;
      await directory.createUser(account("u_a", { username: "ada" }));
      const before = await directory.user(userId("u_a"));
      expect(before).not.toHaveProperty("status");
      await directory.setStatus(userId("u_a"), "at sea 🌊", someTime);
      await directory.setStatus(userId("nobody"), "here", someTime);
      await harness.reopen();
      const said = await harness.directory.users(0, 10);
      expect(said).toEqual([{ ...before, status: "at sea 🌊" }]);
      await harness.directory.setStatus(userId("u_a"), null, someTime + 1);
      expect(await harness.directory.user(userId("u_a"))).toEqual(before);
    });

    test("who ask for one name at once: one gets it", async () => {
      const { directory } = store();
      const made = await Promise.all(
        ["a", "b", "c"].map((id) => directory.createUser(account(id, { username: "same" }))),
      );
      expect(made.filter((one) => one !== "taken")).toHaveLength(1);
    });

    test("who ask for one id at once: one gets it, and keeps what it signs in by", async () => {
      const { directory } = store();
      const made = await Promise.all(
        ["ann", "bob", "cid"].map((username) =>
          directory.createUser(account("u_a", { username, email: `${username}@example.org` })),
        ),
      );
      const own = made.filter((one) => one !== "taken");
      expect(own).toHaveLength(1);
      expect(await directory.user(userId("u_a"))).toEqual(own[0]);
      for (const username of ["ann", "bob", "cid"]) {
        const found = await directory.accountByLogin(`${username}@example.org`);
        expect(found?.username).toBe(username === own[0]?.username ? username : undefined);
      }
      // What the others asked for is free.
      const free = own[0]?.username === "ann" ? "bob" : "ann";
      expect(await directory.createUser(account("u_b", { username: free }))).toMatchObject({
        id: "u_b",
      });
    });

    test("without a user name may be many", async () => {
      const { directory } = store();
      for (const id of ["g1", "g2"]) {
        const guest = { id: userId(id), kind: "guest", name: "Guest", createdAt: 1 } as const;
        expect(await directory.createUser(guest)).toMatchObject({ id });
      }
    });

    test("of tokens are renamed by them, accounts are not", async () => {
      const { directory } = store();
      await directory.upsertExternal(userId("x"), "First", 1);
      const renamed = await directory.upsertExternal(userId("x"), "Second", 2);
      expect(renamed).toMatchObject({ name: "Second", createdAt: 1, number: 1 });
      expect(await directory.user(userId("x"))).toEqual(renamed);
      await directory.createUser(account("u_a", { username: "ada" }));
      const kept = await directory.upsertExternal(userId("u_a"), "Forged", 3);
      expect(kept).toMatchObject({ kind: "account", name: "Name u_a" });
    });
  });
}

function describeSessions(store: UseStore): void {
  describe("sessions", () => {
    test("come back with their user", async () => {
      const { directory } = store();
      const user = await directory.createUser(account("u_a"));
      await directory.createSession(session("s1", "u_a"));
      expect(await directory.session("s1" as SessionId)).toEqual({
        ...session("s1", "u_a"),
        userRecord: user,
      });
      expect(await directory.session("s2" as SessionId)).toBeUndefined();
    });

    test("end when revoked, once, and the control log tells it", async () => {
      const { directory, log } = store();
      await directory.createUser(account("u_a"));
      await directory.createSession(session("s1", "u_a"));
      expect(await directory.revokeSession("s1" as SessionId, 7)).toBe(true);
      expect(await directory.revokeSession("s1" as SessionId, 8)).toBe(false);
      expect(await directory.session("s1" as SessionId)).toBeUndefined();
      expect(await log.control(0)).toEqual([
        { sequence: 1, time: 7, fact: { type: "session_revoked", session: "s1" } },
      ]);
    });

    test("all end but one when the password changes", async () => {
      const { directory, log } = store();
      await directory.createUser(account("u_a", { username: "ada" }));
      await directory.createUser(account("u_b"));
      for (const [id, user] of [
        ["s1", "u_a"],
        ["s2", "u_a"],
        ["s3", "u_b"],
      ] as const) {
        await directory.createSession(session(id, user));
      }
      await directory.setPassword(userId("u_a"), "new hash", "s2" as SessionId, 9);
      expect(await directory.session("s1" as SessionId)).toBeUndefined();
      expect(await directory.session("s2" as SessionId)).toBeDefined();
      expect(await directory.session("s3" as SessionId)).toBeDefined();
      expect(await directory.accountByLogin("ada")).toMatchObject({ passwordHash: "new hash" });
      await directory.setPassword(userId("u_a"), "newer hash", undefined, 10);
      expect(await directory.session("s2" as SessionId)).toBeUndefined();
      expect((await log.control(0)).map(({ fact }) => fact)).toEqual([
        { type: "user_signed_out", user: "u_a", exceptSession: "s2" },
        { type: "user_signed_out", user: "u_a" },
      ]);
    });

    test("end when the user is disabled and do not come back with it", async () => {
      const { directory, log } = store();
      await directory.createUser(account("u_a"));
      await directory.createSession(session("s1", "u_a"));
      await directory.setDisabled(userId("u_a"), true, 11);
      await directory.createSession(session("s2", "u_a"));
      expect(await directory.user(userId("u_a"))).toMatchObject({ disabled: true });
      expect(await directory.session("s1" as SessionId)).toBeUndefined();
      expect(await directory.session("s2" as SessionId)).toBeUndefined();
      await directory.setDisabled(userId("u_a"), false, 12);
      expect(await directory.user(userId("u_a"))).toMatchObject({ disabled: false });
      expect(await directory.session("s1" as SessionId)).toBeUndefined();
      expect(await log.control(0)).toEqual([
        { sequence: 1, time: 11, fact: { type: "user_disabled", user: "u_a" } },
      ]);
    });

    test("say who is an administrator, and the control log says when that changed", async () => {
      const { directory, log, reopen } = store();
      await directory.createUser(account("u_a"));
      await directory.createSession(session("s1", "u_a"));
      expect(await directory.user(userId("u_a"))).not.toHaveProperty("isAdmin");
      await directory.setAdmin(userId("u_a"), true, 11);
      expect(await directory.user(userId("u_a"))).toMatchObject({ isAdmin: true });
      expect(await directory.session("s1" as SessionId)).toMatchObject({
        userRecord: { isAdmin: true },
      });
      await directory.setAdmin(userId("u_a"), false, 12);
      expect(await directory.session("s1" as SessionId)).not.toHaveProperty("userRecord.isAdmin");
      expect(await log.control(0)).toEqual([
        { sequence: 1, time: 11, fact: { type: "admin_changed", user: "u_a" } },
        { sequence: 2, time: 12, fact: { type: "admin_changed", user: "u_a" } },
      ]);
      await directory.setAdmin(userId("u_a"), true, 13);
      await reopen();
      expect(await store().directory.user(userId("u_a"))).toMatchObject({ isAdmin: true });
    });

    test("a one-time token is good once, per issuer, also when used twice at once", async () => {
      const harness = store();
      const use = async (issuer: string, jti: string) =>
        harness.directory.useTokenOnce(issuer, jti, someTime + 1, someTime);
      expect((await Promise.all([use("a", "1"), use("a", "1")])).sort()).toEqual([false, true]);
      expect(await use("b", "1")).toBe(true);
      await harness.reopen();
      expect(await use("a", "1")).toBe(false);
      expect(await use("a", "2")).toBe(true);
    });

    test("whether a one-time token was used is told while it is remembered, and asking does not use it", async () => {
      const { directory } = store();
      const isUsed = async (jti: string, now = someTime) => directory.isTokenUsed("a", jti, now);
      expect([await isUsed("1"), await isUsed("1")]).toEqual([false, false]);
      expect(await directory.useTokenOnce("a", "1", someTime + 5, someTime)).toBe(true);
      expect([await isUsed("1"), await isUsed("2")]).toEqual([true, false]);
      expect(await directory.isTokenUsed("b", "1", someTime)).toBe(false);
      expect([await isUsed("1", someTime + 4), await isUsed("1", someTime + 5)]).toEqual([
        true,
        false,
      ]);
    });

    test("one-time tokens that are over are forgotten, 100 with each call, and no others", async () => {
      const { directory } = store();
      const use = async (jti: string, expiresAt: number, now: number) =>
        directory.useTokenOnce("a", jti, expiresAt, now);
      for (let n = 0; n < 150; n += 1) await use(`t${n}`, someTime + 1 + n, someTime);
      await use("longer", someTime + 1_000, someTime);
      // A millisecond before the first is over, all are remembered.
      expect(await use("t0", someTime + 1, someTime)).toBe(false);
      const later = someTime + 200;
      expect(await use("t120", later + 1_000, later)).toBe(false);
      expect(await use("t0", later + 1_000, later)).toBe(true);
      expect(await use("t120", later + 1_000, later)).toBe(true);
      expect(await use("longer", later + 1_000, later)).toBe(false);
    });
  });
}

function describeKeys(store: UseStore): void {
  describe("keys", () => {
    const key = {
      id: "k1",
      name: "shop",
      principal: "service:shop" as Principal,
      secretHash: "secret",
      scopes: ["publish", "admin"],
      createdAt: someTime,
    };

    test("come back as made, and two may share a name", async () => {
      const { directory } = store();
      await directory.createKey(key);
      await directory.createKey({ ...key, id: "k2", createdAt: someTime + 1 });
      expect(await directory.key("k1")).toEqual({ ...key, revoked: false });
      expect(await directory.key("nothing")).toBeUndefined();
      expect((await directory.listKeys()).map(({ id }) => id)).toEqual(["k1", "k2"]);
    });

    test("are revoked once, stay listed, and the control log tells it", async () => {
      const { directory, log } = store();
      await directory.createKey(key);
      expect(await directory.revokeKey("k1", 5)).toBe(true);
      expect(await directory.revokeKey("k1", 6)).toBe(false);
      expect(await directory.revokeKey("nothing", 6)).toBe(false);
      expect(await directory.listKeys()).toEqual([{ ...key, revoked: true }]);
      expect(await log.control(0)).toEqual([
        { sequence: 1, time: 5, fact: { type: "key_revoked", principal: "service:shop" } },
      ]);
    });
  });
}

function describeRooms(store: UseStore): void {
  describe("rooms", () => {
    const open = async (id: string, kind: "public" | "private" | "announcement", title: string) =>
      store().log.open(roomId(id), { kind, title, createdAt: someTime });

    test("all of them are listed by their ids, page by page, with members and the time of the last event", async () => {
      const { log, directory } = store();
      const ids = ["a", "a.b", "B", "b", "a_", "z".repeat(128), "0"];
      for (const room of ids) await open(room, "private", "T");
      await log.append(joined("u1", { room: "b" }));
      await log.append(joined("u2", { room: "b", time: someTime + 5 }));
      const all = await directory.rooms("", 100);
      expect(all.map(({ room }) => room)).toEqual([...ids].sort());
      const found: string[] = [];
      for (let after = ""; ; ) {
        const page = await directory.rooms(after, 2);
        found.push(...page.map(({ room }) => room));
        const last = page.at(-1);
        if (last === undefined) break;
        after = last.room;
      }
      expect(found).toEqual([...ids].sort());
      const { members, lastAt, ...record } = all.find(({ room }) => room === "b") ?? {};
      expect([members, lastAt]).toEqual([2, someTime + 5]);
      expect(record).toEqual(await log.open(roomId("b")));
      expect(all[0]).toMatchObject({ room: "0", members: 0 });
      expect(all[0]).not.toHaveProperty("lastAt");
    });

    test("of a user and those to discover are told apart and ordered by title, then id", async () => {
      const { log, directory } = store();
      const titles = ["b", "a", "Ä", "B", "a", "𝒜", "\uffee"];
      for (const [n, title] of titles.entries()) await open(`r${n}`, "public", title);
      await open("news", "announcement", "c");
      await open("secret", "private", "a");
      for (const room of ["r0", "secret"]) await log.append(joined("u1", { room }));

      const found = await directory.discoverable(userId("u1"), 10);
      expect(found.map(({ room }) => room)).toEqual(["r3", "r1", "r4", "news", "r2", "r6", "r5"]);
      expect(found[0]).toEqual(await log.open(roomId("r3")));
      const own = await directory.roomsOf(userId("u1"), 10);
      expect(own.map(({ room }) => room)).toEqual(["secret", "r0"]);
      expect(own[0]).toEqual({
        ...(await log.open(roomId("secret"))),
        role: "member",
        mentions: 0,
        readMark: 1,
        unreadAfter: 1,
        unread: 0,
      });
      expect(await directory.discoverable(userId("u1"), 2)).toHaveLength(2);
      expect(await directory.roomsOf(userId("u1"), 1)).toHaveLength(1);
      // Those of some patterns are counted by themselves, and by their letters as they are.
      await open("shop_1", "public", "x");
      await open("shop_2", "private", "z");
      await open("shopx2", "public", "y");
      await open("Shop_3", "public", "y");
      await log.append(joined("u1", { room: "shop_2" }));
      const of = ["shop_*", "r*6"];
      const some = await directory.discoverable(userId("u1"), 2, of);
      expect(some.map(({ room }) => room)).toEqual(["shop_1", "r6"]);
      const mine = await directory.roomsOf(userId("u1"), 1, of);
      expect(mine.map(({ room }) => room)).toEqual(["shop_2"]);
      expect(await directory.discoverable(userId("u1"), 2, [])).toEqual([]);
      for (const room of own) {
        expect(await directory.roomOf(userId("u1"), room.room)).toEqual(room);
        expect(await directory.roomOf(userId("nobody"), room.room)).toBeUndefined();
      }
      expect(await directory.roomOf(userId("u1"), roomId("absent"))).toBeUndefined();
    });

    test("everything is there after a restart", async () => {
      const harness = store();
      await harness.directory.createUser(account("u1", { username: "ada" }));
      await harness.directory.createSession(session("s1", "u1"));
      await harness.log.append(joined("u1", { create: publicRoom }));
      await harness.log.append(message("a", { user: "u2" }));
      await harness.directory.revokeSession("s1" as SessionId, 1);
      const look = async () => {
        const { log, directory } = harness;
        return {
          user: await directory.accountByLogin("ada"),
          rooms: await directory.roomsOf(userId("u1"), 10),
          members: await directory.members(roomId("r1"), 10),
          control: await log.control(0),
          page: await log.read({ room: roomId("r1"), limit: 10 }),
        };
      };
      const before = await look();
      await harness.reopen();
      expect(await look()).toEqual(before);
      expect(before.rooms).toMatchObject([{ unread: 1 }]);
    });
  });
}
