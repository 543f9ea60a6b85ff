/** Messages that are edited, deleted and reacted to, over the commands of a node. */
import { createMemoryBroker, MemoryHub } from "@parlance/broker/memory";
import type { ErrorFrame, EventFrame, Principal, RoomId, UserId } from "@parlance/protocol";
import { limits } from "@parlance/protocol";
import { type Harness, startNode, type TestClient } from "@parlance/testkit/harness";
import { settle } from "@parlance/testkit/manual-clock";
import { createMemoryStore } from "@parlance/testkit/memory";
import { describe, expect, test } from "vitest";
import type { PublishTask } from "./commands/publish.ts";
import type { Broker, Identity, LogPage, Notice, RoomLog } from "./ports/index.ts";

type Store = ReturnType<typeof createMemoryStore>;

const general = "general" as RoomId;

function newStore(): Store {
  let seed = 11;
  return createMemoryStore({
    random: () => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed / 2_147_483_647;
    },
  });
}

async function start(store: Store = newStore(), broker = createMemoryBroker(), nodeId = "n") {
  return { ...(await startNode({ ...store, broker, nodeId })), ...store };
}

async function subscribed(harness: Harness, user: string, room = "general"): Promise<TestClient> {
  const client = await harness.signIn(user);
  await client.ask({ type: "subscribe", room });
  return client;
}

function identity(user: string, more: Partial<Identity> = {}): Identity {
  return {
    user: user as UserId,
    name: user,
    kind: "external",
    principal: user as string as Principal,
    ...more,
  };
}

const backEnd = (...scopes: string[]): Identity =>
  identity("service:shop", { kind: "service", scopes });

function events(client: TestClient, type: EventFrame["type"]): EventFrame[] {
  return client.frames.filter((frame): frame is EventFrame => frame.type === type);
}

/** What a client is told, without the id by which it finds its command. */
function body({ id: _, ...error }: ErrorFrame): string {
  return JSON.stringify(error);
}

describe("what is published", () => {
  test("data and number travel with the message, live and read back", async () => {
    const harness = await start();
    const ann = await harness.signIn("ann#12");
    const bob = await subscribed(harness, "bob");
    const data = { kind: "progress", steps: [1, 2.5, null, { done: true }] };
    await ann.ask({
      type: "publish",
      room: "general",
      text: "25 %",
      data,
      client_message_id: "1",
    });
    await settle();
    const payload = { text: "25 %", author_name: "ann", author_number: 12, data };
    expect(bob.frames.at(-1)).toMatchObject({ type: "message.created", data: payload });
    const page = await bob.ask({ type: "history", room: "general" });
    expect(page.events[0]).toEqual(bob.frames.filter((frame) => "sequence" in frame).at(-1));
  });

  test("data that is no small JSON object is refused by name", async () => {
    const harness = await start();
    const ann = await subscribed(harness, "ann");
    const wrong = [
      null,
      "text",
      [1],
      { big: "x".repeat(limits.dataBytes) },
      { zero: "\u0000" },
      { ["\u0000"]: 1 },
      { lone: "\ud800" },
    ];
    for (const [index, data] of wrong.entries()) {
      const refusal = await ann.refusal({
        type: "publish",
        room: "general",
        text: "x",
        data,
        client_message_id: `${index}`,
      });
      expect(refusal).toMatchObject({ code: "bad_request", details: { field: "data" } });
    }
    expect((await ann.ask({ type: "history", room: "general" })).head).toBe(0);
  });

  test("core may show another name, which no frame can; the sender stays who is authenticated", async () => {
    const harness = await start();
    const bob = await subscribed(harness, "bob");
    const task: PublishTask = {
      type: "publish",
      id: 0,
      room: general,
      client_message_id: "1" as never,
      text: "hi",
      shownAs: {
        user: "name:Ada" as UserId,
        name: "Ada",
        unverified: true,
        nameOfAccount: true,
      },
    };
    await harness.node.execute<"publish">(identity("guest", { number: 3 }), task);
    await settle();
    expect(bob.frames.at(-1)).toMatchObject({
      author: "name:Ada",
      data: { text: "hi", author_name: "Ada", unverified: true, name_of_account: true },
    });
    expect(bob.frames.at(-1)).not.toHaveProperty("data.author_number");
    const again = await harness.node.execute<"publish">(identity("guest"), task);
    expect(again.repeated).toBe(true);
    expect(await bob.ask({ type: "get_message", message_id: "1" })).toMatchObject({
      author: "name:Ada",
      author_name: "Ada",
      unverified: true,
      name_of_account: true,
    });
    const eve = await subscribed(harness, "eve");
    await eve.ask({ ...task, client_message_id: "2" });
    await settle();
    expect(bob.frames.at(-1)).toMatchObject({ author: "eve", data: { author_name: "eve" } });
    expect(bob.frames.at(-1)).not.toHaveProperty("data.unverified");
    // A name that one chose is no key to what others wrote under it, or to what its bearer writes.
    const named = await harness.signIn("name:Ada");
    const edit = { type: "edit_message", room: "general", message_id: "1", text: "x" } as const;
    expect((await named.refusal(edit)).code).toBe("not_found");
  });
});

