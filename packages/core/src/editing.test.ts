/** Documents that are written together, cursors, who is there, and rooms that come into being by their names. */
import { createMemoryBroker, MemoryHub } from "@parlance/broker/memory";
import type { Principal, RoomId, UserId, WireUser } from "@parlance/protocol";
import { limits } from "@parlance/protocol";
import { type Harness, startNode, type TestClient } from "@parlance/testkit/harness";
import { settle } from "@parlance/testkit/manual-clock";
import { createMemoryStore } from "@parlance/testkit/memory";
import { describe, expect, test } from "vitest";
import type { Identity } from "./ports/index.ts";

type Store = ReturnType<typeof createMemoryStore>;

const project = "codexpro_project_7";

function newStore(): Store {
  let seed = 13;
  return createMemoryStore({
    random: () => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed / 2_147_483_647;
    },
  });
}

async function start(store = newStore(), broker = createMemoryBroker(), nodeId = "n") {
  return { ...(await startNode({ ...store, broker, nodeId })), ...store };
}

async function subscribed(harness: Harness, user: string, room: string): Promise<TestClient> {
  const client = await harness.signIn(user);
  await client.ask({ type: "subscribe", room });
  return client;
}

const frames = (client: TestClient, type: string): unknown[] =>
  client.frames.filter((frame) => frame.type === type);

describe("a document", () => {
  test("[MMB] its changes come to all in one order, to the byte, with the editor's number", async () => {
    const harness = await start();
    const ann = await subscribed(harness, "ann#12", project);
    const bob = await subscribed(harness, "bob", project);
    const changes = '{ "text":["\\u00e9é"], "from" : {"line":1.0} }';
    const edit = { type: "edit_document", room: project, client_message_id: "1", changes } as const;
    const first = await ann.ask(edit);
    expect(first).toMatchObject({ room: project, sequence: 1 });
    expect(await ann.ask(edit)).toEqual({ ...first, repeated: true });
    expect((await ann.refusal({ ...edit, changes: "[]" })).code).toBe("conflict");
    await Promise.all(
      Array.from({ length: 100 }, (_, n) =>
        bob.ask({ ...edit, client_message_id: `b${n}`, changes: `[${n}]` }),
      ),
    );
    await settle();
    expect(frames(bob, "document.edited")[0]).toMatchObject({
      sequence: 1,
      author: "ann",
      data: { changes, author_number: 12 },
    });
    expect(frames(ann, "document.edited")).toEqual(frames(bob, "document.edited"));
    expect(frames(ann, "document.edited").slice(1)).toMatchObject(
      Array.from({ length: 100 }, (_, n) => ({ data: { changes: `[${n}]` } })),
    );
  });

  test("a change is nothing to read, no message, and no change of rights", async () => {
    const harness = await start();
    const ann = await subscribed(harness, "ann", project);
    await ann.ask({ type: "join", room: project });
    const before = await harness.log.open(project as RoomId);
    const bob = await subscribed(harness, "bob", project);
    const edit = { type: "edit_document", room: project, client_message_id: "1" } as const;
    await bob.ask({ ...edit, changes: "{}" });
    expect(await ann.ask({ type: "get_room", room: project })).toMatchObject({ unread: 0 });
    expect((await ann.ask({ type: "list_messages", room: project })).messages).toEqual([]);
    expect((await harness.log.open(project as RoomId))?.revision).toBe(before?.revision);
  });

  test("takes JSON texts of at most 64 KiB and nothing else", async () => {
    const harness = await start();
    const ann = await subscribed(harness, "ann", project);
    const edit = { type: "edit_document", room: project } as const;
    const long = (bytes: number): string => `"${"x".repeat(bytes - 2)}"`;
    await ann.ask({ ...edit, client_message_id: "ok", changes: long(limits.changesBytes) });
    const deep = "[".repeat(40) + "]".repeat(40);
    const wrong = ["", "{", "undefined", "1e999", deep, long(limits.changesBytes + 1), {}, 1, null];
    for (const [n, changes] of [...wrong, `"${"é".repeat(32_768)}"`].entries()) {
      const refusal = await ann.refusal({ ...edit, client_message_id: `${n}`, changes });
      expect(refusal).toMatchObject({ code: "bad_request", details: { field: "changes" } });
    }
    expect((await ann.ask({ type: "history", room: project })).head).toBe(1);
  });
});

