import { createMemoryBroker, MemoryHub } from "@parlance/broker/memory";
import type { DeviceId, Epoch, RoomId, UserId } from "@parlance/protocol";
import { type Harness, startNode, type TestClient } from "@parlance/testkit/harness";
import { settle } from "@parlance/testkit/manual-clock";
import { createMemoryStore } from "@parlance/testkit/memory";
import { describe, expect, test } from "vitest";
import type { NodeSettings } from "./gate.ts";
import type { Append, RoomLog } from "./ports/index.ts";
import { StorageError } from "./storage-error.ts";

type Store = ReturnType<typeof createMemoryStore>;

function newStore(): Store {
  let seed = 7;
  return createMemoryStore({
    random: () => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed / 2_147_483_647;
    },
  });
}

async function start(
  settings: Partial<NodeSettings> = {},
  store: Store = newStore(),
): Promise<Harness & Store> {
  const harness = await startNode({ ...store, broker: createMemoryBroker(), settings });
  return { ...harness, ...store };
}

async function subscribed(harness: Harness, user: string, room = "general"): Promise<TestClient> {
  const client = await harness.signIn(user);
  await client.ask({ type: "subscribe", room });
  return client;
}

describe("sending and receiving", () => {
  test("[I-1] [I-11] a message is acknowledged with its place and reaches every subscriber once", async () => {
    const harness = await start();
    const ann = await subscribed(harness, "ann");
    const bob = await subscribed(harness, "bob");
    const published = await ann.publish("general", "hello", "a1");
    expect(published).toMatchObject({ room: "general", sequence: 1 });
    await settle();
    expect(bob.texts("general")).toEqual(["hello"]);
    expect(ann.texts("general")).toEqual(["hello"]);
    const page = await harness.log.read({ room: published.room, after: 0, limit: 10 });
    expect(page?.events[0]?.frame).toEqual(bob.frames.at(-1));
  });

  test("[I-4] [J16] a repeated client message id returns the first place and is delivered once", async () => {
    const harness = await start();
    const ann = await subscribed(harness, "ann");
    const first = await ann.publish("general", "once", "same");
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => ann.publish("general", "once", "same")),
    );
    for (const answer of answers) {
      expect(answer).toEqual({ ...first, repeated: true });
    }
    await settle();
    expect(ann.texts("general")).toEqual(["once"]);
  });

  test("[J17] [J18] the same id with another text is a conflict; in another room or by another user it is not", async () => {
    const harness = await start();
    const ann = await subscribed(harness, "ann");
    const bob = await subscribed(harness, "bob");
    await ann.publish("general", "one", "x");
    const refusal = await ann.refusal({
      type: "publish",
      room: "general",
      text: "two",
      client_message_id: "x",
    });
    expect(refusal.code).toBe("conflict");
    expect((await ann.publish("other", "two", "x")).sequence).toBe(1);
    expect((await bob.publish("general", "two", "x")).sequence).toBe(2);
  });

  test("[I-9] a thousand messages sent at once keep their order, and one turn is one write per reader", async () => {
    const harness = await start();
    const ann = await subscribed(harness, "ann");
    const bob = await subscribed(harness, "bob");
    const writesBefore = bob.writes;
    await Promise.all(
      Array.from({ length: 1_000 }, (_, index) => ann.publish("general", `m${index}`, `k${index}`)),
    );
    await settle();
    expect(bob.texts("general")).toEqual(Array.from({ length: 1_000 }, (_, index) => `m${index}`));
    expect(bob.writes - writesBefore).toBeLessThan(20);
  });

  test("[J28] before signing in only ping is answered; the rest is refused and the connection kept", async () => {
    const harness = await start();
    const client = harness.connect();
    expect(await client.answer({ type: "ping" })).toMatchObject({ type: "reply" });
    expect((await client.refusal({ type: "list_rooms" })).code).toBe("unauthenticated");
    expect(client.closedWith).toBeUndefined();
    await client.ask({ type: "sign_in", token: "ann" });
    await harness.clock.advance(11_000);
    expect(client.closedWith).toBeUndefined();
  });

  test("[J28] whoever does not sign in within the time is closed with 4408", async () => {
    const harness = await start();
    const client = harness.connect();
    await harness.clock.advance(11_000);
    expect(client.closedWith?.code).toBe(4408);
  });

  test("[J29] signing in a second time is a conflict and changes nothing", async () => {
    const harness = await start();
    const ann = await subscribed(harness, "ann");
    expect((await ann.refusal({ type: "sign_in", token: "bob" })).code).toBe("conflict");
    await ann.publish("general", "still ann", "1");
    await settle();
    expect(ann.frames.at(-1)).toMatchObject({ author: "ann" });
  });

  test("a frame sent right behind sign_in waits for it", async () => {
    const harness = await start();
    const client = harness.connect();
    client.inlet.receive('{"type":"sign_in","id":"s","token":"ann"}');
    client.inlet.receive('{"type":"subscribe","id":"t","room":"general"}');
    client.inlet.receive(
      '{"type":"publish","id":"u","room":"general","text":"quick","client_message_id":"q"}',
    );
    await settle();
    expect(client.texts("general")).toEqual(["quick"]);
  });

  test("versions are negotiated, and an unknown one is refused with 4501", async () => {
    const harness = await start();
    const client = harness.connect();
    const reply = await client.ask({ type: "sign_in", token: "ann", versions: [7, 1] });
    expect(reply.version).toBe(1);
    const other = harness.connect();
    const refusal = await other.refusal({ type: "sign_in", token: "ann", versions: [7] });
    expect(refusal).toMatchObject({ code: "unsupported_version", details: { supported: [1] } });
    expect(other.closedWith?.code).toBe(4501);
  });

  test("[J10] twenty bad frames in a row end the connection; a good one between starts anew", async () => {
    const harness = await start();
    const client = await subscribed(harness, "ann");
    for (let count = 0; count < 19; count += 1) client.inlet.receive("{");
    await client.ask({ type: "ping" });
    for (let count = 0; count < 19; count += 1) client.inlet.receive("nonsense");
    expect(client.closedWith).toBeUndefined();
    client.inlet.receive("[]");
    expect(client.closedWith?.code).toBe(4500);
  });

  test("[I-26] one connection has a bounded number of appends on their way, and the rest wait or are refused", async () => {
    const store = newStore();
    let underWay = 0;
    let most = 0;
    const log: RoomLog = {
      ...store.log,
      async append(append) {
        underWay += 1;
        most = Math.max(most, underWay);
        await settle(1);
        underWay -= 1;
        return store.log.append(append);
      },
    };
    const harness = await start({}, { ...store, log });
    const ann = await subscribed(harness, "ann");
    const command = { type: "publish", room: "general", text: "x" } as const;
    const answers = await Promise.all(
      Array.from({ length: 2_000 }, (_, index) =>
        ann.answer({ ...command, client_message_id: `k${index}` }),
      ),
    );
    expect(most).toBe(256);
    const done = answers.filter((answer) => answer.type === "reply");
    expect(done).toHaveLength(1_256);
    expect(answers.find((answer) => answer.type === "error")).toMatchObject({
      code: "rate_limited",
    });
    const places = done.map(
      (answer) => (answer as { result: { sequence: number } }).result.sequence,
    );
    expect(places).toEqual(Array.from({ length: 1_256 }, (_, index) => index + 1));
  });

  test("[J30] over the rate each command is answered with rate_limited and the time to wait", async () => {
    const harness = await start({ commandsPerSecond: 10, commandBurst: 20 });
    const client = await harness.signIn("ann");
    const answers = await Promise.all(
      Array.from({ length: 1_000 }, () => client.answer({ type: "ping" })),
    );
    expect(answers.filter((answer) => answer.type === "reply")).toHaveLength(19);
    const refused = answers.find((answer) => answer.type === "error");
    expect(refused).toMatchObject({ code: "rate_limited", details: { retry_after_ms: 100 } });
    await harness.clock.advance(1_000);
    expect((await client.answer({ type: "ping" })).type).toBe("reply");
  });
});