describe("editing", () => {
  test("[I-22] an edit is an event for all, and the message is what its newest edit says", async () => {
    const harness = await start();
    const ann = await subscribed(harness, "ann");
    const bob = await subscribed(harness, "bob");
    const { message_id } = await ann.publish("general", "one", "a");
    const edit = { type: "edit_message", room: "general", message_id } as const;
    const edited = await ann.ask({ ...edit, text: "two", data: { a: 1 } });
    expect(edited).toMatchObject({ room: "general", sequence: 2, message_id });
    await ann.ask({ ...edit, message_id: "1", text: "three" });
    await settle();
    expect(events(bob, "message.edited")).toMatchObject([
      { sequence: 2, author: "ann", data: { message_id, text: "two", data: { a: 1 } } },
      { sequence: 3, data: { message_id, text: "three", editor_name: "ann" } },
    ]);
    const view = await bob.ask({ type: "get_message", room: "general", message_id });
    expect(view).toMatchObject({ text: "three", author_name: "ann", sequence: 1, number: 1 });
    expect(view.edited_at).toBeDefined();
    const { messages } = await bob.ask({ type: "list_messages", room: "general" });
    expect(messages).toEqual([view]);
  });

  test("an edit under a client message id is stored once", async () => {
    const harness = await start();
    const ann = await subscribed(harness, "ann");
    const { message_id } = await ann.publish("general", "one", "a");
    const edit = {
      type: "edit_message",
      room: "general",
      message_id,
      text: "two",
      client_message_id: "e",
    } as const;
    const first = await ann.ask(edit);
    expect(await ann.ask(edit)).toEqual({ ...first, repeated: true });
    expect((await ann.refusal({ ...edit, text: "three" })).code).toBe("conflict");
    // Also where the message was deleted since: what is stored cannot be refused any more.
    await ann.ask({ type: "delete_message", room: "general", message_id, client_message_id: "d" });
    expect(await ann.ask(edit)).toEqual({ ...first, repeated: true });
    const again = { type: "delete_message", room: "general", message_id } as const;
    expect(await ann.ask({ ...again, client_message_id: "d" })).toMatchObject({ repeated: true });
    expect((await ann.refusal(again)).code).toBe("not_found");
  });

  test("[J23] [Z6] what is not there for the caller is not_found with the same bytes", async () => {
    const harness = await start();
    const ann = await subscribed(harness, "ann");
    const eve = await subscribed(harness, "eve");
    const { room: secret } = await ann.ask({
      type: "create_room",
      kind: "private",
      title: "Secret",
    });
    const hidden = await ann.publish(secret, "hidden", "h");
    const anns = await ann.publish("general", "ann's", "a");
    const gone = await eve.publish("general", "gone", "g");
    const elsewhere = await eve.publish("elsewhere", "there", "e");
    await eve.ask({ type: "delete_message", room: "general", message_id: gone.message_id });
    const answers = new Set<string>();
    const refuse = async (room: string, message_id: string, skip: string[] = []) => {
      for (const command of [
        { type: "edit_message", text: "x" },
        { type: "delete_message" },
        { type: "react", emoji: "👍", on: true },
        { type: "react", emoji: "👍", on: false },
        { type: "get_message" },
      ] as const) {
        if (skip.includes(command.type)) continue;
        answers.add(body(await eve.refusal({ ...command, room, message_id })));
      }
    };
    await refuse("general", hidden.message_id);
    await refuse("general", elsewhere.message_id);
    await refuse("general", "nothing");
    await refuse("general", "999");
    await refuse(secret, hidden.message_id);
    await refuse(secret, gone.message_id);
    await refuse("nowhere", gone.message_id);
    await refuse("general", gone.message_id, ["get_message"]);
    await refuse("general", anns.message_id, ["react", "get_message"]);
    answers.add(body(await eve.refusal({ type: "get_message", message_id: hidden.message_id })));
    answers.add(body(await eve.refusal({ type: "get_message", message_id: "1" })));
    answers.add(body(await eve.refusal({ type: "list_messages", room: secret })));
    answers.add(body(await eve.refusal({ type: "room_stats", room: secret })));
    answers.add(body(await eve.refusal({ type: "list_messages", room: "nowhere" })));
    expect([...answers]).toHaveLength(1);
    expect([...answers][0]).toContain('"code":"not_found"');
    const { events: stored } = await ann.ask({ type: "history", room: secret });
    expect(stored).toHaveLength(2);
  });

  test("whoever may not write any more may not edit or react, and a back end edits only its own", async () => {
    const harness = await start();
    const { node } = harness;
    const ann = await subscribed(harness, "ann");
    const bob = await harness.signIn("bob");
    await harness.directory.upsertExternal("bob" as UserId, "bob", 0);
    const { room } = await ann.ask({
      type: "create_room",
      kind: "announcement",
      title: "News",
      room: "news",
    });
    await ann.ask({ type: "add_member", room, user: "bob", role: "moderator" });
    const { message_id } = await bob.publish(room, "bob's", "1");
    await ann.ask({ type: "add_member", room, user: "bob", role: "member" });
    const edit = { type: "edit_message", id: 0, room, message_id, text: "x" } as const;
    expect((await bob.refusal(edit)).code).toBe("forbidden");
    const react = { type: "react", room, message_id, emoji: "👍", on: true } as const;
    expect((await bob.refusal(react)).code).toBe("forbidden");
    expect((await bob.refusal({ type: "delete_message", room, message_id })).code).toBe(
      "forbidden",
    );
    const key = backEnd("admin");
    await expect(node.execute<"edit_message">(key, edit)).rejects.toMatchObject({
      code: "not_found",
    });
    const own = await node.execute<"publish">(key, {
      type: "publish",
      id: 0,
      room,
      client_message_id: "k" as never,
      text: "the shop's",
    });
    const { sequence } = await node.execute<"edit_message">(key, {
      ...edit,
      message_id: own.message_id,
    });
    expect(sequence).toBe(own.sequence + 1);
  });

  test("[I-5] an edit is refused where the right ended on another node a moment ago", async () => {
    const store = newStore();
    await store.directory.upsertExternal("bob" as UserId, "bob", 0);
    const one = await start(store, createMemoryBroker(), "one");
    const two = await start(store, createMemoryBroker(), "two");
    const ann = await one.signIn("ann");
    const { room } = await ann.ask({ type: "create_room", kind: "private", title: "Ours" });
    await ann.ask({ type: "add_member", room, user: "bob" });
    const bob = await two.signIn("bob");
    const { message_id } = await bob.publish(room, "mine", "1");
    await ann.ask({ type: "remove_member", room, user: "bob" });
    const edit = { type: "edit_message", room, message_id, text: "still mine" } as const;
    expect((await bob.refusal(edit)).code).toBe("not_found");
    expect((await store.log.read({ room, limit: 1 }))?.events[0]?.frame.type).toBe("member.left");
  });
});