describe("a cursor", () => {
  test("is told to the others, on every node, and not stored", async () => {
    const store = newStore();
    const hub = new MemoryHub();
    const one = await start(store, createMemoryBroker(hub), "one");
    const two = await start(store, createMemoryBroker(hub), "two");
    const ann = await subscribed(one, "ann#12", project);
    const bob = await subscribed(one, "bob", project);
    const cem = await subscribed(two, "cem", project);
    const position = { line: 3, ch: [1, null] };
    expect(await ann.ask({ type: "cursor", room: project, position })).toEqual({});
    await settle();
    const told = { type: "cursor", room: project, user: "ann", number: 12, name: "ann", position };
    expect(frames(bob, "cursor")).toEqual([told]);
    expect(frames(cem, "cursor")).toEqual([told]);
    expect(frames(ann, "cursor")).toEqual([]);
    expect((await ann.ask({ type: "history", room: project })).head).toBe(0);
  });

  test("moves twenty times a second at most, and the latest place is always told", async () => {
    const harness = await start();
    const ann = await subscribed(harness, "ann", project);
    const cem = await subscribed(harness, "cem", project);
    const bob = await subscribed(harness, "bob", project);
    await cem.ask({ type: "cursor", room: project, position: "cem" });
    for (let step = 0; step < 200; step += 1) {
      await ann.ask({ type: "cursor", room: project, position: step });
      await harness.clock.advance(5);
    }
    await harness.clock.advance(100);
    const told = frames(bob, "cursor").filter(
      (frame) => (frame as { user: string }).user === "ann",
    );
    expect(told.length).toBeGreaterThan(15);
    expect(told.length).toBeLessThan(23);
    expect(told[0]).toMatchObject({ position: 0 });
    expect(told.at(-1)).toMatchObject({ position: 199 });
    await harness.clock.advance(1_000);
    expect(frames(bob, "cursor")).toHaveLength(told.length + 1);
  });

  test("has a place of at most 4 KiB, in a room where its owner may write", async () => {
    const harness = await start();
    const ann = await subscribed(harness, "ann", project);
    const { room } = await ann.ask({ type: "create_room", kind: "private", title: "Ours" });
    const bob = await harness.signIn("bob");
    expect((await bob.refusal({ type: "cursor", room, position: 1 })).code).toBe("not_found");
    for (const position of [undefined, "x".repeat(5_000), { a: "\u0000" }]) {
      const refusal = await ann.refusal({ type: "cursor", room: project, position });
      expect(refusal).toMatchObject({ code: "bad_request", details: { field: "position" } });
    }
  });
});

describe("who is there, with the subscription", () => {
  const ids = (users: readonly WireUser[] | undefined): string[] =>
    (users ?? []).map(({ id }) => id).sort();

  /** What a client knows after applying what it was told since. */
  function followed(client: TestClient, present: readonly WireUser[]): string[] {
    const here = new Set<string>(present.map(({ id }) => id));
    for (const frame of client.frames) {
      if (frame.type !== "presence") continue;
      for (const { id } of frame.online) here.add(id);
      for (const id of frame.offline) here.delete(id);
    }
    return [...here].sort();
  }

  test("names those that subscribers were told of, and the caller; changes follow from it", async () => {
    const harness = await start();
    const ask = { type: "subscribe", room: "general", presence: true, with_present: true } as const;
    const ann = await harness.signIn("ann#12");
    const first = await ann.ask(ask);
    expect(first.present).toEqual([{ id: "ann", name: "ann", kind: "external", number: 12 }]);
    const bob = await subscribed(harness, "bob", "general");
    // What waited to be told is told before the list is made, so nobody comes twice.
    const cem = await harness.signIn("cem");
    const early = await cem.ask(ask);
    expect(ids(early.present)).toEqual(["ann", "bob", "cem"]);
    await harness.clock.advance(500);
    expect(followed(cem, early.present ?? [])).toEqual(["ann", "bob", "cem"]);
    const dan = await harness.signIn("dan");
    const late = await dan.ask(ask);
    expect(ids(late.present)).toEqual(["ann", "bob", "cem", "dan"]);
    bob.inlet.closed(1006);
    await harness.clock.advance(3_000);
    for (const [client, reply] of [
      [ann, first],
      [cem, early],
      [dan, late],
    ] as const) {
      expect(followed(client, reply.present ?? [])).toEqual(["ann", "cem", "dan"]);
    }
    expect(ids((await ann.ask(ask)).present)).toEqual(["ann", "cem", "dan"]);
    expect(await ann.ask({ ...ask, room: "x", with_present: undefined })).not.toHaveProperty(
      "present",
    );
  });

  test("a change that is told while a subscriber is catching up is not lost for it", async () => {
    const store = newStore();
    let release: (() => void) | undefined;
    let holds = false;
    const log = {
      ...store.log,
      async read(query: Parameters<typeof store.log.read>[0]) {
        if (holds && query.upTo !== undefined) {
          await new Promise<void>((resolve) => {
            release = resolve;
          });
        }
        return store.log.read(query);
      },
    };
    const writer = await start(store, createMemoryBroker(), "writer");
    await (await subscribed(writer, "ann", "general")).publish("general", "old", "1");
    const harness = await start({ ...store, log });
    holds = true;
    const cem = await harness.signIn("cem");
    await cem.ask({
      type: "subscribe",
      room: "general",
      last: 1,
      presence: true,
      with_present: true,
    });
    await subscribed(harness, "bob", "general");
    await harness.clock.advance(500);
    release?.();
    await settle();
    expect(cem.texts("general")).toEqual(["old"]);
    expect(followed(cem, [])).toEqual(["bob", "cem"]);
  });
});

