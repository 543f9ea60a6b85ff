import { createMemoryBroker, MemoryHub } from "@parlance/broker/memory";
import type { EventFrame, RoomId, Sequence, ServerFrame, UserId } from "@parlance/protocol";
import { type Harness, startNode, type TestClient } from "@parlance/testkit/harness";
import { settle } from "@parlance/testkit/manual-clock";
import { createMemoryStore } from "@parlance/testkit/memory";
import { describe, expect, test } from "vitest";
import type { Directory } from "./ports/index.ts";
import { countUnread } from "./unread-monitor.ts";

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

async function startTwo(
  directoryOf: (store: Store) => Directory = ({ directory }) => directory,
): Promise<readonly [Started, Started]> {
  const hub = new MemoryHub();
  const store = newStore();
  for (const one of ["ann", "bob", "cat"]) {
    await store.directory.upsertExternal(one as UserId, one, 0);
  }
  const [first, second] = await Promise.all(
    ["n1", "n2"].map(async (nodeId) => {
      const parts = { ...store, directory: directoryOf(store) };
      const harness = await startNode({ ...parts, broker: createMemoryBroker(hub), nodeId });
      return { ...harness, ...store };
    }),
  );
  if (first === undefined || second === undefined) throw new Error("two were started");
  return [first, second];
}

async function privateRoom(ann: TestClient, members: readonly string[]): Promise<RoomId> {
  const { room } = await ann.ask({ type: "create_room", kind: "private", title: "Kitchen" });
  for (const user of members) await ann.ask({ type: "add_member", room, user });
  return room;
}

const code = async (client: TestClient, command: Parameters<TestClient["refusal"]>[0]) =>
  (await client.refusal(command)).code;

const ofType = <T extends ServerFrame["type"]>(client: TestClient, type: T) =>
  client.frames.filter((frame): frame is Extract<ServerFrame, { type: T }> => frame.type === type);

/** What changed of one's own, but for the rooms that one came into. */
const ownOf = (client: TestClient) =>
  ofType(client, "own").flatMap(({ change }) => (change.what === "joined" ? [] : [change]));

describe("preferences", () => {
  test("are told to one's own devices on every node, and to nobody else", async () => {
    const [first, second] = await startTwo();
    const ann = await first.signIn("ann", "phone");
    const desk = await second.signIn("ann", "desk");
    const bob = await second.signIn("bob");
    const room = await privateRoom(ann, ["bob"]);
    const changes = { favourite: true, muted_until: "forever", level: "nothing" };
    const answer = await ann.ask({ type: "set_room_preferences", room, changes });
    expect(answer).toEqual({ room, preferences: changes });
    await ann.ask({
      type: "set_preferences",
      changes: { sections: [{ id: "w", name: "Work" }] },
    });
    await settle();
    expect(ownOf(desk)).toEqual([
      { what: "room_preferences", room, preferences: changes },
      { what: "preferences", preferences: { sections: [{ id: "w", name: "Work" }] } },
    ]);
    expect(ownOf(bob)).toEqual([]);
    expect(await desk.ask({ type: "get_preferences" })).toEqual({
      preferences: { sections: [{ id: "w", name: "Work" }] },
      rooms: [{ room, preferences: changes }],
    });
    expect(await bob.ask({ type: "get_preferences" })).toEqual({ preferences: {}, rooms: [] });
  });

  test("of a room that one may not read cannot be set, and muting changes no count", async () => {
    const [first] = await startTwo();
    const ann = await first.signIn("ann");
    const bob = await first.signIn("bob");
    const cat = await first.signIn("cat");
    const room = await privateRoom(ann, ["bob"]);
    const mute = {
      type: "set_room_preferences",
      room,
      changes: { muted_until: "forever" },
    } as const;
    expect(await code(cat, mute)).toBe("not_found");
    await bob.ask(mute);
    await ann.publish(room, "hello", "a1");
    expect(await bob.ask({ type: "get_room", room })).toMatchObject({ unread: 1 });
  });
});

