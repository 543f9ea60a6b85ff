import { createMemoryBroker, MemoryHub } from "@parlance/broker/memory";
import type { EventFrame, UserId } from "@parlance/protocol";
import { type Harness, startNode, type TestClient } from "@parlance/testkit/harness";
import { ManualClock, settle } from "@parlance/testkit/manual-clock";
import { createMemoryStore } from "@parlance/testkit/memory";
import { describe, expect, test } from "vitest";

type Store = ReturnType<typeof createMemoryStore>;

const people = ["ann", "bob", "cem", "dan", "eve"];

function newStore(): Store {
  let seed = 7;
  return createMemoryStore({
    random: () => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed / 2_147_483_647;
    },
  });
}

interface Scene extends Harness {
  readonly store: Store;
  /** A private room with these people in it. */
  room(...members: string[]): Promise<string>;
  /** A new connection of that user, subscribed to the room. */
  inside(user: string, room: string): Promise<TestClient>;
}

async function scene(
  parts: Partial<Pick<Parameters<typeof startNode>[0], "broker" | "clock" | "nodeId">> = {},
  store: Store = newStore(),
): Promise<Scene> {
  for (const user of people) await store.directory.upsertExternal(user as UserId, user, 0);
  const harness = await startNode({ broker: createMemoryBroker(), ...store, ...parts });
  return {
    ...harness,
    store,
    async room(...members) {
      const [owner = "ann", ...others] = members;
      const client = await harness.signIn(owner);
      const { room } = await client.ask({ type: "create_room", kind: "private", title: "Talk" });
      for (const user of others) await client.ask({ type: "add_member", room, user });
      return room;
    },
    async inside(user, room) {
      const client = await harness.signIn(user);
      await client.ask({ type: "subscribe", room });
      return client;
    },
  };
}

async function callEvents(store: Store, room: string): Promise<EventFrame[]> {
  const page = await store.log.read({ room: room as never, after: 0, limit: 200 });
  return (page?.events ?? [])
    .map(({ frame }) => frame)
    .filter((frame) => frame.type.startsWith("call."));
}

const typesOf = (events: readonly EventFrame[]): string[] => events.map((event) => event.type);
const signals = (client: TestClient): unknown[] =>
  client.frames.filter((frame) => frame.type === "call.signal");

const offer = { kind: "offer", sdp: "v=0" };

