/** What clients of a document show of themselves: whose each is, how long, and that all nodes know. */
import { createMemoryBroker, MemoryHub } from "@parlance/broker/memory";
import { type AwarenessState, type JsonObject, limits, type UserId } from "@parlance/protocol";
import { type Harness, startNode, type TestClient } from "@parlance/testkit/harness";
import { ManualClock, settle } from "@parlance/testkit/manual-clock";
import { createMemoryStore } from "@parlance/testkit/memory";
import { describe, expect, test } from "vitest";

const room = "doc_plan";

type Store = ReturnType<typeof createMemoryStore>;

async function start(
  clock = new ManualClock(),
  store: Store = createMemoryStore({ random: () => 0.5 }),
  broker = createMemoryBroker(),
  nodeId = "n",
): Promise<Harness> {
  for (const user of ["ann", "bob", "cem", "eve"]) {
    await store.directory.upsertExternal(user as UserId, user, 0);
  }
  return startNode({ ...store, broker, nodeId, clock });
}

/** Ann makes the document; the others are members of it. */
async function here(harness: Harness, user: string): Promise<TestClient> {
  const client = await harness.signIn(user);
  await client.answer({ type: "join", room });
  await client.ask({ type: "subscribe", room });
  return client;
}

async function invite(ann: TestClient, ...users: string[]): Promise<void> {
  for (const user of users) await ann.ask({ type: "add_member", room, user });
}

/** What a reader has been told that is shown now, by client. */
function shownTo(reader: TestClient): Record<number, JsonObject> {
  const shown = new Map<number, JsonObject>();
  for (const frame of reader.frames) {
    if (frame.type !== "document.awareness") continue;
    for (const { client, state } of frame.states as readonly AwarenessState[]) {
      if (state === null) shown.delete(client);
      else shown.set(client, state);
    }
  }
  return Object.fromEntries(shown);
}

const show = (client: number, clock: number, state: JsonObject | null) =>
  ({ type: "set_awareness", room, states: [{ client, clock, state }] }) as const;

/** Time for what is told together. */
async function told(clock: ManualClock): Promise<void> {
  await clock.advance(60);
  await settle();
}

