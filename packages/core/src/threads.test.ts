/** Threads and answers over the commands of a node. */
import { createMemoryBroker, MemoryHub } from "@parlance/broker/memory";
import type { EventFrame, OwnEvent, RoomId, ServerFrame, UserId } from "@parlance/protocol";
import { type Harness, startNode, type TestClient } from "@parlance/testkit/harness";
import { settle } from "@parlance/testkit/manual-clock";
import { createMemoryStore } from "@parlance/testkit/memory";
import { describe, expect, test } from "vitest";

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

async function start(store: Store = newStore(), broker = createMemoryBroker(), nodeId = "n") {
  return { ...(await startNode({ ...store, broker, nodeId })), ...store };
}

let keys = 0;
function say(client: TestClient, text: string, more: object = {}, room = "general") {
  keys += 1;
  return client.ask({ type: "publish", room, text, client_message_id: `k${keys}`, ...more });
}

async function privateRoom(harness: Harness & Store, owner: TestClient, ...members: string[]) {
  const made = { type: "create_room", kind: "private", title: "Secret" } as const;
  const { room } = await owner.ask<"create_room">(made);
  for (const user of members) {
    await harness.directory.upsertExternal(user as UserId, user, 0);
    await owner.ask({ type: "add_member", room, user: user as UserId });
  }
  await settle();
  return room satisfies RoomId;
}

const own = (client: TestClient): OwnEvent["change"][] =>
  client.frames.flatMap((frame: ServerFrame) =>
    frame.type === "own" && frame.change.what !== "joined" ? [frame.change] : [],
  );
const created = (client: TestClient): EventFrame[] =>
  client.frames.filter((frame): frame is EventFrame => frame.type === "message.created");

