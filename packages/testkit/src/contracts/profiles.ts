import { describe, expect, test } from "vitest";
import { joined, publicRoom, roomId, someTime, type UseStore, userId } from "./harness.ts";

/** Who people are: what they said of themselves, their pictures, and when they were here last. */
export function describeProfiles(store: UseStore): void {
  const account = { kind: "account", name: "Ada", createdAt: someTime } as const;
  const [ada, bob] = [userId("p_ada"), userId("p_bob")];
  const make = async (): Promise<void> => {
    const { directory } = store();
    await directory.createUser({ ...account, id: ada, username: "p.ada" });
    await directory.upsertExternal(bob, "Bob", someTime);
  };

  describe("profiles", () => {
    test("keep what was set, let go of what is taken back, and tell the control log", async () => {
      await make();
      const { directory, log } = store();
      const head = await log.controlHead();
      expect(await directory.profilesOf([ada, userId("p_nobody")])).toMatchObject([
        { id: ada, name: "Ada", username: "p.ada", kind: "account", profile: {} },
      ]);
      const status = { emoji: "🌴", text: "am Strand 語", until: "2026-12-01T00:00:00.000Z" };
      const changes = { title: "Countess", availability: "dnd", status } as const;
      const set = await directory.changeProfile(ada, { ...changes, name: "Ada L." }, someTime);
      expect(set).toMatchObject({ id: ada, name: "Ada L.", profile: changes });
      expect(await directory.user(ada)).toMatchObject({ name: "Ada L." });
      await directory.changeProfile(ada, { title: null, about: "numbers" }, someTime + 1);
      const [now] = await directory.profilesOf([ada]);
      expect(now?.profile).toEqual({ availability: "dnd", status, about: "numbers" });
      expect((await log.control(head)).map(({ fact }) => fact)).toEqual([
        { type: "profile_changed", user: ada, renamed: true },
        { type: "profile_changed", user: ada },
      ]);
    });

    test("leave the name of somebody whom a token names, and know nobody else", async () => {
      await make();
      const { directory, log } = store();
      const set = await directory.changeProfile(bob, { name: "Robert", title: "x" }, someTime);
      expect(set).toMatchObject({ name: "Bob", profile: { title: "x" } });
      const head = await log.controlHead();
      const nobody = userId("p_nobody");
      expect(await directory.changeProfile(nobody, { title: "x" }, someTime)).toBeUndefined();
      expect(await directory.setPicture(nobody, null, someTime)).toBeUndefined();
      expect(await log.controlHead()).toBe(head);
      expect(await directory.profilesOf([])).toEqual([]);
    });

    test("lose none of several changes at once", async () => {
      await make();
      const { directory } = store();
      await Promise.all([
        directory.changeProfile(ada, { title: "a" }, someTime),
        directory.changeProfile(ada, { about: "b" }, someTime),
        directory.changeProfile(ada, { pronouns: "c" }, someTime),
        directory.noteSeen([ada, bob], someTime),
      ]);
      const [record] = await directory.profilesOf([ada]);
      expect(record?.profile).toEqual({ title: "a", about: "b", pronouns: "c" });
    });

    test("have one picture at a time", async () => {
      await make();
      const { directory } = store();
      const picture = { id: "a".repeat(32), mediaType: "image/png", data: "iVBO" } as const;
      const set = await directory.setPicture(ada, picture, someTime);
      expect(set?.profile.picture).toBe(picture.id);
      expect(await directory.picture(picture.id)).toEqual(picture);
      const next = { ...picture, id: "b".repeat(32) };
      await directory.setPicture(ada, next, someTime);
      expect(await directory.picture(picture.id)).toBeUndefined();
      expect(await directory.picture(next.id)).toEqual(next);
      const none = await directory.setPicture(ada, null, someTime);
      expect(none?.profile).toEqual({});
      expect(await directory.picture(next.id)).toBeUndefined();
    });

    test("know when somebody was here last, which only grows", async () => {
      await make();
      const { directory } = store();
      await directory.noteSeen([ada, bob], someTime + 10);
      await directory.noteSeen([ada], someTime + 5);
      await directory.noteSeen([bob, userId("p_nobody")], someTime + 20);
      await directory.noteSeen([], someTime + 30);
      const seen = await directory.profilesOf([ada, bob]);
      expect(new Map(seen.map(({ id, seenAt }) => [id, seenAt]))).toEqual(
        new Map([
          [ada, someTime + 10],
          [bob, someTime + 20],
        ]),
      );
    });

    test("two people share a room, or none", async () => {
      const { directory, log } = store();
      await log.append(joined("u1", { create: publicRoom }));
      await log.append(joined("u2"));
      await log.append(joined("u3", { room: "r2", create: publicRoom }));
      expect(await directory.shareRoom(userId("u1"), userId("u2"))).toBe(true);
      expect(await directory.shareRoom(userId("u1"), userId("u3"))).toBe(false);
      expect(await directory.member(roomId("r2"), userId("u3"))).toBeDefined();
    });
  });
}