describe("deleting", () => {
  test("is for the author, the staff and back ends that manage rooms, and for nobody else", async () => {
    const harness = await start();
    const ann = await subscribed(harness, "ann", "other");
    const { room } = await ann.ask({
      type: "create_room",
      kind: "public",
      title: "G",
      room: "general",
    });
    const bob = await subscribed(harness, "bob");
    const eve = await subscribed(harness, "eve");
    const ids: string[] = [];
    for (const text of ["1", "2", "3", "4"]) {
      ids.push((await bob.publish(room, text, text)).message_id);
    }
    const deletion = (message_id = "") =>
      ({ type: "delete_message", id: 0, room, message_id }) as const;
    expect((await eve.refusal(deletion(ids[0]))).code).toBe("not_found");
    for (const key of [backEnd("publish"), backEnd("read", "publish")]) {
      await expect(
        harness.node.execute<"delete_message">(key, deletion(ids[0])),
      ).rejects.toMatchObject({ code: "not_found" });
    }
    await expect(
      harness.node.execute<"delete_message">(backEnd("read"), deletion(ids[0])),
    ).rejects.toMatchObject({ code: "forbidden" });
    await bob.ask(deletion(ids[0]));
    await ann.ask(deletion(ids[1]));
    await harness.node.execute<"delete_message">(backEnd("rooms"), deletion(ids[2]));
    await harness.node.execute<"delete_message">(backEnd("admin"), deletion(ids[3]));
    await settle();
    expect(events(eve, "message.deleted")).toMatchObject(
      ["bob", "ann", "service:shop", "service:shop"].map((by, index) => ({
        author: by,
        data: { message_id: ids[index], by },
      })),
    );
    expect(await eve.ask({ type: "room_stats", room })).toEqual({
      room,
      message_count: 0,
      user_count: 0,
    });
  });

  test("leaves what is unread as it was: deleted messages stay countable", async () => {
    const harness = await start();
    const bob = await harness.signIn("bob");
    await bob.ask({ type: "join", room: "general" });
    const ann = await subscribed(harness, "ann");
    const { message_id } = await ann.publish("general", "x", "1");
    await ann.ask({ type: "edit_message", room: "general", message_id, text: "y" });
    await ann.ask({ type: "delete_message", room: "general", message_id });
    expect(await bob.ask({ type: "get_room", room: "general" })).toMatchObject({ unread: 1 });
  });

  const secret = "the secret";

  async function withSecret(harness: Harness): Promise<{ ann: TestClient; message_id: string }> {
    const ann = await subscribed(harness, "ann");
    const { message_id } = await ann.publish("general", secret, "1");
    await ann.ask({ type: "edit_message", room: "general", message_id, text: `${secret} too` });
    await ann.publish("general", "beside it", "2");
    return { ann, message_id };
  }

  /** Everything that a newcomer can get to see. */
  async function everythingFor(harness: Harness, user: string): Promise<string> {
    const client = await harness.signIn(user);
    await client.ask({ type: "subscribe", room: "general", last: 200 });
    await client.ask({ type: "history", room: "general" });
    await client.ask({ type: "history", room: "general", after: 0 });
    await client.ask({ type: "list_messages", room: "general" });
    await client.ask({ type: "get_message", message_id: "1" });
    await client.ask({ type: "proof", room: "general", from: 1, to: 3 });
    await settle();
    return JSON.stringify(client.frames);
  }

  test("[I-22] shows the text nowhere on the node at once: replay, history, views, proof", async () => {
    const harness = await start();
    const { ann, message_id } = await withSecret(harness);
    expect(await everythingFor(harness, "before")).toContain(secret);
    await ann.ask({ type: "delete_message", room: "general", message_id });
    const seen = await everythingFor(harness, "after");
    expect(seen).not.toContain(secret);
    expect(seen).toContain("beside it");
    expect(seen).toContain('"erased":true');
  });

  test("[I-22] another node forgets within two seconds with its broker dead", async () => {
    const store = newStore();
    const hub = new MemoryHub();
    let isDead = false;
    const inner = createMemoryBroker(hub);
    const broker: Broker = {
      ...inner,
      subscribe: (subject, listener) =>
        inner.subscribe(subject, (notice) => {
          if (!isDead) listener(notice);
        }),
    };
    const one = await start(store, createMemoryBroker(hub), "one");
    const two = await start(store, broker, "two");
    const bob = await subscribed(two, "bob");
    const { ann, message_id } = await withSecret(one);
    await settle();
    expect(bob.texts("general")).toEqual([secret, "beside it"]);
    isDead = true;
    await ann.ask({ type: "delete_message", room: "general", message_id });
    await settle();
    // It has not heard of it yet: what it keeps in memory is shown.
    const early = await two.signIn("early");
    await early.ask({ type: "subscribe", room: "general", last: 3 });
    expect(JSON.stringify(early.frames)).toContain(secret);
    await two.clock.advance(2_000);
    const seen = await everythingFor(two, "late");
    expect(seen).not.toContain(secret);
    expect(seen).toContain("beside it");
  });

  test("[I-22] an announcement that comes after the deletion does not show it", async () => {
    const store = newStore();
    const hub = new MemoryHub();
    const held: (() => void)[] = [];
    const inner = createMemoryBroker(hub);
    const broker: Broker = {
      ...inner,
      subscribe: (subject, listener) =>
        inner.subscribe(subject, (notice: Notice) => void held.push(() => listener(notice))),
    };
    const one = await start(store, createMemoryBroker(hub), "one");
    const two = await start(store, broker, "two");
    const bob = await subscribed(two, "bob");
    const { ann, message_id } = await withSecret(one);
    await ann.ask({ type: "delete_message", room: "general", message_id });
    await settle();
    await two.clock.advance(2_000);
    for (const release of held) release();
    await settle();
    expect(bob.sequences("general")).toEqual([1, 2, 3, 4]);
    expect(JSON.stringify(bob.frames)).not.toContain(secret);
    expect(bob.texts("general")).toEqual(["beside it"]);
  });

  test("[I-22] a page that was read before the deletion is read again", async () => {
    const store = newStore();
    let release: (() => void) | undefined;
    let holds = false;
    const log: RoomLog = {
      ...store.log,
      async read(query): Promise<LogPage | undefined> {
        const page = await store.log.read(query);
        if (holds && query.upTo !== undefined) {
          holds = false;
          await new Promise<void>((resolve) => {
            release = resolve;
          });
        }
        return page;
      },
    };
    // Another node writes, so that this one has nothing in memory.
    const writer = await start(store, createMemoryBroker(), "writer");
    const { ann, message_id } = await withSecret(writer);
    const hub = new MemoryHub();
    const reader = await start({ ...store, log }, createMemoryBroker(hub), "reader");
    const bob = await reader.signIn("bob");
    holds = true;
    await bob.ask({ type: "subscribe", room: "general", last: 3 });
    await ann.ask({ type: "delete_message", room: "general", message_id });
    await reader.clock.advance(1_000);
    release?.();
    await settle();
    await reader.clock.advance(5_000);
    expect(bob.sequences("general")).toEqual([1, 2, 3, 4]);
    expect(JSON.stringify(bob.frames)).not.toContain(secret);
  });
});