describe("resuming", () => {
  test("[I-13] [I-10] a reader who comes back with a position gets exactly the rest", async () => {
    const harness = await start();
    const ann = await subscribed(harness, "ann");
    for (let index = 1; index <= 700; index += 1)
      await ann.publish("general", `m${index}`, `${index}`);
    const { epoch } = await ann.ask({ type: "subscribe", room: "general" });
    for (const offset of [0, 1, 150, 640, 699, 700]) {
      const bob = await harness.signIn("bob");
      const reply = await bob.ask({
        type: "subscribe",
        room: "general",
        position: { epoch, offset },
      });
      expect(reply).toMatchObject({ offset, head: 700 });
      await settle(60);
      expect(bob.sequences("general")).toEqual(
        Array.from({ length: 700 - offset }, (_, index) => offset + 1 + index),
      );
    }
  });

  test("[I-11] events published while a reader catches up come once and in order", async () => {
    const harness = await start();
    const ann = await subscribed(harness, "ann");
    for (let index = 1; index <= 900; index += 1)
      await ann.publish("general", `m${index}`, `${index}`);
    const bob = await harness.signIn("bob");
    const epoch = (await ann.ask({ type: "subscribe", room: "general" })).epoch;
    const reply = bob.ask({ type: "subscribe", room: "general", position: { epoch, offset: 0 } });
    for (let index = 901; index <= 1_000; index += 1)
      await ann.publish("general", `m${index}`, `${index}`);
    await reply;
    await settle(60);
    expect(bob.sequences("general")).toEqual(
      Array.from({ length: 1_000 }, (_, index) => index + 1),
    );
    expect(
      bob.frames.findIndex((frame) => frame.type === "reply" && "epoch" in frame.result),
    ).toBeLessThan(bob.frames.findIndex((frame) => frame.type === "message.created"));
  });

  test("[I-13] [J19] a foreign epoch or a place beyond the head is told, never silence", async () => {
    const harness = await start();
    const ann = await subscribed(harness, "ann");
    await ann.publish("general", "one", "1");
    const { epoch } = await ann.ask({ type: "history", room: "general" });
    const bob = await harness.signIn("bob");
    for (const position of [
      { epoch: "other.1", offset: 0 },
      { epoch, offset: 2 },
      { epoch, offset: 1_000 },
    ]) {
      const refusal = await bob.refusal({ type: "subscribe", room: "general", position });
      expect(refusal).toMatchObject({
        code: "resync_required",
        retry: "after_resync",
        details: { epoch, head: 1, floor: 0 },
      });
    }
    await bob.ask({ type: "subscribe", room: "general", last: 5 });
    await settle();
    expect(bob.sequences("general")).toEqual([1]);
  });

  test("[I-12] [F-D4] a room whose log began anew while another was opened is not resumed in its old life", async () => {
    const store = newStore();
    let isRestored = false;
    let release: (() => void) | undefined;
    const renewed = "renewed.1" as Epoch;
    const log: RoomLog = {
      ...store.log,
      async open(room, createAs) {
        if (room === "slow" && release === undefined) {
          await new Promise<void>((resolve) => {
            release = resolve;
          });
        }
        const record = await store.log.open(room, createAs);
        return record !== undefined && isRestored ? { ...record, epoch: renewed } : record;
      },
      async heads(rooms) {
        const heads = await store.log.heads(rooms);
        if (!isRestored) return heads;
        return new Map([...heads].map(([room, head]) => [room, { ...head, epoch: renewed }]));
      },
    };
    const harness = await start({}, { ...store, log });
    const ann = await subscribed(harness, "ann", "quick");
    const { epoch } = await ann.ask({ type: "subscribe", room: "quick" });
    const bob = await harness.signIn("bob");
    const position = { epoch, offset: 0 };
    const rooms = ["quick", "slow"].map((room) => ({ room, position }));
    bob.inlet.receive(JSON.stringify({ type: "resume", id: "both", rooms }));
    await settle();
    isRestored = true;
    await harness.clock.advance(5_000);
    await settle();
    release?.();
    await settle();
    const answer = bob.frames.find((frame) => "id" in frame && frame.id === "both");
    expect(answer).toMatchObject({ result: { rooms: [{ error: { code: "unavailable" } }, {}] } });
    expect(ann.frames.some((frame) => frame.type === "reset")).toBe(true);
  });

  test("resume answers every room by itself", async () => {
    const harness = await start();
    const ann = await subscribed(harness, "ann", "one");
    const { epoch } = await ann.ask({ type: "subscribe", room: "one" });
    await ann.publish("one", "a", "1");
    const bob = await harness.signIn("bob");
    const { rooms } = await bob.ask({
      type: "resume",
      rooms: [
        { room: "one", position: { epoch, offset: 0 } },
        { room: "one", position: { epoch: "no", offset: 0 } },
        { room: "r_hidden", position: { epoch, offset: 0 } },
      ],
    });
    expect(rooms[0]).toMatchObject({ room: "one", offset: 0, head: 1 });
    expect(rooms[1]).toMatchObject({ error: { code: "resync_required" } });
    expect(rooms[2]).toMatchObject({ error: { code: "not_found" } });
    await settle();
    expect(bob.sequences("one")).toEqual([1]);
  });
});