describe("what a client shows", () => {
  test("[MMB-12] is told to all, with the name of whose it is, and is on the list", async () => {
    const clock = new ManualClock();
    const harness = await start(clock);
    const ann = await here(harness, "ann");
    await invite(ann, "bob");
    const bob = await here(harness, "bob");
    const state = { user: { name: "The boss", color: "#f00", id: "ann" }, cursor: { at: 3 } };
    expect(await bob.ask(show(7, 1, state))).toEqual({ room, foreign: [], behind: [] });
    await told(clock);
    const signed = { user: { name: "bob", color: "#f00", id: "bob" }, cursor: { at: 3 } };
    expect(shownTo(ann)).toEqual({ 7: signed });
    expect((await ann.ask({ type: "list_awareness", room })).states).toEqual([
      { client: 7, clock: 1, user: "bob", state: signed },
    ]);
    await bob.ask(show(7, 2, null));
    await told(clock);
    expect(shownTo(ann)).toEqual({});
    expect((await ann.ask({ type: "list_awareness", room })).states).toEqual([]);
  });

  test("[MMB-12] the latest wins, told a few times a second however often it changes", async () => {
    const clock = new ManualClock();
    const harness = await start(clock);
    const ann = await here(harness, "ann");
    await invite(ann, "bob");
    const bob = await here(harness, "bob");
    for (let at = 1; at <= 100; at += 1) await bob.ask(show(7, at, { at }));
    await told(clock);
    expect(shownTo(ann)).toMatchObject({ 7: { at: 100 } });
    const frames = ann.frames.filter(({ type }) => type === "document.awareness");
    expect(frames.length).toBe(2);
    await bob.ask(show(7, 50, { at: "late" }));
    await told(clock);
    expect(shownTo(ann)).toMatchObject({ 7: { at: 100 } });
  });

  test("ends with its connection, with the right to read, and when it is not heard of", async () => {
    const clock = new ManualClock();
    const harness = await start(clock);
    const ann = await here(harness, "ann");
    await invite(ann, "bob", "cem");
    const bob = await here(harness, "bob");
    const cem = await here(harness, "cem");
    await bob.ask(show(7, 1, {}));
    await cem.ask(show(8, 1, {}));
    await ann.ask(show(9, 1, {}));
    await told(clock);
    expect(Object.keys(shownTo(ann))).toEqual(["7", "8", "9"]);
    bob.inlet.closed(1006);
    await ann.ask({ type: "remove_member", room, user: "cem" });
    await told(clock);
    expect(Object.keys(shownTo(ann))).toEqual(["9"]);
    await clock.advance(20_000);
    await ann.ask(show(9, 2, {}));
    await clock.advance(20_000);
    await settle();
    expect(Object.keys(shownTo(ann))).toEqual(["9"]);
    await clock.advance(20_000);
    await settle();
    expect(shownTo(ann)).toEqual({});
  });

  test("[Z1] [Z9] is nobody's business but the members', and stands in documents only", async () => {
    const harness = await start();
    const ann = await here(harness, "ann");
    const eve = await harness.signIn("eve");
    for (const type of ["set_awareness", "list_awareness"] as const) {
      const absent = { ...show(7, 1, {}), type, room: "doc_absent" };
      const refusal = await eve.refusal({ ...show(7, 1, {}), type });
      expect(refusal).toMatchObject({ code: "not_found" });
      const { id: _one, ...known } = refusal;
      const { id: _two, ...unknown } = await eve.refusal(absent);
      expect(known).toEqual(unknown);
    }
    await ann.ask({ type: "subscribe", room: "general" });
    const elsewhere = await ann.refusal({ ...show(7, 1, {}), room: "general" });
    expect(elsewhere.code).toBe("bad_request");
    const idle = await harness.signIn("ann");
    expect((await idle.refusal(show(7, 1, {}))).code).toBe("conflict");
  });

  test("is an object of at most 16 KiB", async () => {
    const harness = await start();
    const ann = await here(harness, "ann");
    const fits = { a: "x".repeat(limits.awarenessBytes - 8) };
    await ann.ask(show(7, 1, fits));
    for (const state of [{ a: `${fits.a}x` }, [], 1, "x"]) {
      const refusal = await ann.refusal(show(7, 2, state as unknown as JsonObject));
      expect(refusal.code).toBe("bad_request");
    }
  });
});