describe("rooms by name", () => {
  const person = (user: string, more: Partial<Identity> = {}): Identity => ({
    user: user as UserId,
    name: user,
    kind: "external",
    principal: user as string as Principal,
    ...more,
  });
  const backEnd = (...scopes: string[]): Identity =>
    person("service:ocr", { kind: "service", scopes });
  const publish = (room: string, key: string) =>
    ({
      type: "publish",
      id: 0,
      room: room as RoomId,
      client_message_id: key as never,
      text: "50 %",
    }) as const;
  const trusted = person("ted", { onTrustedNetwork: true });

  test.each(["job_1", "ocr_job_42"])(
    "[MMB] %s is made by a back end and read by those whom it let in",
    async (room) => {
      const harness = await start();
      const { node, directory, log } = harness;
      await directory.upsertExternal("ann" as UserId, "ann", 0);
      const ann = await harness.signIn("ann");
      const eve = await harness.signIn("eve");
      for (const client of [ann, eve]) {
        expect((await client.refusal({ type: "subscribe", room })).code).toBe("not_found");
        const write = publish(room, "1");
        expect((await client.refusal(write)).code).toBe("not_found");
      }
      await expect(node.execute<"publish">(trusted, publish(room, "1"))).rejects.toMatchObject({
        code: "not_found",
      });
      expect(await log.open(room as RoomId)).toBeUndefined();
      await node.execute<"add_member">(backEnd("rooms"), {
        type: "add_member",
        id: 0,
        room: room as RoomId,
        user: "ann" as UserId,
      });
      expect(await log.open(room as RoomId)).toMatchObject({ kind: "job" });
      await ann.ask({ type: "subscribe", room });
      await node.execute<"publish">(backEnd("publish"), publish(room, "2"));
      await settle();
      expect(ann.texts(room)).toEqual(["50 %"]);
      expect((await eve.refusal({ type: "history", room })).code).toBe("not_found");
      expect((await eve.refusal({ type: "join", room })).code).toBe("not_found");
      expect((await ann.refusal(publish(room, "3"))).code).toBe("forbidden");
      const history = { type: "history", id: 0, room: room as RoomId } as const;
      expect((await node.execute<"history">(trusted, history)).events).toHaveLength(2);
      await node.execute<"remove_member">(backEnd("rooms"), {
        type: "remove_member",
        id: 0,
        room: room as RoomId,
        user: "ann" as UserId,
      });
      await settle();
      expect(ann.frames.at(-1)).toMatchObject({ type: "unsubscribed", room });
    },
  );

  test("[MMB] a job that a back end writes to first comes into being", async () => {
    const { node, log } = await start();
    await node.execute<"publish">(backEnd("publish"), publish("ocr_job_1", "1"));
    expect(await log.open("ocr_job_1" as RoomId)).toMatchObject({ kind: "job", head: 1 });
    await expect(
      node.execute<"publish">(backEnd("read"), publish("ocr_job_2", "1")),
    ).rejects.toMatchObject({ code: "forbidden" });
  });

  test.each(["private-desk", "presence-desk"])(
    "[P1] %s is private and comes into being by a back end alone, whoever comes first",
    async (room) => {
      const harness = await start();
      const { node, log } = harness;
      const ann = await harness.signIn("ann");
      expect((await ann.refusal({ type: "subscribe", room })).code).toBe("not_found");
      expect((await ann.refusal({ type: "join", room })).code).toBe("not_found");
      expect((await ann.refusal(publish(room, "1"))).code).toBe("not_found");
      const create = { type: "create_room", kind: "public", title: "D", room } as const;
      expect((await ann.refusal(create)).code).toBe("bad_request");
      await expect(node.execute<"publish">(trusted, publish(room, "1"))).rejects.toMatchObject({
        code: "not_found",
      });
      expect(await log.open(room as RoomId)).toBeUndefined();
      await node.execute<"publish">(backEnd("publish"), publish(room, "1"));
      expect(await log.open(room as RoomId)).toMatchObject({ kind: "private", head: 1 });
      expect((await ann.refusal({ type: "subscribe", room })).code).toBe("not_found");
    },
  );

  test("[PE] notifications is made by a back end, read by all, and written by a trusted network too", async () => {
    const harness = await start();
    const { node, log } = harness;
    const room = "notifications";
    const ann = await harness.signIn("ann");
    expect((await ann.refusal({ type: "subscribe", room })).code).toBe("not_found");
    expect((await ann.refusal(publish(room, "1"))).code).toBe("not_found");
    const create = { type: "create_room", kind: "public", title: "N", room } as const;
    expect((await ann.refusal(create)).code).toBe("bad_request");
    await node.execute<"publish">(backEnd("publish"), publish(room, "1"));
    expect(await log.open(room as RoomId)).toMatchObject({ kind: "announcement" });
    await ann.ask({ type: "subscribe", room });
    expect((await ann.refusal(publish(room, "2"))).code).toBe("forbidden");
    await node.execute<"publish">(trusted, publish(room, "3"));
    await settle();
    expect(ann.texts(room)).toHaveLength(1);
    const bob = await harness.signIn("bob");
    await bob.ask({ type: "create_room", kind: "announcement", title: "News", room: "news" });
    await expect(node.execute<"publish">(trusted, publish("news", "1"))).rejects.toMatchObject({
      code: "forbidden",
    });
  });

  test("[MMB] somebody else's inbox does not come into being by looking; chats and projects do", async () => {
    const harness = await start();
    const eve = await harness.signIn("eve");
    const inbox = "notifications_ann";
    expect((await eve.refusal({ type: "subscribe", room: inbox })).code).toBe("not_found");
    expect(await harness.log.open(inbox as RoomId)).toBeUndefined();
    const ann = await harness.signIn("ann");
    await ann.ask({ type: "subscribe", room: inbox });
    for (const room of ["chat_general", project]) {
      expect(await eve.ask({ type: "subscribe", room })).toMatchObject({ kind: "public" });
    }
  });

  test("[NTC-2] [NTC-3] an inbox that its owner joins has all as unread; a mark is told to the owner's devices only", async () => {
    const harness = await start();
    const { node } = harness;
    const tell = (text: string): Promise<unknown> =>
      node.execute<"publish">(backEnd("publish"), publish("user:ann", text));
    await tell("1");
    await tell("2");
    const [here, there] = [await harness.signIn("ann"), await harness.signIn("ann")];
    await here.ask({ type: "join", room: "user:ann" });
    // Again is the same.
    await there.ask({ type: "join", room: "user:ann" });
    for (const device of [here, there]) await device.ask({ type: "subscribe", room: "user:ann" });
    await tell("3");
    expect(await here.ask({ type: "get_room", room: "user:ann" })).toMatchObject({
      kind: "inbox",
      unread: 3,
      read_mark: 0,
    });
    await here.ask({ type: "mark_read", room: "user:ann", sequence: 2 });
    await settle();
    for (const device of [here, there]) {
      expect(frames(device, "read")).toMatchObject([{ user: "ann", read_mark: 2 }]);
    }
    expect(await there.ask({ type: "get_room", room: "user:ann" })).toMatchObject({ unread: 1 });
    const eve = await harness.signIn("eve");
    expect((await eve.refusal({ type: "join", room: "user:ann" })).code).toBe("not_found");
  });
});
