import { createMemoryBroker, MemoryHub } from "@parlance/broker/memory";
import type { EventId, Principal, RoomId, UserId } from "@parlance/protocol";
import { type Harness, startNode, type TestClient } from "@parlance/testkit/harness";
import { settle } from "@parlance/testkit/manual-clock";
import { createMemoryStore } from "@parlance/testkit/memory";
import { describe, expect, test } from "vitest";

type Store = ReturnType<typeof createMemoryStore>;
type Started = Harness & Store;

function newStore(): Store {
  let seed = 7;
  return createMemoryStore({
    random: () => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed / 2_147_483_647;
    },
  });
}

/** One node with people who are known to the directory. */
async function start(people: readonly string[] = ["ann", "bob", "cat", "dan"]): Promise<Started> {
  const store = newStore();
  for (const one of people) await store.directory.upsertExternal(one as UserId, one, 0);
  const harness = await startNode({ ...store, broker: createMemoryBroker() });
  return { ...harness, ...store };
}

/** Two nodes of one install. */
async function startTwo(): Promise<readonly [Started, Started]> {
  const hub = new MemoryHub();
  const store = newStore();
  for (const one of ["ann", "bob", "cat"]) {
    await store.directory.upsertExternal(one as UserId, one, 0);
  }
  const [first, second] = await Promise.all(
    ["n1", "n2"].map(async (nodeId) => {
      const harness = await startNode({ ...store, broker: createMemoryBroker(hub), nodeId });
      return { ...harness, ...store };
    }),
  );
  if (first === undefined || second === undefined) throw new Error("two were started");
  return [first, second];
}

/** A private room of ann's, with these members. */
async function privateRoom(ann: TestClient, members: readonly string[] = []): Promise<RoomId> {
  const { room } = await ann.ask({ type: "create_room", kind: "private", title: "Kitchen" });
  for (const user of members) await ann.ask({ type: "add_member", room, user });
  return room;
}

const code = async (client: TestClient, command: Parameters<TestClient["refusal"]>[0]) =>
  (await client.refusal(command)).code;

const typesOf = (client: TestClient, room: string): string[] =>
  client.frames.flatMap((frame) =>
    "sequence" in frame && "room" in frame && frame.room === room ? [frame.type] : [],
  );