describe("unread", () => {
  test("[I-20] [I-21] goes back for the reader alone, on all devices; what others see only grows", async () => {
    const [first, second] = await startTwo();
    const ann = await first.signIn("ann");
    const bob = await first.signIn("bob", "phone");
    const desk = await second.signIn("bob", "desk");
    const room = await privateRoom(ann, ["bob"]);
    await ann.ask({ type: "subscribe", room });
    const places: Sequence[] = [];
    for (const text of ["one", "two", "three"]) {
      places.push((await ann.publish(room, text, text)).sequence);
    }
    const [, two = 0, three = 0] = places;
    expect(await bob.ask({ type: "mark_read", room, sequence: three })).toMatchObject({
      unread: 0,
    });
    const told = ofType(ann, "read").length;
    const marked = { room, read_mark: three, unread_after: two - 1, unread: 2 };
    expect(await bob.ask({ type: "mark_unread", room, sequence: two })).toEqual(marked);
    // Already unread from there on.
    expect(await bob.ask({ type: "mark_unread", room, sequence: three })).toEqual(marked);
    await settle();
    expect(ofType(ann, "read")).toHaveLength(told);
    expect(ofType(desk, "own").at(-1)).toEqual({
      type: "own",
      change: { what: "read", ...marked },
    });
    expect(await desk.ask({ type: "get_room", room })).toMatchObject({
      unread: 2,
      read_mark: three,
      unread_after: two - 1,
    });
    expect(await code(bob, { type: "mark_unread", room, sequence: 0 })).toBe("bad_request");
    const cat = await first.signIn("cat");
    expect(await code(cat, { type: "mark_unread", room, sequence: two })).toBe("not_found");
  });

  test("[I-21] a list that was read before a mark moved is answered before that is told", async () => {
    let gate: Promise<void> | undefined;
    const [first, second] = await startTwo(({ directory }) => ({
      ...directory,
      roomsOf: async (...args) => {
        const rooms = await directory.roomsOf(...args);
        await gate;
        return rooms;
      },
    }));
    const ann = await first.signIn("ann");
    const phone = await first.signIn("bob", "phone");
    const desk = await second.signIn("bob", "desk");
    const room = await privateRoom(ann, ["bob"]);
    const { sequence } = await ann.publish(room, "one", "one");
    const { promise, resolve: open } = Promise.withResolvers<void>();
    gate = promise;
    const list = phone.ask({ type: "list_rooms" });
    await settle();
    await desk.ask({ type: "mark_read", room, sequence });
    await settle();
    expect(ownOf(phone)).toEqual([]);
    open();
    expect((await list).joined).toMatchObject([{ room, unread: 1 }]);
    await settle();
    expect(ownOf(phone)).toMatchObject([{ what: "read", room, unread: 0 }]);
    const order = phone.frames.slice(-2).map(({ type }) => type);
    expect(order).toEqual(["reply", "own"]);
    gate = undefined;
    expect((await phone.ask({ type: "list_rooms" })).joined).toMatchObject([{ unread: 0 }]);
    await desk.ask({ type: "mark_unread", room, sequence });
    await settle();
    expect(ownOf(phone).at(-1)).toMatchObject({ what: "read", unread: 1 });
  });

  test("[I-21] is compared with the log while the server runs", async () => {
    const [first] = await startTwo();
    const ann = await first.signIn("ann");
    const bob = await first.signIn("bob");
    const room = await privateRoom(ann, ["bob"]);
    for (const text of ["one", "two", "three"]) await ann.publish(room, text, text);
    await bob.ask({ type: "mark_unread", room, sequence: 1 });
    await first.clock.advance(60_000);
    const { unreadChecks, unreadMismatches } = first.node.tally;
    expect(unreadChecks).toBeGreaterThan(0);
    expect(unreadMismatches).toBe(0);
  });

  test("[I-21] that lies is counted and reported", async () => {
    const [first] = await startTwo(({ directory }) => ({
      ...directory,
      roomsOf: async (...args) =>
        (await directory.roomsOf(...args)).map((room) => ({ ...room, unread: room.unread + 1 })),
      roomOf: async (...args) => {
        const room = await directory.roomOf(...args);
        return room && { ...room, unread: room.unread + 1 };
      },
    }));
    const ann = await first.signIn("ann");
    const room = await privateRoom(ann, []);
    await first.clock.advance(11_000);
    expect(first.node.tally.unreadMismatches).toBe(1);
    expect(first.reports).toContainEqual({
      level: "error",
      event: "unread_mismatch",
      fields: { room_id: room, user_id: "ann", told: 1, counted: 0 },
    });
  });

  test("counts no message of a thread, though its payload be erased", () => {
    const at = { room: "r", author: "ann", time: "" };
    const created = (id: string, more: object) => ({ ...at, type: "message.created", id, ...more });
    const events = [
      created("a", { data: { text: "x", author_name: "Ann" } }),
      created("b", { data: { text: "x", author_name: "Ann", thread: "a" } }),
      created("c", { erased: true }),
      created("d", { erased: true }),
      { ...at, type: "message.deleted", id: "e", data: { message_id: "c", by: "ann" } },
      {
        ...at,
        type: "message.deleted",
        id: "f",
        data: { message_id: "d", by: "ann", thread: "a" },
      },
    ] as unknown as EventFrame[];
    expect(countUnread(events)).toBe(2);
  });
});