describe("slow readers", () => {
  test("[F-C1] [I-25] a reader who takes nothing costs a bounded queue, loses nothing and goes on", async () => {
    const harness = await start({ outboxBytes: 10_000 });
    const ann = await subscribed(harness, "ann");
    const slow = await subscribed(harness, "slow");
    slow.stalls = true;
    let most = 0;
    for (let index = 1; index <= 2_000; index += 1) {
      await ann.publish("general", `text ${index} ${"x".repeat(100)}`, `${index}`);
      most = Math.max(most, slow.unsentBytes + harness.node.counts().outboxBytes);
    }
    expect(most).toBeLessThan(30_000);
    expect(harness.node.counts().lagging).toBe(1);
    slow.stalls = false;
    slow.read();
    await settle(400);
    expect(slow.sequences("general")).toEqual(
      Array.from({ length: 2_000 }, (_, index) => index + 1),
    );
    await ann.publish("general", "live again", "last");
    await settle();
    expect(slow.texts("general").at(-1)).toBe("live again");
  });

  test("[F-C1] [I-19] one that missed who came and went is told so when it reads on, and asks", async () => {
    const harness = await start({ outboxBytes: 10_000 });
    const ann = await subscribed(harness, "ann");
    const slow = await harness.signIn("slow");
    await slow.ask({ type: "subscribe", room: "general", presence: true });
    await harness.clock.advance(1_000);
    slow.stalls = true;
    for (let index = 1; harness.node.counts().lagging === 0; index += 1) {
      await ann.publish("general", "x".repeat(1_000), `${index}`);
    }
    await subscribed(harness, "cem");
    await harness.clock.advance(1_000);
    // Nothing else is written: that somebody came is all that it misses.
    const before = slow.frames.length;
    slow.stalls = false;
    slow.read();
    await settle(400);
    const told = slow.frames.slice(before).filter((frame) => frame.type === "presence");
    expect(told).toMatchObject([{ online: [], offline: [], omitted: true, count: 3 }]);
    const { users } = await slow.ask({ type: "presence", room: "general" });
    expect(users.map((user) => user.id).sort()).toEqual(["ann", "cem", "slow"]);
    await subscribed(harness, "dan");
    await harness.clock.advance(1_000);
    expect(slow.frames.at(-1)).toMatchObject({ type: "presence", online: [{ id: "dan" }] });
  });

  test("[F-C1] only one that makes no progress at all is ended, with slow_consumer", async () => {
    const harness = await start({ outboxBytes: 5_000, stallTimeoutMs: 20_000 });
    const ann = await subscribed(harness, "ann");
    const slow = await subscribed(harness, "slow");
    slow.stalls = true;
    for (let index = 1; index <= 3_000; index += 1)
      await ann.publish("general", "x".repeat(100), `${index}`);
    for (let second = 0; second < 40; second += 1) {
      slow.read(1);
      await harness.clock.advance(1_000);
    }
    expect(slow.wasTerminated).toBe(false);
    await harness.clock.advance(22_000);
    expect(slow.wasTerminated).toBe(true);
    expect(harness.reports.find((line) => line.fields["reason"] === "slow_consumer")).toBeDefined();
    expect(ann.closedWith).toBeUndefined();
  });
});