describe("a call of two", () => {
  test("rings, is answered, relays signals to the other one only, and ends with its length", async () => {
    const here = await scene();
    const room = await here.room("ann", "bob");
    const ann = await here.inside("ann", room);
    const bob = await here.inside("bob", room);
    const bobElsewhere = await here.inside("bob", room);
    const started = await ann.ask({ type: "start_call", room, media: "video" });
    expect(started).toMatchObject({ room, callees: ["bob"] });
    await settle();
    expect(bob.frames.at(-1)).toMatchObject({
      type: "call.started",
      author: "ann",
      data: { call_id: started.call_id, media: "video", callees: ["bob"], caller_name: "ann" },
    });
    const call = { room, call_id: started.call_id };
    await ann.ask({ type: "signal_call", ...call, to: "bob", signal: offer });
    await bob.ask({ type: "answer_call", ...call });
    await bob.ask({ type: "signal_call", ...call, to: "ann", signal: { kind: "answer" } });
    await settle();
    const told = { type: "call.signal", room, call_id: started.call_id };
    expect(signals(bob)).toEqual([{ ...told, from: "ann", signal: offer }]);
    expect(signals(bobElsewhere)).toEqual(signals(bob));
    expect(signals(ann)).toEqual([{ ...told, from: "bob", signal: { kind: "answer" } }]);

    await here.clock.advance(30_000);
    await ann.ask({ type: "end_call", ...call });
    const events = await callEvents(here.store, room);
    expect(events.at(-1)).toMatchObject({
      author: "ann",
      data: { reason: "hung_up", duration_ms: 30_000 },
    });
    expect(typesOf(events)).toEqual(["call.started", "call.answered", "call.ended"]);
    for (const command of [
      { type: "answer_call", ...call },
      { type: "end_call", ...call },
      { type: "signal_call", ...call, to: "bob", signal: offer },
    ] as const) {
      expect((await ann.refusal(command)).code).toBe("not_found");
    }
  });

  test("declined by the callee, and missed when the caller gives up", async () => {
    const here = await scene();
    const room = await here.room("ann", "bob");
    const ann = await here.inside("ann", room);
    const bob = await here.inside("bob", room);
    for (const [who, reason] of [
      [bob, "declined"],
      [ann, "missed"],
    ] as const) {
      const { call_id } = await ann.ask({ type: "start_call", room, media: "audio" });
      await who.ask({ type: "end_call", room, call_id });
      expect((await callEvents(here.store, room)).at(-1)).toMatchObject({
        data: { reason, duration_ms: 0 },
      });
    }
  });

  test("answering again, on whichever device, gives the first place", async () => {
    const here = await scene();
    const room = await here.room("ann", "bob");
    const ann = await here.inside("ann", room);
    const bob = await here.inside("bob", room);
    const other = await here.inside("bob", room);
    const { call_id } = await ann.ask({ type: "start_call", room, media: "audio" });
    const answers = await Promise.all(
      [bob, other].map((client) => client.ask({ type: "answer_call", room, call_id })),
    );
    expect(answers.map(({ sequence }) => sequence)).toEqual([4, 4]);
    expect(answers.filter((answer) => answer.repeated === true)).toHaveLength(1);
  });

  test("ended by both at once it ends once", async () => {
    const here = await scene();
    const room = await here.room("ann", "bob");
    const ann = await here.inside("ann", room);
    const bob = await here.inside("bob", room);
    const { call_id } = await ann.ask({ type: "start_call", room, media: "audio" });
    await bob.ask({ type: "answer_call", room, call_id });
    const answers = await Promise.all(
      [ann, bob].map((client) => client.answer({ type: "end_call", room, call_id })),
    );
    expect(answers.map(({ type }) => type).sort()).toEqual(["error", "reply"]);
    expect(typesOf(await callEvents(here.store, room))).toEqual([
      "call.started",
      "call.answered",
      "call.ended",
    ]);
  });

  test("several calls are open in one room, each by itself", async () => {
    const here = await scene();
    const room = await here.room("ann", "bob", "cem");
    const ann = await here.inside("ann", room);
    const cem = await here.inside("cem", room);
    const start = { type: "start_call", room, media: "audio" } as const;
    const first = await ann.ask({ ...start, callees: ["bob"] });
    const second = await ann.ask({ ...start, callees: ["cem"] });
    expect(first.call_id).not.toBe(second.call_id);
    await cem.ask({ type: "answer_call", room, call_id: second.call_id });
    const foreign = { type: "answer_call", room, call_id: first.call_id } as const;
    expect((await cem.refusal(foreign)).code).toBe("not_found");
  });
});

describe("a call of several", () => {
  test("goes on without one who declines, and ends with the caller", async () => {
    const here = await scene();
    const room = await here.room("ann", "bob", "cem");
    const ann = await here.inside("ann", room);
    const bob = await here.inside("bob", room);
    const cem = await here.inside("cem", room);
    const { call_id, callees } = await ann.ask({ type: "start_call", room, media: "audio" });
    expect([...callees].sort()).toEqual(["bob", "cem"]);
    await bob.ask({ type: "end_call", room, call_id });
    const signal = { type: "signal_call", room, call_id, signal: offer } as const;
    expect((await ann.refusal({ ...signal, to: "bob" })).code).toBe("not_found");
    await cem.ask({ type: "answer_call", room, call_id });
    await ann.ask({ ...signal, to: "cem" });
    await ann.ask({ type: "end_call", room, call_id });
    const events = await callEvents(here.store, room);
    expect(typesOf(events)).toEqual(["call.started", "call.left", "call.answered", "call.ended"]);
    expect(events[1]).toMatchObject({ author: "bob", data: { reason: "declined" } });
    await settle();
    expect(signals(bob)).toEqual([]);
    expect(signals(cem)).toHaveLength(1);
  });

  test("the last callee who hangs up ends it", async () => {
    const here = await scene();
    const room = await here.room("ann", "bob", "cem");
    const ann = await here.inside("ann", room);
    const bob = await here.inside("bob", room);
    const cem = await here.inside("cem", room);
    const { call_id } = await ann.ask({ type: "start_call", room, media: "audio" });
    for (const who of [bob, cem]) await who.ask({ type: "end_call", room, call_id });
    expect(typesOf(await callEvents(here.store, room))).toEqual([
      "call.started",
      "call.left",
      "call.ended",
    ]);
  });
});