describe("threads", () => {
  test("a reply travels as a message that names its root, by id, by number or by another reply", async () => {
    const harness = await start();
    const ann = await harness.signIn("ann");
    const bob = await harness.signIn("bob");
    await bob.ask({ type: "subscribe", room: "general" });
    const root = await say(ann, "root");
    const first = await say(bob, "one", { thread: root.message_id });
    await say(ann, "two", { thread: "1", reply_to: first.message_id });
    await say(ann, "three", { thread: first.message_id });
    await settle();
    const payloads = created(bob).map((frame) => ("data" in frame ? frame.data : {}));
    expect(payloads).toEqual([
      { text: "root", author_name: "ann" },
      { text: "one", author_name: "bob", thread: root.message_id },
      {
        text: "two",
        author_name: "ann",
        thread: root.message_id,
        reply_to: first.message_id,
      },
      { text: "three", author_name: "ann", thread: root.message_id },
    ]);
    const page = await bob.ask({
      type: "list_thread",
      room: "general",
      message_id: first.message_id,
    });
    expect(page).toMatchObject({
      thread: root.message_id,
      root: { text: "root", replies: { count: 3, people: ["bob", "ann"] } },
      messages: [
        { text: "one" },
        { text: "two", reply_to: { text: "one", author: "bob" } },
        { text: "three" },
      ],
      following: true,
      unread: 2,
    });
    const main = await bob.ask({ type: "list_messages", room: "general" });
    expect(main.messages.map(({ text }) => text)).toEqual(["root"]);
    const all = await bob.ask({ type: "list_messages", room: "general", with_threads: true });
    expect(all.messages).toHaveLength(4);
  });

  test("messages that one connection sends keep their order, also where one waits for its root", async () => {
    const harness = await start();
    const ann = await harness.signIn("ann");
    const root = await say(ann, "root");
    await Promise.all([
      say(ann, "a"),
      say(ann, "b", { thread: root.message_id }),
      say(ann, "c"),
      say(ann, "d", { reply_to: root.message_id }),
      say(ann, "e"),
    ]);
    const { events } = await ann.ask({ type: "history", room: "general" });
    const texts = events.map((frame) => ("data" in frame ? frame.data : {}));
    expect(texts).toMatchObject(["root", "a", "b", "c", "d", "e"].map((text) => ({ text })));
  });

  test("[Z6] no message of another room, nor of nobody, can be answered or written under", async () => {
    const harness = await start();
    const ann = await harness.signIn("ann");
    const eve = await harness.signIn("eve");
    const secret = await privateRoom(harness, ann);
    const hidden = await say(ann, "hidden", {}, secret);
    await say(eve, "mine");
    for (const ref of [hidden.message_id, "nothing", "999"]) {
      for (const field of ["thread", "reply_to"]) {
        const frame = {
          type: "publish" as const,
          room: "general",
          text: "x",
          client_message_id: "z",
        };
        const refusal = await eve.refusal({ ...frame, [field]: ref });
        expect(refusal).toMatchObject({ code: "not_found" });
      }
    }
    const about = { room: secret, message_id: hidden.message_id };
    for (const frame of [
      { type: "list_thread", ...about },
      { type: "follow_thread", ...about, on: true },
      { type: "mark_thread_read", ...about, sequence: 1 },
      { type: "list_threads", room: secret },
    ] as const) {
      expect(await eve.refusal(frame)).toMatchObject({ code: "not_found" });
    }
  });

  test("a repeat is found although its root was deleted since", async () => {
    const harness = await start();
    const ann = await harness.signIn("ann");
    const root = await say(ann, "root");
    const command = {
      type: "publish",
      room: "general",
      text: "x",
      client_message_id: "same",
      thread: root.message_id,
      reply_to: root.message_id,
    } as const;
    const first = await ann.ask(command);
    await ann.ask({ type: "delete_message", room: "general", message_id: root.message_id });
    expect(await ann.ask(command)).toEqual({ ...first, repeated: true });
  });

  test("deleting says of which thread the message was, for those who meet it erased", async () => {
    const harness = await start();
    const ann = await harness.signIn("ann");
    const root = await say(ann, "root");
    const reply = await say(ann, "x", { thread: root.message_id });
    await ann.ask({ type: "delete_message", room: "general", message_id: reply.message_id });
    const { events } = await ann.ask({ type: "history", room: "general" });
    expect(events[1]).toMatchObject({ erased: true });
    expect(events[2]).toMatchObject({ data: { thread: root.message_id } });
    const page = await ann.ask({
      type: "list_thread",
      room: "general",
      message_id: root.message_id,
    });
    expect(page.messages).toMatchObject([{ deleted: true, thread: root.message_id }]);
  });

  test("[Z5] whoever is put out of a room is told nothing more of its threads", async () => {
    const harness = await start();
    const ann = await harness.signIn("ann");
    const bob = await harness.signIn("bob");
    const secret = await privateRoom(harness, ann, "bob");
    const root = await say(bob, "root", {}, secret);
    const open = await say(bob, "public root");
    await say(ann, "x", { thread: root.message_id }, secret);
    await say(ann, "y", { thread: open.message_id });
    const before = await bob.ask({ type: "list_threads" });
    expect(before.threads.map(({ root: { text } }) => text)).toEqual(["public root", "root"]);
    await ann.ask({ type: "remove_member", room: secret, user: "bob" });
    await say(ann, "z", { thread: root.message_id }, secret);
    const after = await bob.ask({ type: "list_threads" });
    expect(after.threads.map(({ root: { text } }) => text)).toEqual(["public root"]);
    // Also where following itself had not ended yet.
    await harness.directory.followThread(secret, root.message_id, "bob" as never, true);
    expect((await bob.ask({ type: "list_threads" })).threads).toHaveLength(1);
  });

  test("pages of followed threads go on where the last one ended", async () => {
    const harness = await start();
    const ann = await harness.signIn("ann");
    const bob = await harness.signIn("bob");
    for (let n = 0; n < 5; n += 1) {
      const root = await say(ann, `root ${n}`);
      await say(bob, "x", { thread: root.message_id });
    }
    const texts: string[] = [];
    let before: number | undefined;
    do {
      const page: { threads: readonly { root: { text: string } }[]; next?: number } = await ann.ask(
        {
          type: "list_threads",
          limit: 2,
          unread: true,
          ...(before === undefined ? {} : { before }),
        },
      );
      texts.push(...page.threads.map(({ root }) => root.text));
      before = page.next;
    } while (before !== undefined);
    expect(texts).toEqual([4, 3, 2, 1, 0].map((n) => `root ${n}`));
  });

  test("a mark and a following are told to all devices of the same user, on every node, and to nobody else", async () => {
    const hub = new MemoryHub();
    const store = newStore();
    const one = await start(store, createMemoryBroker(hub), "n1");
    const two = await start(store, createMemoryBroker(hub), "n2");
    const ann = await one.signIn("ann");
    const elsewhere = await two.signIn("ann");
    const bob = await two.signIn("bob");
    const root = await say(ann, "root");
    const reply = await say(bob, "x", { thread: root.message_id });
    const about = { room: "general", message_id: root.message_id };
    const marked = await ann.ask({
      type: "mark_thread_read",
      ...about,
      sequence: reply.sequence,
    });
    expect(marked).toEqual({
      room: "general",
      thread: root.message_id,
      following: true,
      read_mark: 2,
      unread: 0,
    });
    await elsewhere.ask({ type: "follow_thread", ...about, on: false });
    await settle();
    for (const client of [ann, elsewhere]) {
      expect(own(client)).toEqual([
        { what: "thread", thread: marked },
        { what: "thread", thread: { ...marked, following: false } },
      ]);
    }
    expect(own(bob)).toEqual([]);
  });

  test("[I-21] the room's unread and what others see as read know nothing of threads", async () => {
    const harness = await start();
    const ann = await harness.signIn("ann");
    const bob = await harness.signIn("bob");
    const room = await privateRoom(harness, ann, "bob");
    await ann.ask({ type: "subscribe", room });
    const root = await say(ann, "root", {}, room);
    await say(ann, "x", { thread: root.message_id }, room);
    const view = await bob.ask({ type: "get_room", room });
    expect(view).toMatchObject({ unread: 1 });
    const marked = await bob.ask({ type: "mark_read", room, sequence: view.head });
    await settle();
    expect(marked.unread).toBe(0);
    expect(ann.frames.findLast((frame) => frame.type === "read")).toMatchObject({
      message_id: root.message_id,
    });
  });
});
