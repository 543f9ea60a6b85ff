/** Messages that grow: who may write and end them, what readers see, and what happens when two nodes, silence or the database interfere. */
import { createMemoryBroker, MemoryHub } from "@parlance/broker/memory";
import { limits } from "@parlance/protocol";
import { type Harness, startNode, type TestClient } from "@parlance/testkit/harness";
import { ManualClock, settle } from "@parlance/testkit/manual-clock";
import { createMemoryStore } from "@parlance/testkit/memory";
import { describe, expect, test } from "vitest";
import type { Broker, Directory, RoomLog } from "./ports/index.ts";
import { StorageError } from "./storage-error.ts";

interface Stage extends Harness {
  readonly log: RoomLog;
  readonly directory: Directory;
}

function newStore(clock: ManualClock) {
  let seed = 7;
  return createMemoryStore({
    random: () => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed / 2_147_483_647;
    },
    now: () => clock.now(),
  });
}

async function start(options: Partial<Parameters<typeof startNode>[0]> = {}): Promise<Stage> {
  const clock = options.clock ?? new ManualClock();
  const store = newStore(clock);
  const log = options.log ?? store.log;
  const broker = createMemoryBroker();
  const directory = options.directory ?? store.directory;
  const harness = await startNode({ broker, ...options, clock, log, directory });
  return { ...harness, log, directory };
}

async function reader(stage: Harness, user: string, room: string): Promise<TestClient> {
  const client = await stage.signIn(user);
  await client.ask({ type: "subscribe", room });
  return client;
}

async function opened(client: TestClient, room: string, text = ""): Promise<string> {
  const command = { room, text, open: true, client_message_id: `k${Math.random()}` } as const;
  return (await client.ask({ type: "publish", ...command })).message_id;
}

/** Lets time pass until the answer is there. */
async function passing<T>(clock: ManualClock, answer: Promise<T>): Promise<T> {
  let isDone = false;
  const done = answer.finally(() => {
    isDone = true;
  });
  done.catch(() => {});
  for (let n = 0; n < 100 && !isDone; n += 1) {
    await clock.advance(50);
    await settle();
  }
  return done;
}

const appends = (client: TestClient): { at: number; text: string }[] =>
  client.frames.flatMap((frame) =>
    frame.type === "message.appended" ? [{ at: frame.at, text: frame.text }] : [],
  );

const append = (room: string, id: string, at: number, text: string) =>
  ({ type: "append_text", room, message_id: id, at, text }) as const;

