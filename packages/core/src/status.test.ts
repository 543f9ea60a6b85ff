import { createMemoryBroker, MemoryHub } from "@parlance/broker/memory";
import type { PresentUser, RoomId, UserId } from "@parlance/protocol";
import { type Harness, startNode, type TestClient } from "@parlance/testkit/harness";
import { ManualClock, settle } from "@parlance/testkit/manual-clock";
import { createMemoryStore } from "@parlance/testkit/memory";
import { describe, expect, test } from "vitest";
import type { Directory } from "./ports/index.ts";

type Store = ReturnType<typeof createMemoryStore>;
type Started = Harness & Store & { readonly hub: MemoryHub };

function newStore(): Store {
  let seed = 7;
  return createMemoryStore({
    random: () => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed / 2_147_483_647;
    },
  });
}

/** Two nodes of one install; `ann`, `bob` and `cat` are accounts, `dan` comes by tokens. */
async function startTwo(
  directoryOf: (store: Store) => Directory = ({ directory }) => directory,
): Promise<readonly [Started, Started]> {
  const hub = new MemoryHub();
  const store = newStore();
  for (const id of ["ann", "bob", "cat"] as UserId[]) {
    const account = { id, name: id, username: id, kind: "account", createdAt: 0 } as const;
    await store.directory.createUser(account);
  }
  await store.directory.upsertExternal("dan" as UserId, "dan", 0);
  const clock = new ManualClock();
  const [first, second] = await Promise.all(
    ["n1", "n2"].map(async (nodeId) => {
      const broker = createMemoryBroker(hub);
      const parts = { ...store, directory: directoryOf(store), clock, nodes: ["n1", "n2"] };
      return { ...(await startNode({ ...parts, broker, nodeId })), ...store, hub };
    }),
  );
  if (first === undefined || second === undefined) throw new Error("two were started");
  return [first, second];
}

async function roomOf(ann: TestClient, ...members: string[]): Promise<RoomId> {
  const { room } = await ann.ask({ type: "create_room", kind: "private", title: "Kitchen" });
  for (const user of members) await ann.ask({ type: "add_member", room, user });
  return room;
}

const enter = (client: TestClient, room: RoomId) =>
  client.ask({ type: "subscribe", room, presence: true, with_present: true });

/** Everybody as a client sees them that follows what it is told. */
function seenBy(client: TestClient, room: RoomId): Record<string, PresentUser> {
  const seen: Record<string, PresentUser> = {};
  const take = (users: readonly PresentUser[]) => {
    for (const user of users) seen[user.id] = user;
  };
  for (const frame of client.frames) {
    if (frame.type === "reply" && "present" in frame.result) {
      take(frame.result["present"] as readonly PresentUser[]);
    }
    if (frame.type !== "presence" || frame.room !== room) continue;
    take([...frame.online, ...(frame.changed ?? [])]);
    for (const id of frame.offline) delete seen[id];
  }
  return seen;
}

async function later(node: Harness, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 250) {
    await node.clock.advance(Math.min(250, ms - passed));
    await settle();
  }
}

const set = (client: TestClient, changes: object) => client.ask({ type: "set_profile", changes });
const own = (client: TestClient) =>
  client.frames.flatMap((frame) =>
    frame.type === "own" && frame.change.what === "profile" ? [frame.change] : [],
  );
const after = (node: Harness, ms: number) => new Date(node.clock.now() + ms).toISOString();