describe("rights", () => {
  async function privateRoom(harness: Harness): Promise<{ ann: TestClient; room: string }> {
    const ann = await harness.signIn("ann");
    const { room } = await ann.ask({ type: "create_room", kind: "private", title: "Secret" });
    await ann.ask({ type: "subscribe", room });
    return { ann, room };
  }

  async function withUsers(): Promise<Harness & Store> {
    const harness = await start();
    for (const user of ["ann", "bob", "eve"]) {
      await harness.directory.upsertExternal(user as UserId, user, 0);
    }
    return harness;
  }

  test("[Z1] [I-16] a private room answers strangers like one that does not exist", async () => {
    const harness = await withUsers();
    const { room } = await privateRoom(harness);
    const eve = await harness.signIn("eve");
    for (const command of [
      { type: "subscribe" },
      { type: "history" },
      { type: "get_room" },
      { type: "list_members" },
      { type: "presence" },
      { type: "join" },
      { type: "leave" },
      { type: "proof", from: 1, to: 1 },
      { type: "publish", text: "x", client_message_id: "1" },
      { type: "typing", active: true },
      { type: "mark_read", sequence: 1 },
      { type: "remove_member", user: "ann" },
    ] as const) {
      const hidden = await eve.refusal({ ...command, room });
      const absent = await eve.refusal({ ...command, room: "r_absent" });
      expect({ ...hidden, id: 0 }).toEqual({ ...absent, id: 0 });
      expect(hidden.code).toBe("not_found");
    }
  });

  test("[I-14] [Z2] a removed member gets the removal and nothing after it, on an open socket", async () => {
    const harness = await withUsers();
    const { ann, room } = await privateRoom(harness);
    await ann.ask({ type: "add_member", room, user: "bob" });
    const bob = await subscribed(harness, "bob", room);
    await ann.publish(room, "for both", "1");
    const removal = await ann.ask({ type: "remove_member", room, user: "bob" });
    await ann.publish(room, "without bob", "2");
    await settle();
    expect(bob.texts(room)).toEqual(["for both"]);
    expect(bob.sequences(room).at(-1)).toBe(removal.sequence);
    expect(bob.frames.at(-1)).toEqual({ type: "unsubscribed", room, code: "not_found" });
    for (const type of ["subscribe", "history"] as const) {
      expect((await bob.refusal({ type, room })).code).toBe("not_found");
    }
  });

  test("[Z3] a member removed in the middle of a long replay gets no more of it", async () => {
    const harness = await withUsers();
    const { ann, room } = await privateRoom(harness);
    await ann.ask({ type: "add_member", room, user: "bob" });
    for (let index = 0; index < 1_000; index += 1)
      await ann.publish(room, "x".repeat(200), `${index}`);
    const bob = await harness.signIn("bob");
    bob.stalls = true;
    const { epoch } = await ann.ask({ type: "subscribe", room });
    bob.inlet.receive(
      JSON.stringify({ type: "subscribe", id: 99, room, position: { epoch, offset: 0 } }),
    );
    await settle(20);
    await ann.ask({ type: "remove_member", room, user: "bob" });
    bob.stalls = false;
    bob.read();
    await settle(100);
    expect(bob.sequences(room).length).toBeLessThan(1_000);
    expect(bob.frames.at(-1)).toMatchObject({ type: "unsubscribed" });
  });

  test("[Z4] whoever left a private room hears no typing, no presence and no read mark of it", async () => {
    const harness = await withUsers();
    const { ann, room } = await privateRoom(harness);
    await ann.ask({ type: "add_member", room, user: "bob" });
    const bob = await harness.signIn("bob");
    await bob.ask({ type: "subscribe", room, presence: true });
    await bob.ask({ type: "leave", room });
    await settle();
    const before = bob.frames.length;
    await ann.ask({ type: "typing", room, active: true });
    await ann.ask({ type: "mark_read", room, sequence: 1 });
    const eve = await harness.signIn("eve");
    await ann.ask({ type: "add_member", room, user: "eve" });
    await eve.ask({ type: "subscribe", room });
    await harness.clock.advance(3_000);
    expect(bob.frames.slice(before)).toEqual([]);
    expect((await bob.ask({ type: "list_rooms" })).joined).toEqual([]);
    for (const type of ["presence", "list_members", "mark_read"] as const) {
      expect((await bob.refusal({ type, room, sequence: 1 })).code).toBe("not_found");
    }
  });

  test("[Z9] a member may not remove others, and a moderator may not touch the owner", async () => {
    const harness = await withUsers();
    const { ann, room } = await privateRoom(harness);
    await ann.ask({ type: "add_member", room, user: "bob" });
    await ann.ask({ type: "add_member", room, user: "eve" });
    const bob = await harness.signIn("bob");
    expect((await bob.refusal({ type: "remove_member", room, user: "eve" })).code).toBe(
      "forbidden",
    );
    await ann.ask({ type: "add_member", room, user: "bob", role: "moderator" });
    await bob.ask({ type: "remove_member", room, user: "eve" });
    for (const command of [
      { type: "remove_member", user: "ann" },
      { type: "add_member", user: "bob", role: "owner" },
    ] as const) {
      expect((await bob.refusal({ ...command, room })).code).toBe("forbidden");
    }
  });

  test("[I-5] a right that ended elsewhere a moment ago lets no message in", async () => {
    const store = newStore();
    const hub = new MemoryHub();
    for (const user of ["ann", "bob"])
      await store.directory.upsertExternal(user as UserId, user, 0);
    const one = await startNode({ ...store, broker: createMemoryBroker(hub), nodeId: "one" });
    // The second node never hears of anything: its broker is dead.
    const two = await startNode({ ...store, broker: createMemoryBroker(), nodeId: "two" });
    const ann = await one.signIn("ann");
    const { room } = await ann.ask({ type: "create_room", kind: "private", title: "Secret" });
    await ann.ask({ type: "add_member", room, user: "bob" });
    const bob = await two.signIn("bob");
    await bob.ask({ type: "subscribe", room });
    await bob.publish(room, "still in", "1");
    await ann.ask({ type: "remove_member", room, user: "bob" });
    const refusal = await bob.refusal({
      type: "publish",
      room,
      text: "too late",
      client_message_id: "2",
    });
    expect(refusal.code).toBe("not_found");
    expect(bob.frames.some((frame) => frame.type === "unsubscribed")).toBe(true);
    const page = await store.log.read({ room, after: 0, limit: 100 });
    expect(page?.events.map((event) => event.frame.type)).toEqual([
      "member.joined",
      "member.joined",
      "message.created",
      "member.left",
    ]);
  });

  test("[I-5] what was stored before its writer was removed is not refused for good when it is sent again", async () => {
    const harness = await withUsers();
    const { ann, room } = await privateRoom(harness);
    await ann.ask({ type: "add_member", room, user: "bob" });
    const bob = await harness.signIn("bob");
    const first = await bob.publish(room, "before", "b1");
    await ann.ask({ type: "remove_member", room, user: "bob" });
    // The answer was lost on its way; the client comes back and sends it again.
    const again = await harness.signIn("bob");
    expect(await again.publish(room, "before", "b1")).toEqual({ ...first, repeated: true });
    const refusal = await again.refusal({
      type: "publish",
      room,
      text: "after",
      client_message_id: "b2",
    });
    expect(refusal.code).toBe("not_found");
    await settle();
    expect(ann.texts(room)).toEqual(["before"]);
  });

  test("[I-14] a page of history is not given to one who was removed on a node that this one has not heard", async () => {
    const store = newStore();
    for (const user of ["ann", "bob"])
      await store.directory.upsertExternal(user as UserId, user, 0);
    const one = await startNode({ ...store, broker: createMemoryBroker(), nodeId: "one" });
    const two = await startNode({ ...store, broker: createMemoryBroker(), nodeId: "two" });
    const ann = await one.signIn("ann");
    const { room } = await ann.ask({ type: "create_room", kind: "private", title: "Secret" });
    await ann.ask({ type: "add_member", room, user: "bob" });
    const bob = await two.signIn("bob");
    await bob.ask({ type: "history", room });
    await ann.ask({ type: "remove_member", room, user: "bob" });
    await ann.publish(room, "not for bob", "1");
    expect((await bob.refusal({ type: "history", room })).code).toBe("not_found");
  });

  test("[I-17] a revocation reaches open connections within two seconds without any broker", async () => {
    const harness = await withUsers();
    const bob = await subscribed(harness, "bob");
    const ann = await subscribed(harness, "ann");
    await harness.directory.setDisabled("bob" as UserId, true, 1);
    await harness.clock.advance(2_000);
    expect(bob.closedWith?.code).toBe(4401);
    expect(ann.closedWith).toBeUndefined();
  });

  test("[A7] [F-C5] a token that runs out closes the connection unless it was refreshed", async () => {
    const harness = await start();
    const now = harness.clock.now();
    const bob = await subscribed(harness, `bob!${now + 30_000}`);
    const ann = await subscribed(harness, `ann!${now + 30_000}`);
    await ann.ask({ type: "refresh", token: `ann!${now + 300_000}` });
    await harness.clock.advance(32_000);
    expect(bob.closedWith?.code).toBe(4401);
    expect(ann.closedWith).toBeUndefined();
  });

  test("[A9] a refresh with somebody else's token is refused and ends the connection", async () => {
    const harness = await start();
    const ann = await subscribed(harness, "ann");
    expect((await ann.refusal({ type: "refresh", token: "bob" })).code).toBe("forbidden");
    expect(ann.closedWith?.code).toBe(4401);
  });

  test("[F-N5] a node that slept looks at tokens and the control log before it delivers anything", async () => {
    const harness = await withUsers();
    const bob = await subscribed(harness, "bob");
    const ann = await subscribed(harness, "ann");
    const before = bob.frames.length;
    await harness.directory.setDisabled("bob" as UserId, true, 1);
    harness.clock.sleep(30_000);
    await ann.publish("general", "after the sleep", "1");
    await settle();
    expect(bob.closedWith?.code).toBe(4401);
    expect(bob.frames.slice(before)).toEqual([]);
    expect(ann.texts("general")).toEqual(["after the sleep"]);
  });

  test("[F-C6] a second connection of one user and device replaces the first with 4509", async () => {
    const harness = await start();
    const first = await harness.signIn("ann", "phone");
    const laptop = await harness.signIn("ann", "laptop");
    await harness.signIn("ann", "phone");
    expect(first.closedWith?.code).toBe(4509);
    expect(laptop.closedWith).toBeUndefined();
  });
});