describe("direct rooms", () => {
  test("of the same people are one room, whoever opens it and in whatever order", async () => {
    const harness = await start();
    const ann = await harness.signIn("ann");
    const bob = await harness.signIn("bob");
    const room = await ann.ask({ type: "open_direct", users: ["bob", "cat"] });
    expect(room).toMatchObject({ kind: "direct", role: "member", unread: 0 });
    expect(room.with?.map(({ id }) => id)).toEqual(["bob", "cat"]);
    const same = await bob.ask({ type: "open_direct", users: ["cat", "ann", "bob"] });
    expect([same.room, same.head]).toEqual([room.room, room.head]);
    expect(same.with?.map(({ id }) => id)).toEqual(["ann", "cat"]);
    const other = await bob.ask({ type: "open_direct", users: ["ann"] });
    expect(other.room).not.toBe(room.room);
    const listed = await bob.ask({ type: "list_rooms" });
    expect(listed.joined.map((one) => one.with?.length)).toEqual(
      listed.joined.map(({ room: id }) => (id === room.room ? 2 : 1)),
    );
  });

  test("show at once on all devices of those who come in, and to nobody else", async () => {
    const [first, second] = await startTwo();
    const ann = await first.signIn("ann");
    const bob = await second.signIn("bob", "phone");
    const desk = await first.signIn("bob", "desk");
    const cat = await second.signIn("cat");
    const { room } = await ann.ask({ type: "open_direct", users: ["bob"] });
    await settle();
    const joined = { type: "own", change: { what: "joined", room } };
    expect(bob.frames).toContainEqual(joined);
    expect(desk.frames).toContainEqual(joined);
    expect(cat.frames).not.toContainEqual(joined);
  });

  test("opened by both at the same moment on two nodes have each member once", async () => {
    const [first, second] = await startTwo();
    const [ann, bob] = await Promise.all([first.signIn("ann"), second.signIn("bob")]);
    const [left, right] = await Promise.all([
      ann.ask({ type: "open_direct", users: ["bob"] }),
      bob.ask({ type: "open_direct", users: ["ann"] }),
    ]);
    expect(left.room).toBe(right.room);
    const page = await first.log.read({ room: left.room, after: 0, limit: 50 });
    expect(page?.events.map(({ frame }) => frame.type)).toEqual(["member.joined", "member.joined"]);
  });

  test("[Z12] are refused alike for nobody, the disabled and oneself's only company", async () => {
    const harness = await start();
    await harness.directory.setDisabled("dan" as UserId, true, 0);
    const ann = await harness.signIn("ann");
    const disabled = await ann.refusal({ type: "open_direct", users: ["dan"] });
    const nobody = await ann.refusal({ type: "open_direct", users: ["nobody-here"] });
    expect({ ...disabled, id: 0 }).toEqual({ ...nobody, id: 0 });
    expect(disabled.code).toBe("not_found");
    expect(await code(ann, { type: "open_direct", users: ["bob", "dan"] })).toBe("not_found");
    expect(await code(ann, { type: "open_direct", users: ["ann"] })).toBe("bad_request");
    const many = Array.from({ length: 9 }, (_, n) => `user-${n}`);
    expect(await code(ann, { type: "open_direct", users: many })).toBe("bad_request");
    expect((await ann.ask({ type: "list_rooms" })).joined).toEqual([]);
  });

  test("are absent for everybody else, and nobody leaves or manages them", async () => {
    const harness = await start();
    const ann = await harness.signIn("ann");
    const dan = await harness.signIn("dan");
    const { room } = await ann.ask({ type: "open_direct", users: ["bob"] });
    for (const type of ["get_room", "join", "leave", "subscribe"] as const) {
      expect(await code(dan, { type, room })).toBe("not_found");
    }
    expect(await code(ann, { type: "leave", room })).toBe("forbidden");
    expect(await code(ann, { type: "update_room", room, changes: { topic: "x" } })).toBe(
      "forbidden",
    );
    expect(await code(ann, { type: "ban_member", room, user: "bob" })).toBe("forbidden");
  });
});