describe("a status", () => {
  test("is seen by the room's people on every node, and is over at its time", async () => {
    const [first, second] = await startTwo();
    const [ann, bob] = [await first.signIn("ann"), await second.signIn("bob")];
    const room = await roomOf(ann, "bob");
    await enter(bob, room);
    await enter(ann, room);
    await later(first, 1_500);
    const status = { emoji: "🌴", text: "at the sea", until: after(first, 60_000) };
    expect(await set(ann, { status })).toEqual({ own: { name: "ann", status } });
    await later(first, 1_500);
    expect(seenBy(bob, room)["ann"]).toMatchObject({ id: "ann", status });
    const { present } = await enter(await second.signIn("bob"), room);
    expect(present?.find(({ id }) => id === "ann")).toMatchObject({ status });
    await later(first, 61_000);
    expect(seenBy(bob, room)["ann"]).not.toHaveProperty("status");
    expect(own(ann)).toContainEqual({ what: "profile", own: { name: "ann", status } });
    expect(own(bob)).toEqual([]);
  });

  test("not to be disturbed holds until its time; a new choice without one has no end", async () => {
    const [first, second] = await startTwo();
    const [ann, bob] = [await first.signIn("ann"), await second.signIn("bob")];
    const room = await roomOf(ann, "bob");
    await enter(bob, room);
    await enter(ann, room);
    const until = after(first, 30_000);
    await set(ann, { availability: "dnd", availability_until: until });
    await later(first, 1_500);
    expect(seenBy(bob, room)["ann"]).toMatchObject({ state: "dnd" });
    await later(first, 31_000);
    expect(seenBy(bob, room)["ann"]).not.toHaveProperty("state");
    await set(ann, { availability: "dnd", availability_until: after(first, 30_000) });
    const { own: now } = await set(ann, { availability: "away" });
    expect(now).toEqual({ name: "ann", availability: "away" });
    await later(first, 60_000);
    expect(seenBy(bob, room)["ann"]).toMatchObject({ state: "away" });
    await set(ann, { availability: null });
    await later(first, 1_500);
    expect(seenBy(bob, room)["ann"]).not.toHaveProperty("state");
  });

  test("is the same for all when the broker carries nothing of it: the control log tells", async () => {
    const [first, second] = await startTwo();
    const [ann, desk] = [await first.signIn("ann", "phone"), await second.signIn("ann", "desk")];
    await set(ann, { status: { text: "one" } });
    await later(first, 1_500);
    expect(own(desk)).toEqual([{ what: "profile", own: { name: "ann", status: { text: "one" } } }]);
    expect((await desk.ask({ type: "get_profile" })).own).toEqual({
      name: "ann",
      status: { text: "one" },
    });
  });
});

describe("being away", () => {
  test("is being idle in all of one's windows, on whichever nodes they are", async () => {
    const [first, second] = await startTwo();
    const [phone, desk] = [await first.signIn("ann", "phone"), await second.signIn("ann", "desk")];
    const bob = await second.signIn("bob");
    const room = await roomOf(phone, "bob");
    for (const client of [phone, desk, bob]) await enter(client, room);
    await later(first, 1_500);
    await phone.ask({ type: "set_idle", idle: true });
    await later(first, 1_500);
    expect(seenBy(bob, room)["ann"]).not.toHaveProperty("state");
    await desk.ask({ type: "set_idle", idle: true });
    await later(first, 1_500);
    expect(seenBy(bob, room)["ann"]).toMatchObject({ state: "away" });
    expect((await bob.ask({ type: "get_profile", user: "ann" })).person.state).toBe("away");
    await phone.ask({ type: "set_idle", idle: false });
    await later(first, 1_500);
    expect(seenBy(bob, room)["ann"]).not.toHaveProperty("state");
    // The used window goes: only the idle one is left.
    phone.inlet.closed(1001);
    await later(first, 2_500);
    expect(seenBy(bob, room)["ann"]).toMatchObject({ state: "away" });
  });

  test("ends with a new window, and with the node that said so", async () => {
    const [first, second] = await startTwo();
    const [ann, bob] = [await first.signIn("ann"), await second.signIn("bob")];
    const room = await roomOf(ann, "bob");
    await enter(bob, room);
    await enter(ann, room);
    await ann.ask({ type: "set_idle", idle: true });
    await later(first, 1_500);
    expect(seenBy(bob, room)["ann"]).toMatchObject({ state: "away" });
    await enter(await first.signIn("ann", "other"), room);
    await later(first, 1_500);
    expect(seenBy(bob, room)["ann"]).not.toHaveProperty("state");
    await first.node.close();
    await later(second, 4_000);
    expect(seenBy(bob, room)).not.toHaveProperty("ann");
  });
});