describe("nodes together", () => {
  async function pair(): Promise<{ one: Harness; two: Harness; store: Store }> {
    const store = newStore();
    const hub = new MemoryHub();
    const one = await startNode({ ...store, broker: createMemoryBroker(hub), nodeId: "one" });
    const two = await startNode({ ...store, broker: createMemoryBroker(hub), nodeId: "two" });
    return { one, two, store };
  }

  test("[F-C6] a device that signs in on another node ends its older connection, and nobody else's", async () => {
    const { one, two } = await pair();
    const first = await one.signIn("ann", "phone");
    const others = [
      await one.signIn("ann", "laptop"),
      await one.signIn("bob", "phone"),
      await one.signIn("ann"),
    ];
    await one.clock.advance(5_000);
    await two.clock.advance(5_000);
    const second = await two.signIn("ann", "phone");
    await settle();
    expect(first.closedWith?.code).toBe(4509);
    expect([second, ...others].map(({ closedWith }) => closedWith)).toEqual(
      [second, ...others].map(() => undefined),
    );
  });

  test("[F-C6] what another node says late of a device does not end a newer connection", async () => {
    const hub = new MemoryHub();
    const one = await startNode({ ...newStore(), broker: createMemoryBroker(hub), nodeId: "one" });
    const other = createMemoryBroker(hub);
    const phone = await one.signIn("ann", "phone");
    const tell = async (since: number): Promise<void> => {
      const fact = { user: "ann" as UserId, device: "phone" as DeviceId, since };
      other.publish("control", { type: "device", fact });
      await settle();
    };
    const now = one.clock.now();
    for (const since of [now - 60_000, now, now + 1_999]) await tell(since);
    expect(phone.closedWith).toBeUndefined();
    await tell(now + 2_000);
    expect(phone.closedWith?.code).toBe(4509);
  });

  test("people on two nodes talk, see each other and see each other type", async () => {
    const { one, two } = await pair();
    const ann = await subscribed(one, "ann");
    const bob = await two.signIn("bob");
    await bob.ask({ type: "subscribe", room: "general", presence: true });
    await ann.publish("general", "across", "1");
    await ann.ask({ type: "typing", room: "general", active: true });
    await settle();
    expect(bob.texts("general")).toEqual(["across"]);
    expect(bob.frames.some((frame) => frame.type === "typing" && frame.user === "ann")).toBe(true);
    expect(ann.frames.some((frame) => frame.type === "typing")).toBe(false);
    await one.clock.advance(2_000);
    await two.clock.advance(2_000);
    const { users } = await bob.ask({ type: "presence", room: "general" });
    expect(users.map((user) => user.id).sort()).toEqual(["ann", "bob"]);
  });

  test("[I-20] a read mark that comes late from another node does not fall for those who look on", async () => {
    const store = newStore();
    const hub = new MemoryHub();
    const one = await startNode({ ...store, broker: createMemoryBroker(hub), nodeId: "one" });
    const ann = await one.signIn("ann");
    const create = { type: "create_room", kind: "private", title: "Ours" } as const;
    const { room } = await ann.ask(create);
    await ann.ask({ type: "subscribe", room });
    const other = createMemoryBroker(hub);
    for (const mark of [3, 7, 5, 7, 9]) {
      const event = { type: "read", room, user: "bob" as UserId, read_mark: mark } as const;
      other.publish(room, { type: "ephemeral", event });
      await settle();
    }
    const told = ann.frames.flatMap((frame) => (frame.type === "read" ? [frame.read_mark] : []));
    expect(told).toEqual([3, 7, 7, 9]);
  });

  async function bothAdvance(one: Harness, two: Harness, ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 50) {
      await one.clock.advance(50);
      await two.clock.advance(50);
      await settle();
    }
  }

  test("[I-19] a node that begins to listen hears within two seconds who is in the room elsewhere", async () => {
    const { one, two } = await pair();
    await subscribed(one, "ann");
    // Long after the list in which ann came.
    await bothAdvance(one, two, 8_000);
    const bob = await two.signIn("bob");
    await bob.ask({ type: "subscribe", room: "general", presence: true });
    await bothAdvance(one, two, 2_000);
    const { users } = await bob.ask({ type: "presence", room: "general" });
    expect(users.map((user) => user.id).sort()).toEqual(["ann", "bob"]);
  });

  test("[I-19] coming, and going for good, on another node is told within two seconds", async () => {
    const { one, two } = await pair();
    const bob = await two.signIn("bob");
    await bob.ask({ type: "subscribe", room: "general", presence: true });
    await bothAdvance(one, two, 3_000);
    const ann = await subscribed(one, "ann");
    await bothAdvance(one, two, 2_000);
    expect(bob.frames.at(-1)).toMatchObject({ type: "presence", online: [{ id: "ann" }] });
    ann.inlet.closed(1001);
    await bothAdvance(one, two, 2_000);
    expect(bob.frames.at(-1)).toMatchObject({ type: "presence", offline: ["ann"], count: 1 });
  });

  test("[I-19] whoever asks while somebody goes and comes again has them in the end", async () => {
    const store = newStore();
    const hub = new MemoryHub();
    const one = await startNode({ ...store, broker: createMemoryBroker(hub), nodeId: "one" });
    const bob = await one.signIn("bob");
    await bob.ask({ type: "subscribe", room: "general", presence: true });
    const other = createMemoryBroker(hub);
    const ann = { id: "ann" as UserId, name: "ann", kind: "external" } as const;
    const say = async (users: readonly (typeof ann)[]): Promise<void> => {
      other.publish("general" as RoomId, { type: "present", node: "other", users });
      await settle();
    };
    await say([ann]);
    await one.clock.advance(1_000);
    await say([]);
    const { users } = await bob.ask({ type: "presence", room: "general" });
    const asked = bob.frames.length;
    await say([ann]);
    await one.clock.advance(3_000);
    const present = new Set(users.map(({ id }) => id));
    for (const frame of bob.frames.slice(asked)) {
      if (frame.type !== "presence") continue;
      for (const id of frame.offline) present.delete(id);
      for (const { id } of frame.online) present.add(id);
    }
    expect([...present].sort()).toEqual(["ann", "bob"]);
  });

  test("[I-19] whoever moves from a node that stops to another one does not flicker; who stays away leaves", async () => {
    const { one, two } = await pair();
    const bob = await two.signIn("bob");
    await bob.ask({ type: "subscribe", room: "general", presence: true });
    const ann = await subscribed(one, "ann");
    await subscribed(one, "cem");
    await bothAdvance(one, two, 2_000);
    const before = bob.frames.length;
    ann.inlet.closed(1012);
    await one.node.close();
    await two.clock.advance(500);
    await subscribed(two, "ann");
    await two.clock.advance(3_000);
    const told = bob.frames.slice(before).filter((frame) => frame.type === "presence");
    expect(told).toMatchObject([{ online: [], offline: ["cem"], count: 2 }]);
  });

  test("[I-19] users of a node that was killed leave when its lease ends, within 30 s", async () => {
    const { one, two } = await pair();
    const bob = await two.signIn("bob");
    await bob.ask({ type: "subscribe", room: "general", presence: true });
    await subscribed(one, "ann");
    await bothAdvance(one, two, 2_000);
    // Its clock stands still: it says nothing more.
    await two.clock.advance(18_000);
    expect((await bob.ask({ type: "presence", room: "general" })).users).toHaveLength(2);
    await two.clock.advance(12_000);
    expect(bob.frames.at(-1)).toMatchObject({ type: "presence", offline: ["ann"], count: 1 });
  });

  test("[F-D1] a database that is away is told once, and once when it is back", async () => {
    const store = newStore();
    let isAway = false;
    const log: RoomLog = {
      ...store.log,
      control: (after) =>
        isAway
          ? Promise.reject(new StorageError("connection refused", "none"))
          : store.log.control(after),
      heads: (rooms) =>
        isAway
          ? Promise.reject(new StorageError("connection refused", "none"))
          : store.log.heads(rooms),
    };
    const harness = await start({}, { ...store, log });
    await subscribed(harness, "ann");
    isAway = true;
    await harness.clock.advance(12_000);
    isAway = false;
    await harness.clock.advance(3_000);
    const told = harness.reports.flatMap(({ event, fields }) =>
      /check_failed|database_back/.test(event) ? [[event, fields["away_ms"]]] : [],
    );
    expect(told).toEqual([
      ["control_check_failed", undefined],
      ["database_back", expect.any(Number)],
    ]);
  });

  test("a room that opens while heads are compared is not taken for one that is gone", async () => {
    const store = newStore();
    let release: (() => void) | undefined;
    const log: RoomLog = {
      ...store.log,
      async heads(rooms) {
        const heads = await store.log.heads(rooms);
        await new Promise<void>((resolve) => {
          release = resolve;
        });
        return heads;
      },
    };
    const harness = await start({}, { ...store, log });
    const ann = await subscribed(harness, "ann", "old");
    await harness.clock.advance(5_000);
    await ann.ask({ type: "subscribe", room: "new" });
    release?.();
    await settle();
    await ann.publish("new", "still subscribed", "1");
    await settle();
    expect(ann.texts("new")).toEqual(["still subscribed"]);
    expect(ann.frames.some((frame) => frame.type === "reset")).toBe(false);
  });

  test("[F-B1] [I-12] with no broker at all the check of heads delivers within the poll time", async () => {
    const store = newStore();
    const one = await startNode({ ...store, broker: createMemoryBroker(), nodeId: "one" });
    const two = await startNode({ ...store, broker: createMemoryBroker(), nodeId: "two" });
    const ann = await subscribed(one, "ann");
    const bob = await subscribed(two, "bob");
    for (let index = 1; index <= 5; index += 1)
      await ann.publish("general", `m${index}`, `${index}`);
    await settle();
    expect(bob.texts("general")).toEqual([]);
    await two.clock.advance(5_000);
    await settle();
    expect(bob.sequences("general")).toEqual([1, 2, 3, 4, 5]);
  });
});