describe("settings", () => {
  test("are told as an event, are in every view, and go back", async () => {
    const harness = await start();
    const ann = await harness.signIn("ann");
    const bob = await harness.signIn("bob");
    const room = await privateRoom(ann, ["bob"]);
    await bob.ask({ type: "subscribe", room });
    const changes = { title: "Galley", topic: "soup", system_lines: false, slow_mode_s: 5 };
    const { sequence } = await ann.ask({ type: "update_room", room, changes });
    await settle();
    expect(bob.frames.at(-1)).toMatchObject({
      type: "room.updated",
      sequence,
      author: "ann",
      data: { ...changes, editor_name: "ann" },
    });
    expect(await bob.ask({ type: "get_room", room })).toMatchObject({ ...changes, head: sequence });
    expect((await bob.ask({ type: "list_rooms" })).joined).toMatchObject([changes]);
    const back = { topic: null, system_lines: true, slow_mode_s: null };
    await ann.ask({ type: "update_room", room, changes: back });
    const view = await bob.ask({ type: "get_room", room });
    expect(view).not.toHaveProperty("topic");
    expect(view).not.toHaveProperty("system_lines");
    expect(view.title).toBe("Galley");
  });

  test("are the staff's to set", async () => {
    const harness = await start();
    const ann = await harness.signIn("ann");
    const bob = await harness.signIn("bob");
    const room = await privateRoom(ann, ["bob"]);
    const changes = { topic: "x" };
    expect(await code(bob, { type: "update_room", room, changes })).toBe("forbidden");
    const dan = await harness.signIn("dan");
    expect(await code(dan, { type: "update_room", room, changes })).toBe("not_found");
    expect(await code(ann, { type: "update_room", room, changes: {} })).toBe("bad_request");
    const file = { avatar: { file: "f1" } };
    expect(await code(ann, { type: "update_room", room, changes: file })).toBe("not_found");
    const { room: open } = await ann.ask({ type: "create_room", kind: "public", title: "Open" });
    expect(await code(ann, { type: "update_room", room: open, changes: { listed: true } })).toBe(
      "bad_request",
    );
  });

  test("an archived room is read and not written, on every node, until it is opened again", async () => {
    const [first, second] = await startTwo();
    const ann = await first.signIn("ann");
    const bob = await second.signIn("bob");
    const room = await privateRoom(ann, ["bob"]);
    await bob.ask({ type: "subscribe", room });
    await bob.publish(room, "before", "b1");
    await ann.ask({ type: "update_room", room, changes: { archived: true } });
    const late = { type: "publish", room, text: "late", client_message_id: "b2" } as const;
    // Its node may not have heard of it yet: the revision tells.
    expect(await code(bob, late)).toBe("archived");
    expect(await code(ann, late)).toBe("archived");
    expect(await bob.publish(room, "before", "b1")).toMatchObject({ repeated: true });
    expect((await bob.ask({ type: "history", room })).events.length).toBeGreaterThan(0);
    const dan = await first.signIn("dan");
    expect(await code(dan, { ...late, client_message_id: "d" })).toBe("not_found");
    await ann.ask({ type: "update_room", room, changes: { archived: false } });
    await settle();
    expect(await bob.publish(room, "late", "b2")).toMatchObject({ room });
  });

  test("slow mode lets each person write once in so long, and the staff always", async () => {
    const harness = await start();
    const ann = await harness.signIn("ann");
    const bob = await harness.signIn("bob");
    const cat = await harness.signIn("cat");
    const room = await privateRoom(ann, ["bob", "cat"]);
    await ann.ask({ type: "update_room", room, changes: { slow_mode_s: 30 } });
    await bob.publish(room, "one", "b1");
    await harness.clock.advance(10_000);
    const refusal = await bob.refusal({
      type: "publish",
      room,
      text: "two",
      client_message_id: "b2",
    });
    expect(refusal).toMatchObject({ code: "rate_limited", details: { retry_after_ms: 20_000 } });
    expect(await bob.publish(room, "one", "b1")).toMatchObject({ repeated: true });
    await cat.publish(room, "mine", "c1");
    await ann.publish(room, "a", "a1");
    await ann.publish(room, "b", "a2");
    await harness.clock.advance(20_000);
    await bob.publish(room, "two", "b2");
  });

  test("slow mode counts what was written before this node listened, and of a burst one", async () => {
    const [first, second] = await startTwo();
    const ann = await first.signIn("ann");
    const bob = await first.signIn("bob");
    const room = await privateRoom(ann, ["bob"]);
    await ann.ask({ type: "update_room", room, changes: { slow_mode_s: 30 } });
    const send = (client: TestClient, key: string) =>
      client.answer({ type: "publish", room, text: key, client_message_id: key });
    const answers = await Promise.all(["k1", "k2", "k3"].map((key) => send(bob, key)));
    expect(answers.map(({ type }) => type)).toEqual(["reply", "error", "error"]);
    const elsewhere = await second.signIn("bob");
    expect(await send(elsewhere, "k4")).toMatchObject({ code: "rate_limited" });
  });
});

describe("roles", () => {
  test("are given by owners; the last owner stays one while others are there", async () => {
    const harness = await start();
    const ann = await harness.signIn("ann");
    const bob = await harness.signIn("bob");
    const room = await privateRoom(ann, ["bob", "cat"]);
    await bob.ask({ type: "subscribe", room });
    expect(await code(bob, { type: "set_role", room, user: "cat", role: "moderator" })).toBe(
      "forbidden",
    );
    await ann.ask({ type: "set_role", room, user: "bob", role: "moderator" });
    await settle();
    expect(bob.frames.at(-1)).toMatchObject({
      type: "member.role_changed",
      data: { user: "bob", name: "bob", role: "moderator" },
    });
    // A moderator may not make others what it is.
    expect(await code(bob, { type: "set_role", room, user: "cat", role: "owner" })).toBe(
      "forbidden",
    );
    await bob.ask({ type: "set_role", room, user: "cat", role: "guest" });
    expect(await code(ann, { type: "set_role", room, user: "ann", role: "member" })).toBe(
      "conflict",
    );
    expect(await code(ann, { type: "leave", room })).toBe("conflict");
    expect(await code(ann, { type: "remove_member", room, user: "ann" })).toBe("conflict");
    await ann.ask({ type: "set_role", room, user: "bob", role: "owner" });
    await ann.ask({ type: "leave", room });
    expect(await code(ann, { type: "get_room", room })).toBe("not_found");
    expect(await code(bob, { type: "set_role", room, user: "dan", role: "member" })).toBe(
      "not_found",
    );
  });

  test("an owner who is alone may go", async () => {
    const harness = await start();
    const ann = await harness.signIn("ann");
    const room = await privateRoom(ann);
    expect(await ann.ask({ type: "leave", room })).toMatchObject({ room });
  });

  test("two owners who go at the same moment do not leave a room without one", async () => {
    const [first, second] = await startTwo();
    const ann = await first.signIn("ann");
    const bob = await second.signIn("bob");
    const room = await privateRoom(ann, ["bob", "cat"]);
    await ann.ask({ type: "set_role", room, user: "bob", role: "owner" });
    await bob.ask({ type: "get_room", room });
    const answers = await Promise.all([
      ann.answer({ type: "leave", room }),
      bob.answer({ type: "leave", room }),
    ]);
    expect(answers.filter(({ type }) => type === "reply")).toHaveLength(1);
    expect(await first.directory.memberCounts(room)).toEqual({ members: 2, owners: 1 });
  });
});