describe("somebody invisible", () => {
  test("is not there for others: not on joining, not in lists, counts, webhooks or cards", async () => {
    const [first, second] = await startTwo();
    const [bob, cat] = [await first.signIn("bob"), await second.signIn("cat")];
    const room = await roomOf(bob, "ann", "cat");
    await enter(bob, room);
    await enter(cat, room);
    const ghost = await first.signIn("ann");
    await set(ghost, { availability: "invisible" });
    ghost.inlet.closed(1001);
    await later(first, 2_500);
    const before = [bob.frames.length, cat.frames.length];
    const ann = await first.signIn("ann");
    const { present } = await enter(ann, room);
    await later(first, 12_000);
    expect(present?.some(({ id }) => id === "ann")).toBe(true);
    const told = (client: TestClient, from = 0) =>
      JSON.stringify(client.frames.slice(from).filter(({ type }) => type === "presence"));
    expect(told(bob, before[0])).not.toContain("ann");
    expect(told(cat, before[1])).not.toContain("ann");
    for (const [node, client] of [
      [first, bob],
      [second, cat],
    ] as const) {
      const { users } = await client.ask({ type: "presence", room });
      expect(users.map(({ id }) => id).sort()).toEqual(["bob", "cat"]);
      const { person } = await client.ask({ type: "get_profile", user: "ann" });
      expect(person.state).toBe("offline");
      expect(person).not.toHaveProperty("availability");
      const { people } = await client.ask({ type: "list_people", room });
      expect(people.find(({ user }) => user.id === "ann")).toMatchObject({ state: "offline" });
      expect(node.node.present().some(({ user }) => user === "ann")).toBe(false);
    }
    expect(first.node.stateHere("ann" as UserId)).toBe("offline");
    // To oneself one is there.
    const mine = await ann.ask({ type: "get_profile" });
    expect(mine).toMatchObject({ person: { state: "active" }, own: { availability: "invisible" } });
    // What one does is seen: a message, and typing.
    await ann.ask({ type: "typing", room, active: true });
    await settle();
    expect(bob.frames.at(-1)).toMatchObject({ type: "typing", user: "ann" });
    await set(ann, { availability: null });
    await later(first, 1_500);
    expect(seenBy(bob, room)).toHaveProperty("ann");
    expect(seenBy(cat, room)).toHaveProperty("ann");
  });

  test("goes as somebody goes who leaves, also from windows on another node", async () => {
    const [first, second] = await startTwo();
    const [phone, desk] = [await first.signIn("ann", "phone"), await second.signIn("ann", "desk")];
    const bob = await second.signIn("bob");
    const room = await roomOf(phone, "bob");
    for (const client of [phone, desk, bob]) await enter(client, room);
    await later(first, 1_500);
    expect(seenBy(bob, room)).toHaveProperty("ann");
    await set(phone, { availability: "invisible" });
    await later(first, 2_500);
    expect(bob.frames.findLast(({ type }) => type === "presence")).toMatchObject({
      offline: ["ann"],
      count: 1,
    });
    expect(seenBy(bob, room)).not.toHaveProperty("ann");
  });

  test("who cannot be read from the database yet is not seen, and is as soon as they can be", async () => {
    let isAway = true;
    const [first] = await startTwo(({ directory }) => ({
      ...directory,
      profilesOf: (users) =>
        isAway && users.includes("ann" as UserId)
          ? Promise.reject(new Error("away"))
          : directory.profilesOf(users),
    }));
    const bob = await first.signIn("bob");
    const room = await roomOf(bob, "ann");
    await enter(bob, room);
    await enter(await first.signIn("ann"), room);
    await later(first, 3_000);
    expect(seenBy(bob, room)).not.toHaveProperty("ann");
    isAway = false;
    await later(first, 3_000);
    expect(seenBy(bob, room)).toHaveProperty("ann");
  });
});