describe("an open message", () => {
  test("[OPEN-2] readers get each piece at once, its writer an answer when it is stored", async () => {
    const stage = await start();
    const bot = await stage.signIn("bot");
    const ann = await reader(stage, "ann", "hall");
    const id = await opened(bot, "hall", "Well, ");
    await settle();
    expect(ann.frames.at(-1)).toMatchObject({ type: "message.created", data: { open: true } });
    const answer = bot.ask(append("hall", id, 6, "hello"));
    await settle();
    expect(appends(ann)).toEqual([{ at: 6, text: "hello" }]);
    expect((await stage.log.openText(id as never, 0, 100))?.text).toBe("Well, ");
    expect(await passing(stage.clock, answer)).toEqual({
      room: "hall",
      message_id: id,
      length: 11,
    });
    expect((await stage.log.openText(id as never, 0, 100))?.text).toBe("Well, hello");
    expect(appends(ann).at(-1)).toEqual({ at: 11, text: "" });
    const view = await ann.ask({ type: "get_message", message_id: id });
    expect(view).toMatchObject({ text: "Well, hello", open: true });
  });

  test("[OPEN-3] a repeat is harmless, a hole is refused with the length that is there", async () => {
    const stage = await start();
    const bot = await stage.signIn("bot");
    const ann = await reader(stage, "ann", "hall");
    const id = await opened(bot, "hall");
    await passing(stage.clock, bot.ask(append("hall", id, 0, "abc")));
    expect(await bot.refusal(append("hall", id, 4, "e"))).toMatchObject({
      code: "conflict",
      details: { length: 3 },
    });
    expect(await bot.ask(append("hall", id, 1, "bc"))).toMatchObject({ length: 3 });
    const more = await passing(stage.clock, bot.ask(append("hall", id, 1, "bcd")));
    expect(more).toMatchObject({ length: 4 });
    expect(appends(ann).filter(({ text }) => text !== "")).toEqual([
      { at: 0, text: "abc" },
      { at: 3, text: "d" },
    ]);
    const emoji = await passing(stage.clock, bot.ask(append("hall", id, 4, "👍")));
    expect(emoji).toMatchObject({ length: 6 });
    expect(await bot.refusal(append("hall", id, 5, "👍"))).toMatchObject({ code: "bad_request" });
  });

  test("[OPEN-5] closing stores the whole text as one event, and what comes later is refused", async () => {
    const stage = await start();
    const bot = await reader(stage, "bot", "hall");
    const id = await opened(bot, "hall", "one ");
    const answers = [
      bot.ask(append("hall", id, 4, "two ")),
      bot.ask(append("hall", id, 8, "three")),
    ];
    const wrong = bot.refusal({ type: "close_message", room: "hall", message_id: id, length: 12 });
    expect(await passing(stage.clock, wrong)).toMatchObject({
      code: "conflict",
      details: { length: 13 },
    });
    const close = { type: "close_message", room: "hall", message_id: id, length: 13 } as const;
    const closed = await passing(stage.clock, bot.ask(close));
    expect((await Promise.all(answers)).map(({ length }) => length)).toEqual([13, 13]);
    expect(closed).toMatchObject({ sequence: 2, message_id: id });
    await settle();
    expect(bot.frames.find(({ type }) => type === "message.closed")).toMatchObject({
      author: "bot",
      data: { text: "one two three", reason: "done", by: "bot", author_name: "bot" },
    });
    expect(await bot.ask(close)).toEqual({ ...closed, repeated: true });
    expect((await bot.refusal(append("hall", id, 13, "four"))).code).toBe("conflict");
    expect((await bot.refusal({ ...close, type: "cancel_message" })).code).toBe("conflict");
    expect(await bot.ask({ type: "get_text", room: "hall", message_id: id, from: 4 })).toEqual({
      room: "hall",
      message_id: id,
      from: 4,
      text: "two three",
      length: 13,
    });
  });

  test("[OPEN-4] only its opener appends and closes, and edits are refused while it is open", async () => {
    const stage = await start();
    const bot = await stage.signIn("bot");
    const ann = await stage.signIn("ann");
    const id = await opened(bot, "hall");
    for (const command of [
      append("hall", id, 0, "x"),
      { type: "close_message", room: "hall", message_id: id },
      append("other", id, 0, "x"),
    ] as const) {
      expect((await ann.refusal(command)).code).toBe("not_found");
    }
    expect((await ann.refusal({ type: "cancel_message", room: "hall", message_id: id })).code).toBe(
      "forbidden",
    );
    const edit = { type: "edit_message", room: "hall", message_id: id, text: "x" } as const;
    expect((await bot.refusal(edit)).code).toBe("conflict");
    await passing(stage.clock, bot.ask({ type: "close_message", room: "hall", message_id: id }));
    await bot.ask(edit);
  });

  test("[OPEN-4] the room's staff, the other of two, an inbox's owner and a job's readers cancel", async () => {
    const stage = await start();
    const shop = await stage.signIn("service:shop?admin");
    const ann = await stage.signIn("ann");
    const bob = await stage.signIn("bob");
    for (const user of ["ann", "bob"]) await stage.directory.upsertExternal(user as never, user, 0);
    const owned = (await ann.ask({ type: "create_room", kind: "private", title: "Ann's" })).room;
    await ann.ask({ type: "add_member", room: owned, user: "bob" });
    await shop.ask({ type: "add_member", room: "job_7", user: "bob" });
    for (const [room, who, others] of [
      [owned, ann, bob],
      ["user:ann", ann, bob],
      ["job_7", bob, ann],
    ] as const) {
      const id = await opened(shop, room, "so far");
      const cancel = { type: "cancel_message", room, message_id: id } as const;
      expect(["forbidden", "not_found"]).toContain((await others.refusal(cancel)).code);
      const cancelled = await passing(stage.clock, who.ask(cancel));
      expect(await who.ask(cancel)).toEqual({ ...cancelled, repeated: true });
      expect(await who.ask({ type: "get_message", message_id: id })).toMatchObject({
        text: "so far",
        closed: "cancelled",
        author: "service:shop",
      });
      expect((await shop.refusal(append(room, id, 6, "!"))).code).toBe("conflict");
    }
  });

  test("[OPEN-7] silence ends it, on a node that never heard of it, and not what is written to", async () => {
    const clock = new ManualClock();
    const store = newStore(clock);
    const first = await start({ ...store, clock, nodeId: "a" });
    const bot = await first.signIn("bot");
    const left = await opened(bot, "hall", "left");
    await first.node.close();
    const settings = { openMessageIdleMs: 60_000 };
    const second = await start({ ...store, clock, nodeId: "b", settings });
    const ann = await reader(second, "ann", "hall");
    const writer = await second.signIn("bot");
    const kept = await opened(writer, "hall");
    for (let n = 0; n < 8; n += 1) {
      await passing(clock, writer.ask(append("hall", kept, 0, "")));
      await clock.advance(10_000);
      await settle();
    }
    const closings = ann.frames.filter(({ type }) => type === "message.closed");
    expect(closings).toMatchObject([
      { author: "bot", data: { message_id: left, text: "left", reason: "abandoned" } },
    ]);
    expect(closings[0]).not.toHaveProperty("data.by");
    expect((await second.log.findMessage(kept))?.isOpen).toBe(true);
    await second.node.close();
  });

  test("[OPEN-3] two nodes never interleave: the one that is behind is refused, and its writer repeats", async () => {
    const clock = new ManualClock();
    const store = newStore(clock);
    const hub = new MemoryHub();
    const [a, b] = await Promise.all(
      ["a", "b"].map((nodeId) =>
        start({ ...store, clock, nodeId, broker: createMemoryBroker(hub) }),
      ),
    );
    if (a === undefined || b === undefined) throw new Error("two nodes");
    const one = await a.signIn("bot");
    const two = await b.signIn("bot");
    const id = await opened(one, "hall");
    await passing(clock, one.ask(append("hall", id, 0, "abc")));
    await passing(clock, two.ask(append("hall", id, 3, "def")));
    const behind = await passing(clock, one.refusal(append("hall", id, 3, "de")));
    expect(behind).toMatchObject({ code: "conflict", details: { length: 6 } });
    expect(await passing(clock, one.ask(append("hall", id, 3, "def!")))).toMatchObject({
      length: 7,
    });
    expect((await store.log.openText(id as never, 0, 99))?.text).toBe("abcdef!");
    await a.node.close();
    await b.node.close();
  });

  test("[OPEN-6] whoever missed pieces hears how much there is, although the writer pauses and the broker is deaf", async () => {
    const clock = new ManualClock();
    const store = newStore(clock);
    const a = await start({ ...store, clock, nodeId: "a" });
    const b = await start({ ...store, clock, nodeId: "b" });
    const bot = await a.signIn("bot");
    const ann = await reader(b, "ann", "hall");
    const id = await opened(bot, "hall");
    await passing(clock, bot.ask(append("hall", id, 0, "unheard")));
    expect(appends(ann)).toEqual([]);
    await clock.advance(5_000);
    await settle();
    expect(appends(ann)).toEqual([{ at: 7, text: "" }]);
    const page = await ann.ask({ type: "get_text", room: "hall", message_id: id, from: 3 });
    expect(page).toMatchObject({ text: "eard", length: 7, open: true });
    await a.node.close();
    await b.node.close();
  });

  test("[OPEN-2] is not acknowledged where the database does not answer, and is whole when it does again", async () => {
    const clock = new ManualClock();
    const store = newStore(clock);
    let isAway = false;
    const log: RoomLog = {
      ...store.log,
      appendTexts: async (pieces) => {
        // Half of the time it was stored, and only the answer is lost.
        if (isAway && pieces[0]?.at === 0) await store.log.appendTexts(pieces);
        if (isAway) throw new StorageError("away", "unknown");
        return store.log.appendTexts(pieces);
      },
    };
    const stage = await start({ ...store, clock, log });
    const bot = await stage.signIn("bot");
    const id = await opened(bot, "hall");
    isAway = true;
    const lost = await passing(clock, bot.refusal(append("hall", id, 0, "abc")));
    expect(lost).toMatchObject({ code: "unavailable", retry: "later" });
    const notDone = await passing(clock, bot.refusal(append("hall", id, 0, "abcd")));
    expect(notDone.code).toBe("unavailable");
    isAway = false;
    expect(await passing(clock, bot.ask(append("hall", id, 0, "abcdef")))).toMatchObject({
      length: 6,
    });
    expect((await store.log.openText(id as never, 0, 99))?.text).toBe("abcdef");
  });

  test("[OPEN-4] [I-14] who was put out of the room appends nothing more, on a node that does not know it yet", async () => {
    const clock = new ManualClock();
    const store = newStore(clock);
    const a = await start({ ...store, clock, nodeId: "a" });
    const b = await start({ ...store, clock, nodeId: "b" });
    const ann = await a.signIn("ann");
    const bot = await b.signIn("bot");
    await store.directory.upsertExternal("bot" as never, "bot", 0);
    const room = (await ann.ask({ type: "create_room", kind: "private", title: "Ann's" })).room;
    await ann.ask({ type: "add_member", room, user: "bot" });
    const id = await opened(bot, room);
    await passing(clock, bot.ask(append(room, id, 0, "in")));
    await ann.ask({ type: "remove_member", room, user: "bot" });
    const out = bot.refusal(append(room, id, 2, "out"));
    expect(["unavailable", "not_found"]).toContain((await passing(clock, out)).code);
    expect((await bot.refusal(append(room, id, 2, "out"))).code).toBe("not_found");
    expect((await store.log.openText(id as never, 0, 99))?.text).toBe("in");
    await a.node.close();
    await b.node.close();
  });

  test("[OPEN-4] [I-14] who is put out while a piece is looked up or waits to be stored does not get it stored", async () => {
    const clock = new ManualClock();
    const store = newStore(clock);
    const found: PromiseWithResolvers<void>[] = [];
    let isSlow = false;
    const log: RoomLog = {
      ...store.log,
      findMessage: async (ref) => {
        const place = await store.log.findMessage(ref);
        if (isSlow) {
          const waiting = Promise.withResolvers<void>();
          found.push(waiting);
          await waiting.promise;
        }
        return place;
      },
    };
    const stage = await start({ ...store, clock, log });
    const ann = await stage.signIn("ann");
    const bot = await stage.signIn("bot");
    await store.directory.upsertExternal("bot" as never, "bot", 0);
    const room = (await ann.ask({ type: "create_room", kind: "private", title: "Ann's" })).room;
    await ann.ask({ type: "subscribe", room });
    const member = { room, user: "bot" } as const;
    await ann.ask({ type: "add_member", ...member });
    const id = await opened(bot, room);
    isSlow = true;
    const lookedUp = bot.refusal(append(room, id, 0, "out"));
    await settle();
    await ann.ask({ type: "remove_member", ...member });
    isSlow = false;
    for (const { resolve } of found) resolve();
    expect((await passing(clock, lookedUp)).code).toBe("not_found");
    expect(appends(ann)).toEqual([]);
    await ann.ask({ type: "add_member", ...member });
    await passing(clock, bot.ask(append(room, id, 0, "in")));
    const waits = bot.refusal(append(room, id, 2, "out"));
    await settle();
    await ann.ask({ type: "remove_member", ...member });
    expect((await passing(clock, waits)).code).toBe("not_found");
    expect((await store.log.openText(id as never, 0, 99))?.text).toBe("in");
  });

  test("[OPEN-4] somebody else's coming or going does not hold up a text", async () => {
    const stage = await start();
    const bot = await stage.signIn("bot");
    const ann = await stage.signIn("ann");
    const id = await opened(bot, "hall");
    const stored = bot.ask(append("hall", id, 0, "on and on"));
    await settle();
    await ann.ask({ type: "join", room: "hall" });
    expect(await passing(stage.clock, stored)).toMatchObject({ length: 9 });
  });

  test("[OPEN-4] [I-14] who was put out reads nothing more of a text, on a node that does not know it yet", async () => {
    const clock = new ManualClock();
    const store = newStore(clock);
    const a = await start({ ...store, clock, nodeId: "a" });
    const b = await start({ ...store, clock, nodeId: "b" });
    const ann = await a.signIn("ann");
    const bob = await b.signIn("bob");
    await store.directory.upsertExternal("bob" as never, "bob", 0);
    const room = (await ann.ask({ type: "create_room", kind: "private", title: "Ann's" })).room;
    await ann.ask({ type: "add_member", room, user: "bob" });
    const id = await opened(ann, room);
    const text = { type: "get_text", room, message_id: id, from: 0 } as const;
    expect(await bob.ask(text)).toMatchObject({ length: 0 });
    await ann.ask({ type: "remove_member", room, user: "bob" });
    await passing(clock, ann.ask(append(room, id, 0, "not for bob")));
    expect((await bob.refusal(text)).code).toBe("not_found");
    await a.node.close();
    await b.node.close();
  });

  test("[OPEN-4] [I-14] who was put out hears no piece, on a node where the news of it got lost", async () => {
    const clock = new ManualClock();
    const store = newStore(clock);
    const hub = new MemoryHub();
    const heard = createMemoryBroker(hub);
    const deaf: Broker = {
      ...heard,
      subscribe: (subject, listener) =>
        heard.subscribe(subject, (notice) => {
          if (notice.type === "ephemeral") listener(notice);
        }),
    };
    const a = await start({ ...store, clock, nodeId: "a", broker: createMemoryBroker(hub) });
    const b = await start({ ...store, clock, nodeId: "b", broker: deaf });
    const ann = await a.signIn("ann");
    await store.directory.upsertExternal("bob" as never, "bob", 0);
    const room = (await ann.ask({ type: "create_room", kind: "private", title: "Ann's" })).room;
    await ann.ask({ type: "add_member", room, user: "bob" });
    const bob = await reader(b, "bob", room);
    const id = await opened(ann, room);
    await passing(clock, ann.ask(append(room, id, 0, "for both")));
    expect(appends(bob)[0]).toEqual({ at: 0, text: "for both" });
    await ann.ask({ type: "remove_member", room, user: "bob" });
    await passing(clock, ann.ask(append(room, id, 8, "not for bob")));
    expect(JSON.stringify(bob.frames)).not.toContain("not for bob");
    await a.node.close();
    await b.node.close();
  });

  test("[OPEN-8] has a longest text, a rate, and a number for each principal", async () => {
    const stage = await start();
    const bot = await stage.signIn("bot");
    const id = await opened(bot, "hall");
    const long = "x".repeat(limits.textLength);
    let at = 0;
    while (at < limits.openTextLength) {
      await passing(stage.clock, bot.ask(append("hall", id, at, long)));
      at += long.length;
    }
    expect((await bot.refusal(append("hall", id, at, "x"))).code).toBe("too_large");
    expect((await bot.refusal(append("hall", id, 0, `${long}x`))).code).toBe("too_large");
    const page = await bot.ask({ type: "get_text", room: "hall", message_id: id, from: 9 });
    expect(page.text.length).toBe(limits.textPageLength);
    expect(page.length).toBe(limits.openTextLength);
    await bot.ask({ type: "close_message", room: "hall", message_id: id });
    const [view] = (await bot.ask({ type: "list_messages", room: "hall" })).messages;
    expect(view?.text.length).toBe(limits.openTextLength);
    const fast = await opened(bot, "hall");
    const answers = Promise.all(
      Array.from({ length: 2 * limits.appendBurst }, () => bot.answer(append("hall", fast, 0, ""))),
    );
    const refused = (await passing(stage.clock, answers)).filter(({ type }) => type === "error");
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]).toMatchObject({ code: "rate_limited" });
    for (let n = 1; n < limits.openMessages; n += 1) await opened(bot, "hall");
    const tooMany = { type: "publish", room: "hall", text: "", open: true, client_message_id: "z" };
    expect(await bot.refusal(tooMany as never)).toMatchObject({
      code: "rate_limited",
      details: { limit: limits.openMessages },
    });
    expect((await bot.refusal({ ...tooMany, open: false } as never)).code).toBe("bad_request");
    await stage.node.close();
  });

  test("[OPEN-9] deleting ends it for its writer", async () => {
    const stage = await start();
    const bot = await stage.signIn("bot");
    const id = await opened(bot, "hall", "secret");
    await passing(stage.clock, bot.ask(append("hall", id, 6, " more")));
    await bot.ask({ type: "delete_message", room: "hall", message_id: id });
    const late = await passing(stage.clock, bot.answer(append("hall", id, 11, "late")));
    expect(late).toMatchObject({ type: "error", code: "conflict" });
    expect((await bot.refusal(append("hall", id, 11, "late"))).code).toBe("not_found");
    for (const type of ["close_message", "cancel_message"] as const) {
      expect((await bot.refusal({ type, room: "hall", message_id: id })).code).toBe("not_found");
    }
    const text = { type: "get_text", room: "hall", message_id: id, from: 0 } as const;
    expect((await bot.refusal(text)).code).toBe("not_found");
  });
});