describe("bans", () => {
  test("[Z2] end a member's reading on every node, and the way back", async () => {
    const [first, second] = await startTwo();
    const ann = await first.signIn("ann");
    const bob = await second.signIn("bob");
    const room = await privateRoom(ann, ["bob"]);
    await bob.ask({ type: "subscribe", room });
    const { sequence } = await ann.ask({ type: "ban_member", room, user: "bob" });
    await ann.publish(room, "without bob", "a1");
    await settle();
    const told = bob.frames.filter((frame) => "room" in frame && frame.room === room);
    expect(told.slice(-2)).toMatchObject([
      { type: "member.banned", sequence, author: "ann" },
      { type: "unsubscribed", code: "not_found" },
    ]);
    for (const type of ["get_room", "history", "subscribe", "join", "ask_to_join"] as const) {
      expect(await code(bob, { type, room })).toBe("not_found");
    }
    expect(await code(ann, { type: "add_member", room, user: "bob" })).toBe("conflict");
    expect(await ann.ask({ type: "list_bans", room })).toMatchObject({
      bans: [{ user: { id: "bob" }, by: "ann" }],
    });
    await ann.ask({ type: "unban_member", room, user: "bob" });
    await ann.ask({ type: "add_member", room, user: "bob" });
    await settle();
    expect(await bob.ask({ type: "get_room", room })).toMatchObject({ role: "member" });
    expect(await code(ann, { type: "unban_member", room, user: "bob" })).toBe("not_found");
  });

  test("from a room that everybody reads are told as forbidden, also to who was no member", async () => {
    const [first, second] = await startTwo();
    const ann = await first.signIn("ann");
    const bob = await second.signIn("bob");
    const { room } = await ann.ask({ type: "create_room", kind: "public", title: "Lobby" });
    await bob.ask({ type: "subscribe", room });
    await bob.publish(room, "hello", "b1");
    await ann.ask({ type: "ban_member", room, user: "bob" });
    await ann.publish(room, "without bob", "a1");
    await settle();
    expect(bob.frames.at(-1)).toMatchObject({ type: "unsubscribed", code: "forbidden" });
    expect(bob.texts(room)).toEqual(["hello"]);
    for (const type of ["history", "subscribe", "join", "get_room"] as const) {
      expect(await code(bob, { type, room })).toBe("forbidden");
    }
    const late = { type: "publish", room, text: "x", client_message_id: "b2" } as const;
    expect(await code(bob, late)).toBe("forbidden");
    const found = await bob.ask({ type: "list_directory" });
    expect(found.rooms).toEqual([]);
    const elsewhere = await first.signIn("bob");
    expect(await code(elsewhere, { type: "subscribe", room })).toBe("forbidden");
  });

  test("[Z9] are the staff's, and not of the staff by moderators or of oneself", async () => {
    const harness = await start();
    const ann = await harness.signIn("ann");
    const bob = await harness.signIn("bob");
    const cat = await harness.signIn("cat");
    const room = await privateRoom(ann, ["bob", "cat"]);
    expect(await code(cat, { type: "ban_member", room, user: "bob" })).toBe("forbidden");
    expect(await code(cat, { type: "list_bans", room })).toBe("forbidden");
    await ann.ask({ type: "set_role", room, user: "bob", role: "moderator" });
    expect(await code(bob, { type: "ban_member", room, user: "ann" })).toBe("forbidden");
    expect(await code(ann, { type: "ban_member", room, user: "ann" })).toBe("forbidden");
    expect(await code(bob, { type: "ban_member", room, user: "nobody-here" })).toBe("not_found");
    await bob.ask({ type: "ban_member", room, user: "cat" });
    const dan = await harness.signIn("dan");
    expect(await code(dan, { type: "ban_member", room, user: "bob" })).toBe("not_found");
  });
});