describe("when somebody was here last", () => {
  const lastSeen = async (client: TestClient, user: string) =>
    (await client.ask({ type: "get_profile", user })).person.last_seen;

  test("is told to the minute, once they are gone, and stands still while they are invisible", async () => {
    const [first, second] = await startTwo();
    const [ann, bob] = [await first.signIn("ann"), await second.signIn("bob")];
    await roomOf(ann, "bob");
    await later(first, 61_000);
    expect(await lastSeen(bob, "ann")).toBeUndefined();
    const left = new Date(Math.floor(first.clock.now() / 60_000) * 60_000).toISOString();
    await set(ann, { availability: "invisible" });
    await later(first, 300_000);
    const seen = await lastSeen(bob, "ann");
    ann.inlet.closed(1001);
    await later(first, 120_000);
    expect(await lastSeen(bob, "ann")).toBe(seen);
    expect(Math.abs(Date.parse(seen ?? "") - Date.parse(left))).toBeLessThanOrEqual(60_000);
  });

  test("is not told of who does not share it, nor to them", async () => {
    const [first] = await startTwo();
    const [ann, bob] = [await first.signIn("ann"), await first.signIn("bob")];
    await roomOf(ann, "bob", "cat");
    const cat = await first.signIn("cat");
    await later(first, 2_000);
    cat.inlet.closed(1001);
    await later(first, 62_000);
    expect(await lastSeen(bob, "cat")).toBeDefined();
    await bob.ask({ type: "set_preferences", changes: { shares_last_seen: false } });
    expect(await lastSeen(bob, "cat")).toBeUndefined();
    expect(await lastSeen(ann, "cat")).toBeDefined();
    bob.inlet.closed(1001);
    await later(first, 62_000);
    expect(await lastSeen(ann, "bob")).toBeUndefined();
  });
});