describe("who may", () => {
  test("[Z1] to strangers a private room's calls are as if they were not there", async () => {
    const here = await scene();
    const room = await here.room("ann", "bob");
    const ann = await here.inside("ann", room);
    const { call_id } = await ann.ask({ type: "start_call", room, media: "audio" });
    const eve = await here.signIn("eve");
    const commands = [
      { type: "start_call", media: "audio", callees: ["ann"] },
      { type: "answer_call", call_id },
      { type: "end_call", call_id },
      { type: "signal_call", call_id, to: "ann", signal: offer },
    ] as const;
    for (const command of commands) {
      const { id: _, ...hidden } = await eve.refusal({ ...command, room });
      const { id: __, ...absent } = await eve.refusal({ ...command, room: "r_nothing" });
      expect(hidden).toEqual(absent);
      expect(hidden.code).toBe("not_found");
    }
  });

  test("only people who may read the room are rung, and not too many", async () => {
    const here = await scene();
    const room = await here.room("ann", "bob");
    const ann = await here.inside("ann", room);
    const start = { type: "start_call", media: "audio" } as const;
    expect((await ann.refusal({ ...start, room, callees: ["eve"] })).code).toBe("not_found");
    expect((await ann.refusal({ ...start, room, callees: ["bob", "eve"] })).code).toBe("not_found");
    expect((await ann.refusal({ ...start, room, callees: ["ann"] })).code).toBe("bad_request");
    expect((await ann.refusal({ ...start, room: "general" })).code).toBe("bad_request");
    expect((await ann.refusal({ ...start, room: "general", callees: ["nobody"] })).code).toBe(
      "not_found",
    );
    const open = await ann.ask({ ...start, room: "general", callees: ["eve", "eve", "ann"] });
    expect(open.callees).toEqual(["eve"]);
    const lonely = await here.room("cem");
    const cem = await here.inside("cem", lonely);
    expect((await cem.refusal({ ...start, room: lonely })).code).toBe("not_found");
  });

  test("more than eight others are too many to ring all", async () => {
    const here = await scene();
    const others = Array.from({ length: 9 }, (_, index) => `m${index}`);
    for (const user of others) await here.store.directory.upsertExternal(user as UserId, user, 0);
    const room = await here.room("ann", ...others);
    const ann = await here.inside("ann", room);
    const start = { type: "start_call", room, media: "audio" } as const;
    const refusal = await ann.refusal(start);
    expect(refusal).toMatchObject({ code: "too_large", details: { limit: 8 } });
    expect((await ann.ask({ ...start, callees: others.slice(1) })).callees).toHaveLength(8);
  });

  test("[Z13] back ends do not call, and announcements are no place to", async () => {
    const here = await scene();
    const shop = await here.signIn("service:shop?publish");
    const start = { type: "start_call", media: "audio", callees: ["ann"] } as const;
    expect((await shop.refusal({ ...start, room: "general" })).code).toBe("forbidden");
    const ann = await here.signIn("ann");
    const { room } = await ann.ask({ type: "create_room", kind: "announcement", title: "News" });
    expect((await ann.refusal({ ...start, room, callees: ["bob"] })).code).toBe("forbidden");
  });

  test("[I-14] who is put out takes no part any more, and gets and sends no signal", async () => {
    const here = await scene();
    const room = await here.room("ann", "bob", "cem");
    const ann = await here.inside("ann", room);
    const bob = await here.inside("bob", room);
    const cem = await here.inside("cem", room);
    const { call_id } = await ann.ask({ type: "start_call", room, media: "audio" });
    for (const who of [bob, cem]) await who.ask({ type: "answer_call", room, call_id });
    await ann.ask({ type: "remove_member", room, user: "bob" });
    const signal = { type: "signal_call", room, call_id, signal: offer } as const;
    expect((await bob.refusal({ ...signal, to: "ann" })).code).toBe("not_found");
    expect((await ann.refusal({ ...signal, to: "bob" })).code).toBe("not_found");
    expect((await bob.refusal({ type: "end_call", room, call_id })).code).toBe("not_found");
    await ann.ask({ ...signal, to: "cem" });
    // Coming back is a new membership, not the old call.
    await ann.ask({ type: "add_member", room, user: "bob" });
    expect((await bob.refusal({ type: "answer_call", room, call_id })).code).toBe("not_found");
    await settle();
    expect(signals(bob)).toEqual([]);
  });

  test("[I-14] a call whose caller was put out is over", async () => {
    const here = await scene();
    const room = await here.room("bob", "ann");
    const ann = await here.inside("ann", room);
    const bob = await here.inside("bob", room);
    const { call_id } = await ann.ask({ type: "start_call", room, media: "audio" });
    await bob.ask({ type: "answer_call", room, call_id });
    await bob.ask({ type: "remove_member", room, user: "ann" });
    const signal = { type: "signal_call", room, call_id, to: "ann", signal: offer } as const;
    expect((await bob.refusal(signal)).code).toBe("not_found");
    expect((await callEvents(here.store, room)).at(-1)).toMatchObject({
      type: "call.ended",
      author: "ann",
      data: { reason: "failed" },
    });
  });
});