describe("invite links", () => {
  test("[Z11] let in by their own role, as often as they say, and are all alike when they do not", async () => {
    const harness = await start();
    const ann = await harness.signIn("ann");
    const bob = await harness.signIn("bob");
    const cat = await harness.signIn("cat");
    const room = await privateRoom(ann);
    const made = await ann.ask({ type: "create_invite", room, role: "guest", uses: 1 });
    const { token } = made;
    expect(JSON.stringify(await ann.ask({ type: "list_invites", room }))).not.toContain(token);
    const { events } = await ann.ask({ type: "history", room });
    expect(JSON.stringify(events)).not.toContain(token);
    expect(await bob.ask({ type: "get_invite", token })).toEqual({
      room,
      kind: "private",
      title: "Kitchen",
      members: 1,
      role: "guest",
    });
    const view = await bob.ask({ type: "accept_invite", token, role: "owner" });
    expect(view).toMatchObject({ room, role: "guest" });
    expect(await bob.ask({ type: "accept_invite", token: made.token }).catch(() => "gone")).toBe(
      "gone",
    );
    const usedUp = await cat.refusal({ type: "accept_invite", token });
    const other = await ann.ask({ type: "create_invite", room, expires_in_s: 60 });
    const revoked = await ann.ask({ type: "create_invite", room });
    const { invite_id } = revoked.invite;
    await ann.ask({ type: "revoke_invite", room, invite_id });
    await harness.clock.advance(61_000);
    const refusals = [
      usedUp,
      await cat.refusal({ type: "accept_invite", token: other.token }),
      await cat.refusal({ type: "accept_invite", token: revoked.token }),
      await cat.refusal({ type: "get_invite", token: "never-made" }),
      // Its id is in the log for all to see.
      await cat.refusal({ type: "accept_invite", token: made.invite.invite_id }),
    ];
    for (const refusal of refusals) expect({ ...refusal, id: 0 }).toEqual({ ...usedUp, id: 0 });
    expect(usedUp.code).toBe("not_found");
  });

  test("are made by the staff, and use nothing up for who is a member or banned", async () => {
    const harness = await start();
    const ann = await harness.signIn("ann");
    const bob = await harness.signIn("bob");
    const cat = await harness.signIn("cat");
    const room = await privateRoom(ann, ["bob", "cat"]);
    expect(await code(bob, { type: "create_invite", room })).toBe("forbidden");
    const { token } = await ann.ask({ type: "create_invite", room, uses: 2 });
    expect(await bob.ask({ type: "accept_invite", token })).toMatchObject({ role: "member" });
    await ann.ask({ type: "ban_member", room, user: "cat" });
    expect(await code(cat, { type: "accept_invite", token })).toBe("not_found");
    expect((await ann.ask({ type: "list_invites", room })).invites).toMatchObject([
      { uses_left: 2 },
    ]);
    expect(await code(ann, { type: "create_invite", room, role: "owner" })).toBe("bad_request");
  });

  test("of one room are at most a hundred at a time", async () => {
    const harness = await start();
    const ann = await harness.signIn("ann");
    const room = await privateRoom(ann);
    for (let count = 0; count < 100; count += 1) {
      await ann.ask({ type: "create_invite", room, expires_in_s: 60 });
    }
    expect(await code(ann, { type: "create_invite", room })).toBe("rate_limited");
    await harness.clock.advance(61_000);
    await ann.ask({ type: "create_invite", room });
  });
});