describe("whose a client is", () => {
  test("[Z9] nobody moves, ends or takes somebody else's", async () => {
    const clock = new ManualClock();
    const harness = await start(clock);
    const ann = await here(harness, "ann");
    await invite(ann, "eve");
    const eve = await here(harness, "eve");
    await ann.ask(show(7, 1, { at: "ann" }));
    for (const state of [{ at: "eve" }, null]) {
      const taken = await eve.ask({ ...show(7, 9, state), begins: true });
      expect(taken).toEqual({ room, foreign: [7], behind: [] });
    }
    await told(clock);
    expect(shownTo(eve)).toMatchObject({ 7: { at: "ann", user: { id: "ann" } } });
    // For a while also after it went: its user comes back.
    ann.inlet.closed(1006);
    expect((await eve.ask(show(7, 10, {}))).foreign).toEqual([7]);
    await told(clock);
    expect(shownTo(eve)).toEqual({});
  });

  test("a user's new connection takes it from the old one, and only at its beginning", async () => {
    const clock = new ManualClock();
    const harness = await start(clock);
    const old = await here(harness, "ann");
    await old.ask(show(7, 1, { at: 1 }));
    const other = await here(harness, "ann");
    expect((await other.ask(show(7, 2, { at: "echo" }))).foreign).toEqual([7]);
    const again = await here(harness, "ann");
    expect(await again.ask({ ...show(7, 1, { at: 1 }), begins: true })).toMatchObject({
      foreign: [],
      behind: [],
    });
    old.inlet.closed(1006);
    await told(clock);
    const { states } = await other.ask({ type: "list_awareness", room });
    expect(states).toMatchObject([{ client: 7, state: { at: 1 } }]);
    again.inlet.closed(1006);
    expect((await other.ask({ type: "list_awareness", room })).states).toEqual([]);
  });

  test("who comes back with the clock that others know as gone is told to go on from there", async () => {
    const clock = new ManualClock();
    const harness = await start(clock);
    const ann = await here(harness, "ann");
    await ann.ask(show(7, 5, {}));
    ann.inlet.closed(1006);
    const again = await here(harness, "ann");
    expect((await again.ask({ ...show(7, 5, {}), begins: true })).behind).toEqual([
      { client: 7, clock: 5 },
    ]);
    expect((await again.ask(show(7, 6, {}))).behind).toEqual([]);
    await told(clock);
    expect(Object.keys(shownTo(again))).toEqual(["7"]);
  });

  test("a connection has a few, and no more", async () => {
    const harness = await start();
    const ann = await here(harness, "ann");
    for (let client = 1; client <= limits.awarenessClients + 5; client += 1) {
      await ann.ask(show(client, 1, {}));
    }
    const { states } = await ann.ask({ type: "list_awareness", room });
    expect(states.length).toBe(limits.awarenessClients);
  });

  test("[Z8] somebody invisible is not shown, and is taken away on becoming so", async () => {
    const clock = new ManualClock();
    const store = createMemoryStore({ random: () => 0.5 });
    const harness = await start(clock, store);
    const ann = await here(harness, "ann");
    await invite(ann, "bob");
    const bob = await here(harness, "bob");
    await bob.ask(show(7, 1, {}));
    await told(clock);
    expect(Object.keys(shownTo(ann))).toEqual(["7"]);
    await bob.ask({ type: "set_profile", changes: { availability: "invisible" } });
    await told(clock);
    await settle();
    expect(shownTo(ann)).toEqual({});
    await bob.ask(show(7, 2, {}));
    await told(clock);
    expect(shownTo(ann)).toEqual({});
    expect((await ann.ask({ type: "list_awareness", room })).states).toEqual([]);
    await bob.ask({ type: "set_profile", changes: { availability: null } });
    await bob.ask(show(7, 3, {}));
    await told(clock);
    expect(Object.keys(shownTo(ann))).toEqual(["7"]);
  });
});

describe("over nodes", () => {
  test("[I-19] whoever comes is told of everybody, also of those on other nodes", async () => {
    const clock = new ManualClock();
    const store = createMemoryStore({ random: () => 0.5 });
    const hub = new MemoryHub();
    const one = await start(clock, store, createMemoryBroker(hub), "one");
    const two = await start(clock, store, createMemoryBroker(hub), "two");
    const ann = await here(one, "ann");
    await invite(ann, "bob");
    await ann.ask(show(7, 1, { at: 1 }));
    // The document is opened there after that.
    const bob = await here(two, "bob");
    await settle();
    const { states } = await bob.ask({ type: "list_awareness", room });
    expect(states).toMatchObject([{ client: 7, user: "ann", state: { at: 1 } }]);
    await ann.ask(show(7, 2, { at: 2 }));
    await bob.ask(show(8, 1, {}));
    await told(clock);
    expect(shownTo(bob)).toMatchObject({ 7: { at: 2 } });
    expect(Object.keys(shownTo(ann))).toEqual(["7", "8"]);
    // Nobody there may take it, and its end is heard.
    expect((await bob.ask({ ...show(7, 3, {}), begins: true })).foreign).toEqual([7]);
    ann.inlet.closed(1006);
    await told(clock);
    expect(Object.keys(shownTo(bob))).toEqual(["8"]);
  });

  test("[I-19] what a node that died has said is over after half a minute", async () => {
    const clock = new ManualClock();
    const store = createMemoryStore({ random: () => 0.5 });
    const hub = new MemoryHub();
    const one = await start(clock, store, createMemoryBroker(hub), "one");
    const two = await start(clock, store, createMemoryBroker(hub), "two");
    const ann = await here(one, "ann");
    await invite(ann, "bob");
    const bob = await here(two, "bob");
    await ann.ask(show(7, 1, {}));
    await told(clock);
    expect(Object.keys(shownTo(bob))).toEqual(["7"]);
    // Its clients do not say anything any more, and nobody tells that they went.
    for (let seconds = 0; seconds < 40; seconds += 1) await clock.advance(1_000);
    await settle();
    expect(shownTo(bob)).toEqual({});
  });
});