describe("a call that nobody ends", () => {
  test("rings for 45 s and is then missed, for the next who looks", async () => {
    const here = await scene();
    const room = await here.room("ann", "bob");
    const ann = await here.inside("ann", room);
    const bob = await here.inside("bob", room);
    const start = { type: "start_call", room, media: "audio" } as const;
    const first = await ann.ask(start);
    await here.clock.advance(44_000);
    await bob.ask({ type: "answer_call", room, call_id: first.call_id });
    const second = await ann.ask(start);
    await here.clock.advance(45_000);
    const late = { type: "answer_call", room, call_id: second.call_id } as const;
    expect((await bob.refusal(late)).code).toBe("not_found");
    expect((await callEvents(here.store, room)).at(-1)).toMatchObject({
      author: "ann",
      data: { call_id: second.call_id, reason: "missed", duration_ms: 0 },
    });
    // The first one is answered and its people are here: it goes on.
    await bob.ask({ type: "end_call", room, call_id: first.call_id });
  });

  test("a new call ends those that are over", async () => {
    const here = await scene();
    const room = await here.room("ann", "bob");
    const ann = await here.inside("ann", room);
    for (let call = 0; call < 3; call += 1) {
      await ann.ask({ type: "start_call", room, media: "audio" });
      await here.clock.advance(50_000);
    }
    expect(typesOf(await callEvents(here.store, room))).toEqual([
      "call.started",
      "call.ended",
      "call.started",
      "call.ended",
      "call.started",
    ]);
  });

  test("has failed when its people were away for 60 s, and not before", async () => {
    const here = await scene();
    const room = await here.room("ann", "bob", "cem");
    const ann = await here.inside("ann", room);
    const bob = await here.inside("bob", room);
    // Others in the room keep it open, and keep no call alive.
    await here.inside("cem", room);
    const start = { type: "start_call", room, media: "audio", callees: ["bob"] } as const;
    const { call_id } = await ann.ask(start);
    await bob.ask({ type: "answer_call", room, call_id });
    await here.clock.advance(300_000);
    const signal = { type: "signal_call", room, call_id, signal: offer } as const;
    await ann.ask({ ...signal, to: "bob" });
    for (const who of [ann, bob]) await who.ask({ type: "unsubscribe", room });
    await here.clock.advance(59_000);
    await bob.ask({ ...signal, to: "ann" });
    await here.clock.advance(2_000);
    expect((await bob.refusal({ ...signal, to: "ann" })).code).toBe("not_found");
    expect((await callEvents(here.store, room)).at(-1)).toMatchObject({
      data: { reason: "failed", duration_ms: 361_000 },
    });
  });
});

test("a call of a room that was closed meanwhile is over once somebody has looked around", async () => {
  const here = await scene();
  const room = await here.room("ann", "bob");
  const ann = await here.inside("ann", room);
  const bob = await here.inside("bob", room);
  const { call_id } = await ann.ask({ type: "start_call", room, media: "audio" });
  await bob.ask({ type: "answer_call", room, call_id });
  for (const who of [ann, bob]) await who.ask({ type: "unsubscribe", room });
  await here.clock.advance(600_000);
  await here.inside("cem", "general");
  const signal = { type: "signal_call", room, call_id, to: "bob", signal: offer } as const;
  await ann.ask(signal);
  await here.clock.advance(15_000);
  await ann.ask(signal);
  await here.clock.advance(16_000);
  expect((await ann.refusal(signal)).code).toBe("not_found");
});