describe("presence and signals", () => {
  test("[I-19] coming and going is told within two seconds, and a quick return is not told at all", async () => {
    const harness = await start();
    const bob = await harness.signIn("bob");
    await bob.ask({ type: "subscribe", room: "general", presence: true });
    await harness.clock.advance(500);
    const ann = await subscribed(harness, "ann");
    await harness.clock.advance(500);
    const online = bob.frames.filter((frame) => frame.type === "presence");
    expect(online.at(-1)).toMatchObject({ online: [{ id: "ann" }], offline: [], count: 2 });
    ann.inlet.closed(1006);
    await harness.clock.advance(300);
    const again = await subscribed(harness, "ann");
    await harness.clock.advance(3_000);
    expect(bob.frames.filter((frame) => frame.type === "presence")).toHaveLength(online.length);
    again.inlet.closed(1006);
    await harness.clock.advance(2_000);
    expect(bob.frames.at(-1)).toMatchObject({ type: "presence", offline: ["ann"], count: 1 });
  });

  test("[SIO-06] that somebody stopped to type is told at once, and that they go on, too", async () => {
    const harness = await start();
    const ann = await subscribed(harness, "ann");
    const bob = await subscribed(harness, "bob");
    for (const active of [true, true, false, false, true]) {
      await ann.ask({ type: "typing", room: "general", active });
    }
    await settle();
    const told = bob.frames.flatMap((frame) => (frame.type === "typing" ? [frame.active] : []));
    expect(told).toEqual([true, false, true]);
  });

  test("[J26] a thousand typing frames reach others once in two seconds", async () => {
    const harness = await start();
    const ann = await subscribed(harness, "ann");
    const bob = await subscribed(harness, "bob");
    await Promise.all(
      Array.from({ length: 1_000 }, () =>
        ann.ask({ type: "typing", room: "general", active: true }),
      ),
    );
    await settle();
    expect(bob.frames.filter((frame) => frame.type === "typing")).toHaveLength(1);
  });

  test("[I-20] [I-21] [J25] marks are clamped and monotone, and unread follows from log and mark", async () => {
    const harness = await start();
    const ann = await harness.signIn("ann");
    const bob = await harness.signIn("bob");
    await ann.ask({ type: "join", room: "general" });
    await bob.ask({ type: "join", room: "general" });
    for (let index = 1; index <= 4; index += 1)
      await ann.publish("general", `m${index}`, `${index}`);
    const unread = async (client: TestClient): Promise<number | undefined> =>
      (await client.ask({ type: "list_rooms" })).joined[0]?.unread;
    expect(await unread(bob)).toBe(4);
    const asked = await bob.ask({ type: "get_room", room: "general" });
    expect(asked).toEqual((await bob.ask({ type: "list_rooms" })).joined[0]);
    expect(await unread(ann)).toBe(0);
    expect(await bob.ask({ type: "mark_read", room: "general", sequence: 4 })).toMatchObject({
      read_mark: 4,
      unread: 2,
    });
    expect(await bob.ask({ type: "mark_read", room: "general", sequence: 3 })).toMatchObject({
      read_mark: 4,
      unread_after: 4,
      unread: 2,
    });
    expect(await unread(bob)).toBe(2);
    expect(await bob.ask({ type: "mark_read", room: "general", sequence: 1_000 })).toMatchObject({
      read_mark: 6,
      unread: 0,
    });
    const eve = await harness.signIn("eve");
    const refusal = await eve.refusal({ type: "mark_read", room: "general", sequence: 1 });
    expect(refusal.code).toBe("not_found");
  });
});