describe("receipts", () => {
  test("[I-20] are derived from marks, and told as the room and each person wants", async () => {
    const [first] = await startTwo();
    const ann = await first.signIn("ann");
    const bob = await first.signIn("bob");
    const cat = await first.signIn("cat");
    const room = await privateRoom(ann, ["bob", "cat"]);
    await ann.ask({ type: "subscribe", room });
    const { message_id, sequence } = await ann.publish(room, "seen?", "a1");
    const seen = async () =>
      (await ann.ask({ type: "seen_by", room, message_id })).users.map(({ id }) => id);
    expect(await seen()).toEqual([]);
    await bob.ask({ type: "mark_read", room, sequence });
    expect(await seen()).toEqual(["bob"]);
    await cat.ask({ type: "set_preferences", changes: { shares_receipts: false } });
    const told = ofType(ann, "read").length;
    await cat.ask({ type: "mark_read", room, sequence });
    await settle();
    expect(await seen()).toEqual(["bob"]);
    expect(ofType(ann, "read")).toHaveLength(told);
    const marks = async (client: TestClient) => {
      const { members } = await client.ask({ type: "list_members", room });
      return Object.fromEntries(members.map(({ user, read_mark }) => [user.id, read_mark]));
    };
    expect(await marks(ann)).toMatchObject({ bob: sequence, cat: 0 });
    expect(await marks(cat)).toMatchObject({ bob: sequence, cat: sequence });
    await ann.ask({ type: "update_room", room, changes: { receipts: false } });
    expect(await code(ann, { type: "seen_by", room, message_id })).toBe("feature_disabled");
    expect(await marks(ann)).toMatchObject({ bob: 0, cat: 0 });
    const { room: open } = await ann.ask({ type: "create_room", kind: "public", title: "Open" });
    const { message_id: there } = await ann.publish(open, "x", "a2");
    expect(await code(ann, { type: "seen_by", room: open, message_id: there })).toBe(
      "feature_disabled",
    );
    expect(await code(bob, { type: "seen_by", room: open, message_id })).toBe("not_found");
  });
});