describe("what is kept", () => {
  test("a node that starts anew finds the calls in the log", async () => {
    const store = newStore();
    const clock = new ManualClock();
    const before = await scene({ clock }, store);
    const room = await before.room("ann", "bob", "cem");
    const ann = await before.inside("ann", room);
    const bob = await before.inside("bob", room);
    const start = { type: "start_call", room, media: "audio" } as const;
    const over = await ann.ask(start);
    await ann.ask({ type: "end_call", room, call_id: over.call_id });
    const { call_id } = await ann.ask(start);
    await bob.ask({ type: "answer_call", room, call_id });
    await before.node.close();
    await clock.advance(10_000);

    const after = await scene({ clock, nodeId: "n2" }, store);
    const ann2 = await after.inside("ann", room);
    const cem2 = await after.inside("cem", room);
    const gone = { type: "end_call", room, call_id: over.call_id } as const;
    expect((await ann2.refusal(gone)).code).toBe("not_found");
    await cem2.ask({ type: "answer_call", room, call_id });
    await ann2.ask({ type: "end_call", room, call_id });
    expect((await callEvents(store, room)).at(-1)).toMatchObject({
      data: { call_id, reason: "hung_up", duration_ms: 10_000 },
    });
  });

  test("a call that is read back while events come in is the same", async () => {
    const store = newStore();
    const here = await scene({}, store);
    const room = await here.room("ann", "bob");
    const ann = await here.inside("ann", room);
    const { call_id } = await ann.ask({ type: "start_call", room, media: "audio" });
    const other = await scene({ nodeId: "n2" }, store);
    const bob = await other.inside("bob", room);
    // Nobody announces anything to the other node: it finds the end in the log when it appends.
    await ann.ask({ type: "end_call", room, call_id });
    expect((await bob.refusal({ type: "answer_call", room, call_id })).code).toBe("not_found");
  });

  test("two nodes have one call: ring here, answer there, signals across, to no third", async () => {
    const store = newStore();
    const clock = new ManualClock();
    const hub = new MemoryHub();
    const here = await scene({ clock, broker: createMemoryBroker(hub), nodeId: "n1" }, store);
    const there = await scene({ clock, broker: createMemoryBroker(hub), nodeId: "n2" }, store);
    const room = await here.room("ann", "bob", "cem");
    const ann = await here.inside("ann", room);
    const bob = await there.inside("bob", room);
    const cem = await there.inside("cem", room);
    const start = { type: "start_call", room, media: "video", callees: ["bob"] } as const;
    const { call_id } = await ann.ask(start);
    await settle();
    await bob.ask({ type: "answer_call", room, call_id });
    await settle();
    await ann.ask({ type: "signal_call", room, call_id, to: "bob", signal: offer });
    await bob.ask({ type: "signal_call", room, call_id, to: "ann", signal: offer });
    await settle();
    expect(signals(ann)).toMatchObject([{ from: "bob" }]);
    expect(signals(bob)).toMatchObject([{ from: "ann" }]);
    expect(JSON.stringify(signals(bob))).not.toContain('"to"');
    expect(signals(cem)).toEqual([]);
    await bob.ask({ type: "end_call", room, call_id });
    await settle();
    const again = { type: "end_call", room, call_id } as const;
    expect((await ann.refusal(again)).code).toBe("not_found");
  });
});

describe("[J11] signals that are none", () => {
  test("of more than 16 KiB, of no object, or to nobody are refused, and the next one passes", async () => {
    const here = await scene();
    const room = await here.room("ann", "bob");
    const ann = await here.inside("ann", room);
    const bob = await here.inside("bob", room);
    const { call_id } = await ann.ask({ type: "start_call", room, media: "audio" });
    const signal = { type: "signal_call", room, call_id, to: "bob" } as const;
    for (const wrong of [
      "x",
      1,
      null,
      [],
      { big: "x".repeat(16_384) },
      { big: "語".repeat(6_000) },
    ]) {
      expect((await ann.refusal({ ...signal, signal: wrong })).code).toBe("bad_request");
    }
    expect((await ann.refusal({ ...signal, to: "ann", signal: offer })).code).toBe("not_found");
    expect((await ann.refusal({ ...signal, to: "eve", signal: offer })).code).toBe("not_found");
    const odd = JSON.parse('{"__proto__":{"admin":true},"ok":1}') as object;
    await ann.ask({ ...signal, signal: odd });
    await settle();
    expect(signals(bob)).toHaveLength(1);
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });
});