describe("reacting", () => {
  test("is told once, however often it is asked for", async () => {
    const harness = await start();
    const ann = await subscribed(harness, "ann");
    const bob = await subscribed(harness, "bob");
    const { message_id } = await ann.publish("general", "x", "1");
    const react = { type: "react", room: "general", message_id, emoji: "👩‍👩‍👧‍👦" } as const;
    const put = await bob.ask({ ...react, on: true });
    expect(put).toMatchObject({
      room: "general",
      message_id,
      emoji: "👩‍👩‍👧‍👦",
      on: true,
      sequence: 2,
    });
    expect(await bob.ask({ ...react, on: true })).not.toHaveProperty("sequence");
    await ann.ask({ ...react, on: true });
    await bob.ask({ ...react, on: false });
    expect(await bob.ask({ ...react, on: false })).not.toHaveProperty("sequence");
    await settle();
    expect(events(ann, "reaction.added")).toMatchObject([{ author: "bob" }, { author: "ann" }]);
    expect(events(ann, "reaction.removed")).toMatchObject([{ author: "bob", sequence: 4 }]);
    expect(await bob.ask({ type: "get_message", message_id })).toMatchObject({
      reactions: [{ emoji: "👩‍👩‍👧‍👦", count: 1, users: ["ann"] }],
    });
  });

  test.each([
    "",
    " ",
    "x".repeat(10_240),
    "<b>",
    "a b",
    "\u0000",
    "\n",
    "\u200b",
    "\ud800",
    '"',
    "👍".repeat(17),
  ])("[J24] with %j is a bad request and leaves nothing", async (emoji) => {
    const harness = await start();
    const ann = await subscribed(harness, "ann");
    const { message_id } = await ann.publish("general", "x", "1");
    const react = { type: "react", room: "general", message_id, emoji, on: true } as const;
    const refusal = await ann.refusal(react);
    expect(refusal).toMatchObject({ code: "bad_request", details: { field: "emoji" } });
    expect((await ann.ask({ type: "history", room: "general" })).head).toBe(1);
  });

  test("[J24] ends at fifty kinds", async () => {
    const harness = await start();
    const ann = await subscribed(harness, "ann");
    const { message_id } = await ann.publish("general", "x", "1");
    const react = (emoji: string) =>
      ({ type: "react", room: "general", message_id, emoji, on: true }) as const;
    for (let kind = 0; kind < 50; kind += 1) await ann.ask(react(`${kind}`));
    expect(await ann.refusal(react("one more"))).toMatchObject({ code: "bad_request" });
    expect(await ann.refusal(react("more"))).toMatchObject({
      code: "bad_request",
      details: { field: "emoji", limit: 50 },
    });
    const { reactions } = await ann.ask({ type: "get_message", message_id });
    expect(reactions).toHaveLength(50);
  });
});