describe("typing", () => {
  const shown = (client: TestClient) => ofType(client, "typing").map(({ active }) => active);

  test("ends by itself when its writer falls silent, on every node", async () => {
    const [first, second] = await startTwo();
    const ann = await first.signIn("ann");
    const bob = await second.signIn("bob");
    const room = await privateRoom(ann, ["bob"]);
    await bob.ask({ type: "subscribe", room });
    await ann.ask({ type: "typing", room, active: true });
    await settle();
    expect(shown(bob)).toEqual([true]);
    await second.clock.advance(5_900);
    expect(shown(bob)).toEqual([true]);
    await second.clock.advance(200);
    expect(shown(bob)).toEqual([true, false]);
    await second.clock.advance(10_000);
    expect(shown(bob)).toEqual([true, false]);
  });

  test("ends where its writer's node is killed, which tells nobody", async () => {
    const [first, second] = await startTwo();
    const ann = await first.signIn("ann");
    const bob = await second.signIn("bob");
    const room = await privateRoom(ann, ["bob"]);
    await bob.ask({ type: "subscribe", room });
    await ann.ask({ type: "typing", room, active: true });
    await settle();
    await first.node.close();
    await second.clock.advance(6_100);
    expect(shown(bob)).toEqual([true, false]);
  });

  test("ends with the message, and with the last connection", async () => {
    const [first, second] = await startTwo();
    const ann = await first.signIn("ann", "phone");
    const desk = await first.signIn("ann", "desk");
    const bob = await second.signIn("bob");
    const room = await privateRoom(ann, ["bob"]);
    for (const client of [ann, desk, bob]) await client.ask({ type: "subscribe", room });
    await ann.ask({ type: "typing", room, active: true });
    await ann.publish(room, "there", "a1");
    await settle();
    expect(shown(bob)).toEqual([true, false]);
    await ann.ask({ type: "typing", room, active: true });
    await settle();
    ann.inlet.closed(1001);
    await settle();
    expect(shown(bob)).toEqual([true, false, true]);
    desk.inlet.closed(1001);
    await settle();
    expect(shown(bob)).toEqual([true, false, true, false]);
  });

  describe("[ROOM-14] in a thread", () => {
    const places = (client: TestClient) =>
      ofType(client, "typing").map(({ active, thread = "room" }) => [thread, active]);
    const scene = async () => {
      const [first, second] = await startTwo();
      const ann = await first.signIn("ann");
      const bob = await second.signIn("bob");
      const room = await privateRoom(ann, ["bob"]);
      for (const client of [ann, bob]) await client.ask({ type: "subscribe", room });
      const { message_id: root } = await ann.publish(room, "root", "root");
      const reply = { type: "publish", room, text: "x", client_message_id: "r1" } as const;
      const under = await bob.ask<"publish">({ ...reply, thread: root });
      const type = async (active: boolean, thread?: string) => {
        const place = thread === undefined ? {} : { thread };
        await ann.ask({ type: "typing", room, active, ...place });
        await settle();
      };
      const later = async (ms: number) => {
        await Promise.all([first.clock.advance(ms), second.clock.advance(ms)]);
        await settle();
      };
      return { first, second, ann, bob, room, root, under, type, later };
    };

    test("it is told with its root, and ends with what was written there alone", async () => {
      const { ann, bob, room, root, under, type } = await scene();
      await type(true, under.message_id);
      expect(places(bob)).toEqual([[root, true]]);
      expect(places(ann)).toEqual([]);
      await ann.publish(room, "elsewhere", "a1");
      await settle();
      expect(places(bob)).toHaveLength(1);
      const reply = { type: "publish", room, text: "there", client_message_id: "a2" } as const;
      await ann.ask<"publish">({ ...reply, thread: root });
      await settle();
      expect(places(bob)).toEqual([
        [root, true],
        [root, false],
      ]);
    });

    test("it never sticks: by silence, by going on elsewhere, by going", async () => {
      const { ann, bob, root, type, later } = await scene();
      await type(true, root);
      await later(6_100);
      const silent = [
        [root, true],
        [root, false],
      ];
      expect(places(bob)).toEqual(silent);
      await type(true, root);
      // Another place waits for its turn, and takes over from the one before.
      await type(true);
      expect(places(bob)).toEqual([...silent, [root, true]]);
      await later(2_100);
      await type(true);
      // What is not shown any more cannot end what is.
      await type(false, root);
      const moved = [...silent, [root, true], [root, false], ["room", true]];
      expect(places(bob)).toEqual(moved);
      await later(2_100);
      await type(true, root);
      ann.inlet.closed(1001);
      await settle();
      const gone = [...moved, ["room", false], [root, true], [root, false]];
      expect(places(bob)).toEqual(gone);
      await later(20_000);
      expect(places(bob)).toEqual(gone);
    });

    test("it is told 2 s later after the room, without another stroke, unless one has stopped", async () => {
      const { ann, bob, room, root, type, later } = await scene();
      await type(true);
      await later(500);
      await type(true, root);
      const first = [["room", true]];
      expect(places(bob)).toEqual(first);
      await later(1_400);
      expect(places(bob)).toEqual(first);
      await later(200);
      const moved = [...first, ["room", false], [root, true]];
      expect(places(bob)).toEqual(moved);
      // Back in the room and out again at once: nothing of it is told afterwards.
      await type(true);
      await type(false);
      await later(2_500);
      expect(places(bob)).toEqual(moved);
      await type(true, root);
      // Sent before its turn came: only the message is seen.
      await type(true);
      await ann.publish(room, "short", "a1");
      await later(2_500);
      expect(places(bob)).toEqual([...moved, [root, true]]);
      // Gone before its turn came.
      await type(true, root);
      await type(true);
      ann.inlet.closed(1001);
      await settle();
      const gone = [...moved, [root, true], [root, true], [root, false]];
      expect(places(bob)).toEqual(gone);
      await later(10_000);
      expect(places(bob)).toEqual(gone);
    });

    test("[J26] of a thousand threads one is told in two seconds, and of none that is not there", async () => {
      const { ann, bob, room, root, type, later } = await scene();
      const roots: string[] = [];
      for (let n = 0; n < 20; n += 1) {
        roots.push((await ann.publish(room, `${n}`, `n${n}`)).message_id);
      }
      for (const each of Array.from({ length: 1_000 }, (_, n) => roots[n % 20])) {
        await ann.ask({ type: "typing", room, active: true, thread: each ?? root });
      }
      await settle();
      expect(places(bob)).toHaveLength(1);
      await type(false, roots[1]);
      expect(places(bob)).toHaveLength(1);
      // Of those that wait the newest has its turn.
      await later(2_100);
      expect(places(bob).slice(1)).toEqual([
        [roots[0], false],
        [roots[19], true],
      ]);
      expect(await code(ann, { type: "typing", room, active: true, thread: "none" })).toBe(
        "not_found",
      );
      const other = await privateRoom(ann, []);
      const elsewhere = await ann.publish(other, "x", "x");
      const foreign = { type: "typing", room, active: true, thread: elsewhere.message_id } as const;
      expect(await code(ann, foreign)).toBe("not_found");
    });
  });
});