describe("asking to be let in", () => {
  test("is for rooms that are listed; of others nothing is learned", async () => {
    const harness = await start();
    const ann = await harness.signIn("ann");
    const bob = await harness.signIn("bob");
    const room = await privateRoom(ann);
    const hidden = await bob.refusal({ type: "ask_to_join", room });
    const absent = await bob.refusal({ type: "ask_to_join", room: "r_nowhere" });
    expect({ ...hidden, id: 0 }).toEqual({ ...absent, id: 0 });
    await ann.ask({ type: "update_room", room, changes: { listed: true } });
    const found = await bob.ask({ type: "list_directory", query: "KIT" });
    expect(found.rooms).toEqual([
      { room, kind: "private", title: "Kitchen", members: 1, joined: false },
    ]);
    // It is found, and still read by members only.
    expect(await code(bob, { type: "get_room", room })).toBe("not_found");
    await ann.ask({ type: "subscribe", room });
    const asked = { room, state: "asked" };
    expect(await bob.ask({ type: "ask_to_join", room, text: "soup?" })).toEqual(asked);
    expect(await bob.ask({ type: "ask_to_join", room })).toEqual(asked);
    await settle();
    expect(typesOf(ann, room)).toEqual(["join.requested"]);
    expect((await bob.ask({ type: "list_directory" })).rooms).toMatchObject([{ asked: true }]);
    expect(await ann.ask({ type: "list_join_requests", room })).toMatchObject({
      requests: [{ user: { id: "bob" }, text: "soup?" }],
    });
    await ann.ask({ type: "answer_join_request", room, user: "bob", accept: true });
    await settle();
    expect(await bob.ask({ type: "get_room", room })).toMatchObject({ role: "member" });
    expect(await bob.ask({ type: "ask_to_join", room })).toEqual({ room, state: "joined" });
    expect((await ann.ask({ type: "list_join_requests", room })).requests).toEqual([]);
  });

  test("of who was refused is heard again after a day", async () => {
    const harness = await start();
    const ann = await harness.signIn("ann");
    const bob = await harness.signIn("bob");
    const room = await privateRoom(ann, ["cat"]);
    await ann.ask({ type: "update_room", room, changes: { listed: true } });
    await bob.ask({ type: "ask_to_join", room });
    const cat = await harness.signIn("cat");
    const answer = { type: "answer_join_request", room, user: "bob", accept: false } as const;
    expect(await code(cat, answer)).toBe("forbidden");
    await ann.ask(answer);
    expect(await code(ann, answer)).toBe("not_found");
    const { head } = await ann.ask({ type: "get_room", room });
    expect(await bob.ask({ type: "ask_to_join", room })).toMatchObject({ state: "asked" });
    expect((await ann.ask({ type: "get_room", room })).head).toBe(head);
    // A day of the clock would be many turns of the node: the refusal is made an old one.
    await harness.log.append({
      room,
      id: "refused-long-ago" as EventId,
      author: "ann" as UserId,
      principal: "ann" as Principal,
      time: harness.clock.now() - 24 * 3_600_000,
      event: { type: "join.refused", data: { user: "bob" as UserId } },
    });
    await bob.ask({ type: "ask_to_join", room });
    expect((await ann.ask({ type: "list_join_requests", room })).requests).toHaveLength(1);
  });
});

test("the directory gives pages, each going on where the one before ended", async () => {
  const harness = await start();
  const ann = await harness.signIn("ann");
  for (const title of ["Zoo", "Aquarium", "Museum", "Über uns"]) {
    await ann.ask({ type: "create_room", kind: "public", title });
  }
  const titles: string[] = [];
  let after: string | undefined;
  do {
    const page = await ann.ask({
      type: "list_directory",
      limit: 3,
      ...(after === undefined ? {} : { after }),
    });
    titles.push(...page.rooms.map(({ title }) => title));
    after = page.next;
  } while (after !== undefined);
  expect(titles).toEqual(["Aquarium", "Museum", "Zoo", "Über uns"]);
  const found = await ann.ask({ type: "list_directory", query: "uber" });
  expect(found.rooms.map(({ title }) => title)).toEqual(["Über uns"]);
  expect(await code(ann, { type: "list_directory", after: "x" })).toBe("bad_request");
});