describe("a list of messages", () => {
  test("goes back page by page, each oldest first, without what is no message", async () => {
    const harness = await start();
    const ann = await subscribed(harness, "ann");
    for (let n = 1; n <= 7; n += 1) {
      await ann.publish("general", `m${n}`, `${n}`);
      const message_id = `${n}`;
      await ann.ask({ type: "react", room: "general", message_id, emoji: "x", on: true });
    }
    const list = { type: "list_messages", room: "general", limit: 3 } as const;
    const seen: string[] = [];
    let before: number | undefined;
    for (;;) {
      const page = await ann.ask({ ...list, ...(before === undefined ? {} : { before }) });
      expect(page).toMatchObject({ room: "general", head: 14 });
      before = page.messages[0]?.sequence;
      if (before === undefined) break;
      seen.unshift(...page.messages.map(({ text }) => text));
    }
    expect(seen).toEqual(["m1", "m2", "m3", "m4", "m5", "m6", "m7"]);
    const textsAt = async (place: object): Promise<string[]> =>
      (await ann.ask({ ...list, ...place })).messages.map(({ text }) => text);
    const third = await ann.ask({ type: "get_message", message_id: "3" });
    expect(await textsAt({ after: third.sequence })).toEqual(["m4", "m5", "m6"]);
    expect(await textsAt({ around: third.sequence })).toEqual(["m2", "m3", "m4"]);
    expect(await textsAt({ at: "2000-01-01T00:00:00+02:00" })).toEqual(["m1", "m2"]);
    expect(await textsAt({ at: "2999-01-01T00:00:00Z" })).toEqual(["m7"]);
    for (const wrong of [
      { limit: 0 },
      { limit: 201 },
      { before: -1 },
      { before: 5, after: 1 },
      { around: 5, at: "2000-01-01T00:00:00Z" },
      { at: "yesterday" },
    ]) {
      expect((await ann.refusal({ ...list, ...wrong })).code).toBe("bad_request");
    }
    expect(await ann.ask({ type: "room_stats", room: "general" })).toMatchObject({
      message_count: 7,
      user_count: 1,
    });
  });
});