describe("when storage fails", () => {
  function failing(store: Store, fail: (append: Append) => StorageError | undefined): Store {
    const log: RoomLog = {
      ...store.log,
      append(append) {
        const error = fail(append);
        return error === undefined ? store.log.append(append) : Promise.reject(error);
      },
    };
    return { ...store, log };
  }

  test("[F-D1] a send is answered retryable, and the same id works when storage is back", async () => {
    let isDown = false;
    const harness = await start(
      {},
      failing(newStore(), () => (isDown ? new StorageError("away", "none") : undefined)),
    );
    const ann = await subscribed(harness, "ann");
    isDown = true;
    const refusal = await ann.refusal({
      type: "publish",
      room: "general",
      text: "x",
      client_message_id: "1",
    });
    expect(refusal).toMatchObject({ code: "unavailable", retry: "later" });
    isDown = false;
    expect((await ann.publish("general", "x", "1")).sequence).toBe(1);
  });

  test("[F-D2] an unknown outcome is resolved by the client message id, not by a second row", async () => {
    const store = newStore();
    let isCut = false;
    const log: RoomLog = {
      ...store.log,
      async append(append) {
        const appended = await store.log.append(append);
        if (isCut) throw new StorageError("cut during commit", "unknown");
        return appended;
      },
    };
    const harness = await start({}, { ...store, log });
    const ann = await subscribed(harness, "ann");
    isCut = true;
    const refusal = await ann.refusal({
      type: "publish",
      room: "general",
      text: "x",
      client_message_id: "1",
    });
    expect(refusal.retry).toBe("later");
    isCut = false;
    expect(await ann.publish("general", "x", "1")).toMatchObject({ sequence: 1, repeated: true });
    await harness.clock.advance(5_000);
    await settle();
    expect(ann.sequences("general")).toEqual([1]);
  });

  test("[F-D1] a role that cannot be looked up is answered retryable, and nothing is left unhandled", async () => {
    const store = newStore();
    let isDown = false;
    const directory = {
      ...store.directory,
      member: (...asked: Parameters<typeof store.directory.member>) =>
        isDown
          ? Promise.reject(new StorageError("away", "none"))
          : store.directory.member(...asked),
    };
    const harness = await start({}, { ...store, directory });
    await store.directory.upsertExternal("bob" as UserId, "bob", 0);
    const ann = await harness.signIn("ann");
    const { room } = await ann.ask({ type: "create_room", kind: "private", title: "Secret" });
    await ann.ask({ type: "add_member", room, user: "bob" });
    isDown = true;
    const eve = await harness.signIn("eve");
    for (const command of [
      { type: "subscribe" },
      { type: "publish", text: "x", client_message_id: "1" },
      { type: "history" },
    ] as const) {
      expect((await eve.refusal({ ...command, room })).code).toBe("unavailable");
    }
    isDown = false;
    expect((await eve.refusal({ type: "history", room })).code).toBe("not_found");
  });

  test("an append that fails after its connection has gone is nobody's unhandled failure", async () => {
    const store = newStore();
    let fail: ((error: Error) => void) | undefined;
    const log: RoomLog = {
      ...store.log,
      append: () =>
        new Promise((_, reject) => {
          fail = reject;
        }),
    };
    const harness = await start({}, { ...store, log });
    const ann = await subscribed(harness, "ann");
    ann.inlet.receive(
      '{"type":"publish","id":"late","room":"general","text":"x","client_message_id":"1"}',
    );
    await settle();
    ann.inlet.closed(1006);
    fail?.(new StorageError("gone", "unknown"));
    await settle();
    expect(harness.reports.some((line) => line.event === "storage_failed")).toBe(true);
  });

  test("a bug is logged with its cause and shown only as internal", async () => {
    const store = newStore();
    const log: RoomLog = {
      ...store.log,
      append: () => Promise.reject(new TypeError("secret detail")),
    };
    const harness = await start({}, { ...store, log });
    const ann = await subscribed(harness, "ann");
    const refusal = await ann.refusal({
      type: "publish",
      room: "general",
      text: "x",
      client_message_id: "1",
    });
    expect(refusal.code).toBe("internal");
    expect(JSON.stringify(refusal)).not.toContain("secret");
    expect(harness.reports.find((line) => line.event === "command_failed")?.level).toBe("error");
  });
});

describe("draining", () => {
  test("[I-24] clients are told to come back, sends under way are answered, then 1012", async () => {
    const store = newStore();
    let release: (() => void) | undefined;
    const log: RoomLog = {
      ...store.log,
      async append(append) {
        await new Promise<void>((resolve) => {
          release = resolve;
        });
        return store.log.append(append);
      },
    };
    const harness = await start({}, { ...store, log });
    const ann = await subscribed(harness, "ann");
    const bob = await subscribed(harness, "bob");
    const sent = ann.publish("general", "in flight", "1");
    await settle();
    const drained = harness.node.drain(1_000);
    await harness.clock.advance(1_000);
    expect(bob.closedWith?.code).toBe(1012);
    expect(ann.closedWith).toBeUndefined();
    release?.();
    await drained;
    expect((await sent).sequence).toBe(1);
    expect(ann.closedWith?.code).toBe(1012);
    expect(ann.frames.some((frame) => frame.type === "goodbye")).toBe(true);
  });
});