describe("a profile", () => {
  const refusal = async (client: TestClient, command: Parameters<TestClient["refusal"]>[0]) =>
    (await client.refusal(command)).code;

  test("is for those in a room with one; of others nothing is learned, not even that they exist", async () => {
    const [first] = await startTwo();
    const [ann, bob] = [await first.signIn("ann"), await first.signIn("bob")];
    const cat = await first.signIn("cat");
    const room = await roomOf(ann, "bob");
    const about = { title: "Countess", pronouns: "she", about: "numbers", time_zone: "Asia/Tokyo" };
    await set(ann, about);
    expect((await bob.ask({ type: "get_profile", user: "ann" })).person).toEqual({
      user: expect.objectContaining({ id: "ann", name: "ann", kind: "account" }),
      username: "ann",
      ...about,
      state: "active",
    });
    expect(await bob.ask({ type: "get_profile", user: "ann" })).not.toHaveProperty("own");
    for (const user of ["ann", "nobody"]) {
      expect(await refusal(cat, { type: "get_profile", user })).toBe("not_found");
      expect(await refusal(cat, { type: "get_profile", user, room })).toBe("not_found");
    }
    expect(await refusal(cat, { type: "list_people", room })).toBe("not_found");
    // In a room that everybody reads, one may know its people.
    await ann.ask({ type: "create_room", kind: "public", title: "Hall", room: "hall" });
    expect((await cat.ask({ type: "get_profile", user: "ann", room: "hall" })).person.title).toBe(
      "Countess",
    );
    expect(await refusal(cat, { type: "get_profile", user: "bob", room: "hall" })).toBe(
      "not_found",
    );
  });

  test("has a name that is another one everywhere at once, and in what is written from then on", async () => {
    const [first, second] = await startTwo();
    const [phone, desk] = [await first.signIn("ann", "phone"), await second.signIn("ann", "desk")];
    const bob = await second.signIn("bob");
    const room = await roomOf(phone, "bob");
    for (const client of [phone, desk, bob]) await enter(client, room);
    await later(first, 1_500);
    await set(phone, { name: "Ann B." });
    await later(first, 1_500);
    expect(seenBy(bob, room)["ann"]).toMatchObject({ name: "Ann B." });
    await desk.publish(room, "hello", "a1");
    await settle();
    const said = bob.frames.find((frame) => frame.type === "message.created");
    expect(said).toMatchObject({ data: { text: "hello", author_name: "Ann B." } });
    const { members } = await bob.ask({ type: "list_members", room });
    expect(members.map(({ user }) => user.name)).toContain("Ann B.");
  });

  test("takes no name that reads like an authority, and none of whom a token names", async () => {
    const [first] = await startTwo();
    const [ann, dan] = [await first.signIn("ann"), await first.signIn("dan")];
    const rename = (name: string) => ({ type: "set_profile", changes: { name } }) as const;
    expect(await refusal(ann, rename("admin"))).toBe("bad_request");
    expect(await refusal(dan, rename("Daniel"))).toBe("unsupported");
    expect(await set(dan, { title: "Cook" })).toEqual({ own: { name: "dan", title: "Cook" } });
    for (const changes of [{ time_zone: "Mars/North" }, { title: "two\nlines" }, { status: {} }]) {
      expect(await refusal(ann, { type: "set_profile", changes })).toBe("bad_request");
    }
  });

  test("has a picture that is one, small in bytes and in pixels", async () => {
    const [first] = await startTwo();
    const [ann, bob] = [await first.signIn("ann"), await first.signIn("bob")];
    const room = await roomOf(ann, "bob");
    await enter(bob, room);
    await enter(ann, room);
    const png = (side: number): string => {
      const bytes = Buffer.alloc(64);
      bytes.set([
        0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52,
      ]);
      bytes.writeUInt32BE(side, 16);
      bytes.writeUInt32BE(side, 20);
      return bytes.toString("base64");
    };
    const { own: now } = await ann.ask({ type: "set_picture", data: png(256) });
    expect(now.picture).toMatch(/^[A-Za-z0-9]{32}$/);
    await later(first, 1_500);
    expect(seenBy(bob, room)["ann"]).toMatchObject({ picture: now.picture });
    const kept = await first.directory.picture(now.picture ?? "");
    expect(kept).toMatchObject({ mediaType: "image/png", data: png(256) });
    const svg = Buffer.from("<svg xmlns='http://www.w3.org/2000/svg'/>").toString("base64");
    for (const data of [png(60_000), svg, "aGVsbG8=", "a"]) {
      expect(await refusal(ann, { type: "set_picture", data })).toBe("bad_request");
    }
    expect(await ann.ask({ type: "set_picture", data: null })).toEqual({ own: { name: "ann" } });
  });

  test("is nothing that a nobody or a back end's key has", async () => {
    const [first] = await startTwo();
    const shop = await first.signIn("service:shop?publish");
    const changes = { title: "x" };
    expect(await refusal(shop, { type: "set_profile", changes })).toBe("unsupported");
  });
});

test("a database that is away is told of once, and when people were here is written down when it is back", async () => {
  let isAway = true;
  const [one] = await startTwo(({ directory }) => ({
    ...directory,
    noteSeen: async (users, at) => {
      if (isAway) throw new Error("away");
      await directory.noteSeen(users, at);
    },
  }));
  await roomOf(await one.signIn("ann"));
  await later(one, 70_000);
  const told = () => one.reports.filter(({ event }) => event === "last_seen_failed");
  expect(told()).toHaveLength(1);
  isAway = false;
  await later(one, 5_000);
  const [record] = await one.directory.profilesOf(["ann" as UserId]);
  expect(record?.seenAt).toBeGreaterThan(0);
  expect(told()).toHaveLength(1);
});
