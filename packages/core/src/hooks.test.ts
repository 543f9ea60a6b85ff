import { createMemoryBroker } from "@parlance/broker/memory";
import { limits, ProtocolError } from "@parlance/protocol";
import { type Harness, startNode, type TestClient } from "@parlance/testkit/harness";
import { settle } from "@parlance/testkit/manual-clock";
import { createMemoryStore } from "@parlance/testkit/memory";
import { describe, expect, test } from "vitest";
import type {
  Hooks,
  Identity,
  JoinQuestion,
  PublishQuestion,
  RpcQuestion,
  Said,
} from "./ports/index.ts";

/** What the application was asked, and answers that a test gives. */
class Application {
  readonly asked: PublishQuestion[] = [];
  readonly joins: JoinQuestion[] = [];
  readonly questions: RpcQuestion[] = [];
  publish: (question: PublishQuestion) => Said | Promise<Said> = ({ text, data }) => ({
    text,
    ...(data === undefined ? {} : { data }),
  });
  join: (question: JoinQuestion) => void | Promise<void> = () => {};
  rpc: (question: RpcQuestion) => unknown = () => null;

  readonly hooks: Hooks = {
    publish: {
      concerns: ({ identity, room }) => identity.scopes === undefined && room !== "unasked",
      ask: async (question) => {
        this.asked.push(question);
        return this.publish(question);
      },
    },
    join: {
      concerns: ({ room }) => room.startsWith("booking"),
      ask: async (question) => {
        this.joins.push(question);
        await this.join(question);
      },
    },
    rpc: async (question) => {
      this.questions.push(question);
      return (await this.rpc(question)) as never;
    },
  };
}

async function start(
  hooks: (application: Application) => Hooks = ({ hooks }) => hooks,
): Promise<Harness & { readonly application: Application }> {
  let seed = 7;
  const store = createMemoryStore({
    random: () => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed / 2_147_483_647;
    },
  });
  const application = new Application();
  const broker = createMemoryBroker();
  const harness = await startNode({ ...store, broker, hooks: hooks(application) });
  return { ...harness, application };
}

async function subscribed(harness: Harness, user: string, room = "general"): Promise<TestClient> {
  const client = await harness.signIn(user);
  await client.ask({ type: "subscribe", room });
  return client;
}

const shout = ({ text }: PublishQuestion): Said => ({ text: text.toUpperCase() });

describe("publish", () => {
  test("[HOOK-2] what the application makes of a message is what is stored, answered and read", async () => {
    const harness = await start();
    harness.application.publish = shout;
    const ann = await subscribed(harness, "ann#7");
    const reply = await ann.publish("general", "hello", "a1");
    expect(reply).toMatchObject({ sequence: 1, rewritten: { text: "HELLO" } });
    await settle();
    expect(ann.texts("general")).toEqual(["HELLO"]);
    expect(harness.application.asked).toMatchObject([
      {
        identity: { user: "ann", number: 7 },
        dialect: "native",
        room: "general",
        clientMessageId: "a1",
        text: "hello",
      },
    ]);
  });

  test("[HOOK-2] the application says where a message belongs and whom it mentions; what it does not say stays", async () => {
    const harness = await start();
    const ann = await subscribed(harness, "ann");
    const root = await ann.publish("general", "root", "r1");
    harness.application.publish = ({ text, thread }) =>
      text === "loose"
        ? { text, thread: root.message_id, reply_to: "1", mentions: { room: true } }
        : { text: `${text}!`, ...(thread === undefined ? {} : { reply_to: null }) };
    const say = (text: string, key: string, more: object = {}) =>
      ann.ask<"publish">({
        type: "publish",
        room: "general",
        text,
        client_message_id: key,
        ...more,
      });
    await say("loose", "a1");
    await say("tied", "a2", { thread: "1", reply_to: "1" });
    await settle();
    const [, loose, tied] = ann.frames.filter(({ type }) => type === "message.created");
    const { message_id: id } = root;
    expect(loose).toMatchObject({ data: { thread: id, reply_to: id, mentions: { room: true } } });
    expect(tied).toMatchObject({ data: { text: "tied!", thread: id } });
    expect(JSON.stringify(tied)).not.toContain("reply_to");
    expect(harness.application.asked.at(-1)).toMatchObject({ thread: "1", reply_to: "1" });
    expect(await say("loose", "a1")).toMatchObject({ repeated: true });
    harness.application.publish = ({ text }) => ({ text, thread: "no-such-message" });
    const lost = { type: "publish", room: "general", text: "x", client_message_id: "a3" } as const;
    expect((await ann.refusal(lost)).code).toBe("not_found");
  });

  test("[HOOK-2] one that is rejected is not stored, and its writer reads why", async () => {
    const harness = await start();
    harness.application.publish = () => {
      const text = "No numbers here, please.";
      throw new ProtocolError("rejected", { application_code: "no_numbers" }, { text });
    };
    const ann = await subscribed(harness, "ann");
    const publish = { type: "publish", room: "general", client_message_id: "a1" } as const;
    expect(await ann.refusal({ ...publish, text: "555" })).toMatchObject({
      code: "rejected",
      retry: "never",
      text: "No numbers here, please.",
      details: { application_code: "no_numbers" },
    });
    // The key is as good as new.
    harness.application.publish = shout;
    expect(await ann.ask({ ...publish, text: "five" })).toMatchObject({ sequence: 1 });
  });

  test("[HOOK-3] [I-4] a repeat is found by what was sent, and nobody is asked about it again", async () => {
    const harness = await start();
    harness.application.publish = shout;
    const ann = await subscribed(harness, "ann");
    const { rewritten: _, ...first } = await ann.publish("general", "hello", "a1");
    const other = await harness.signIn("ann");
    for (const client of [ann, other]) {
      expect(await client.publish("general", "hello", "a1")).toEqual({ ...first, repeated: true });
    }
    const publish = { type: "publish", room: "general", client_message_id: "a1" } as const;
    for (const text of ["HELLO", "hello!"]) {
      expect((await other.refusal({ ...publish, text })).code).toBe("conflict");
    }
    expect(harness.application.asked).toHaveLength(1);
    await settle();
    expect(ann.texts("general")).toEqual(["HELLO"]);
  });

  test("[HOOK-3] two that come at once under one key are one message", async () => {
    const harness = await start();
    let count = 0;
    harness.application.publish = async ({ text }) => {
      await settle();
      count += 1;
      return { text: `${text} ${count}` };
    };
    const [ann, other] = [await subscribed(harness, "ann"), await harness.signIn("ann")];
    const answers = await Promise.all([
      ann.publish("general", "hello", "a1"),
      other.publish("general", "hello", "a1"),
    ]);
    expect(answers.map(({ sequence }) => sequence)).toEqual([1, 1]);
    await settle();
    expect(ann.texts("general")).toEqual(["hello 1"]);
  });

  test("[HOOK-4] [I-9] [I-26] messages keep their order through answers that come late; others do not wait", async () => {
    const harness = await start();
    const waiting: (() => void)[] = [];
    harness.application.publish = async ({ identity, text }) => {
      if (identity.user === "ann") await new Promise<void>((resolve) => waiting.push(resolve));
      return { text };
    };
    const [ann, bob] = [await subscribed(harness, "ann"), await subscribed(harness, "bob")];
    const growing = { room: "unasked", text: "", open: true, client_message_id: "a0" } as const;
    const { message_id: open } = await ann.ask({ type: "publish", ...growing });
    const sent = Promise.all([
      ann.publish("general", "a1", "a1"),
      ann.publish("general", "a2", "a2"),
      ann.publish("unasked", "elsewhere", "a3"),
      ann.publish("general", "a4", "a4"),
    ]);
    // One question at a time; neither the other connection nor what this one reads waits for it.
    await bob.publish("general", "b1", "b1");
    await ann.ask({ type: "ping" });
    await ann.ask({ type: "history", room: "general" });
    await ann.ask({ type: "typing", room: "general", active: true });
    expect(
      harness.application.asked.filter(({ identity }) => identity.user === "ann"),
    ).toHaveLength(1);
    const closing = ann.ask({ type: "close_message", room: "unasked", message_id: open });
    const leaving = ann.ask({ type: "join", room: "general" });
    while (waiting.length > 0) {
      waiting.shift()?.();
      await settle();
    }
    const elsewhere = (await sent)[2];
    expect((await closing).sequence).toBeGreaterThan(elsewhere.sequence);
    await leaving;
    await settle();
    expect(bob.texts("general")).toEqual(["b1", "a1", "a2", "a4"]);
    // What followed the messages came behind them.
    expect(bob.frames.at(-1)).toMatchObject({ type: "member.joined", sequence: 5 });
  });

  test("[HOOK-2] an edit is asked about, too, so that nobody gets by with a second thought", async () => {
    const harness = await start();
    const ann = await subscribed(harness, "ann");
    const { message_id: id } = await ann.publish("general", "hello", "a1");
    harness.application.publish = shout;
    const edit = {
      type: "edit_message",
      room: "general",
      message_id: id,
      text: "bye",
      client_message_id: "a2",
    } as const;
    const first = await ann.ask(edit);
    expect(await ann.ask(edit)).toEqual({ ...first, repeated: true });
    expect(harness.application.asked.map(({ edits }) => edits)).toEqual([undefined, id]);
    const message = await ann.ask({ type: "get_message", message_id: id });
    expect(message.text).toBe("BYE");
  });

  test("[HOOK-1] rights are asked before the application, and once more before it is stored", async () => {
    const harness = await start();
    const ann = await harness.signIn("ann");
    const { room } = await ann.ask({ type: "create_room", kind: "private", title: "Ours" });
    const bob = await harness.signIn("bob");
    const publish = { type: "publish", room, text: "hello" } as const;
    expect((await bob.refusal({ ...publish, client_message_id: "b1" })).code).toBe("not_found");
    expect(harness.application.asked).toEqual([]);
    harness.application.publish = async ({ text }) => {
      await ann.ask({ type: "leave", room });
      return { text };
    };
    // Asked on another connection, so that it does not wait for itself.
    const again = await harness.signIn("ann");
    expect((await again.refusal({ ...publish, client_message_id: "a1" })).code).toBe("not_found");
  });

  test("[HOOK-5] what was not answered is not stored, and comes again under the same key", async () => {
    const harness = await start();
    harness.application.publish = () => {
      throw new ProtocolError("unavailable", { retry_after_ms: 1_000 });
    };
    const ann = await subscribed(harness, "ann");
    const publish = {
      type: "publish",
      room: "general",
      client_message_id: "a",
      text: "x",
    } as const;
    expect(await ann.refusal(publish)).toMatchObject({ code: "unavailable", retry: "later" });
    harness.application.publish = shout;
    expect(await ann.ask(publish)).toMatchObject({ sequence: 1 });
    await settle();
    expect(ann.texts("general")).toEqual(["X"]);
  });

  test("a back end that is not asked about is not held up", async () => {
    const harness = await start();
    harness.application.publish = () => new Promise(() => {});
    const shop = await harness.signIn("service:shop?publish");
    await shop.publish("general", "from the shop", "s1");
    expect(harness.application.asked).toEqual([]);
  });
});

describe("join", () => {
  const no = (): never => {
    const text = "Book the hall first.";
    throw new ProtocolError("forbidden", { application_code: "not_booked" }, { text });
  };

  test("[HOOK-1] whoever is refused neither hears, nor reads, nor belongs, nor writes", async () => {
    const harness = await start();
    harness.application.join = no;
    const ann = await harness.signIn("ann");
    const room = "booking_7";
    const refusal = { code: "forbidden", text: "Book the hall first." };
    for (const command of [
      { type: "subscribe", room },
      { type: "join", room },
      { type: "publish", room, text: "let me in", client_message_id: "a1" },
      { type: "history", room },
      { type: "list_messages", room },
      { type: "typing", room, active: true },
      { type: "start_call", room, media: "audio" },
      { type: "cursor", room, position: { line: 1 } },
      { type: "react", room, message_id: "1", emoji: "👍", on: true },
      { type: "edit_message", room, message_id: "1", text: "let me in" },
      { type: "append_text", room, message_id: "1", at: 0, text: "let me in" },
    ] as const) {
      expect(await ann.refusal(command)).toMatchObject(refusal);
    }
    expect(harness.application.joins[0]).toMatchObject({
      identity: { user: "ann" },
      dialect: "native",
      room,
      kind: "public",
    });
    await ann.ask({ type: "subscribe", room: "general" });
    expect(harness.application.joins.every((question) => question.room === room)).toBe(true);
  });

  test("[HOOK-1] each room of a resume is answered by itself", async () => {
    const harness = await start();
    const ann = await harness.signIn("ann");
    const standing = await Promise.all(
      ["booking_7", "general"].map((room) => ann.ask({ type: "subscribe", room })),
    );
    harness.application.join = no;
    const again = await harness.signIn("ann");
    const rooms = standing.map(({ room, epoch, offset }) => ({
      room,
      position: { epoch, offset },
    }));
    const resumed = await again.ask({ type: "resume", rooms });
    expect(resumed.rooms).toMatchObject([
      { room: "booking_7", error: { code: "forbidden" } },
      { room: "general" },
    ]);
  });

  test("[HOOK-1] it cannot let in whom the rules keep out", async () => {
    const harness = await start();
    const ann = await harness.signIn("ann");
    const { room } = await ann.ask({ type: "create_room", kind: "private", title: "Ours" });
    const bob = await harness.signIn("bob");
    expect((await bob.refusal({ type: "subscribe", room })).code).toBe("not_found");
  });
});

describe("rpc", () => {
  test("[RPC-1] a question goes to the application with who asks, and its answer comes back", async () => {
    const harness = await start();
    harness.application.rpc = ({ data }) => ({ echo: data });
    const ann = await harness.signIn("ann#7");
    const data = { user: "bob", list: [1, null, "x"] };
    expect(await ann.ask({ type: "rpc", method: "echo", data })).toEqual({ data: { echo: data } });
    expect(harness.application.questions).toMatchObject([
      { identity: { user: "ann", number: 7 }, dialect: "native", method: "echo", data },
    ]);
  });

  test.each([
    ["no method", {}],
    ["an empty one", { method: "" }],
    ["one with a slash", { method: "../admin" }],
    ["one that is too long", { method: "x".repeat(65) }],
    ["data that is too large", { method: "x", data: "x".repeat(32_769) }],
    ["data that nobody can store", { method: "x", data: "\u0000" }],
  ])("[RPC-1] %s is refused before anybody is asked", async (_, fields) => {
    const harness = await start();
    const ann = await harness.signIn("ann");
    expect((await ann.refusal({ type: "rpc", ...fields })).code).toBe("bad_request");
    expect(harness.application.questions).toEqual([]);
  });

  test("[RPC-2] without an application there is nobody who could answer", async () => {
    const harness = await start(() => ({}));
    const ann = await harness.signIn("ann");
    expect(await ann.refusal({ type: "rpc", method: "x" })).toMatchObject({
      code: "not_found",
      details: { field: "method" },
    });
  });

  test("[RPC-3] nothing waits for an answer, and so many questions are under way at most", async () => {
    const harness = await start();
    const waiting: (() => void)[] = [];
    harness.application.rpc = ({ method }) =>
      new Promise((resolve) => waiting.push(() => resolve(method)));
    const ann = await subscribed(harness, "ann");
    const asked = Array.from({ length: limits.rpcAtOnce }, (_, n) =>
      ann.ask({ type: "rpc", method: `m${n}` }),
    );
    await ann.publish("general", "meanwhile", "a1");
    expect(await ann.refusal({ type: "rpc", method: "more" })).toMatchObject({
      code: "rate_limited",
      details: { limit: limits.rpcAtOnce },
    });
    const bob = await harness.signIn("bob");
    const other = bob.ask({ type: "rpc", method: "mine" });
    await settle();
    for (const answer of waiting.reverse()) answer();
    expect(await other).toEqual({ data: "mine" });
    expect((await Promise.all(asked)).map(({ data }) => data)).toEqual(
      asked.map((_, n) => `m${n}`),
    );
    harness.application.rpc = () => "again";
    expect(await ann.ask({ type: "rpc", method: "more" })).toEqual({ data: "again" });
  });

  test("[RPC-3] so many questions of one user are under way at most where no connection brings them", async () => {
    const harness = await start();
    const waiting: (() => void)[] = [];
    harness.application.rpc = ({ method }) =>
      new Promise((resolve) => waiting.push(() => resolve(method)));
    const identity = (user: string) =>
      ({ user, name: user, kind: "external", principal: user }) as unknown as Identity;
    const ask = (user: string): Promise<unknown> =>
      harness.node.execute(identity(user), { type: "rpc", id: 0, method: "m" });
    const asked = Array.from({ length: limits.rpcAtOnce }, () => ask("ann"));
    await settle();
    await expect(ask("ann")).rejects.toMatchObject({ code: "rate_limited" });
    const other = ask("bob");
    await settle();
    for (const answer of waiting) answer();
    await Promise.all([...asked, other]);
    harness.application.rpc = () => "again";
    expect(await ask("ann")).toEqual({ data: "again" });
  });

  test("[RPC-3] whoever opens many connections has no more questions under way than one user may", async () => {
    const harness = await start();
    const waiting: (() => void)[] = [];
    harness.application.rpc = () => new Promise((resolve) => waiting.push(() => resolve(null)));
    const full = limits.rpcAtOncePerUser / limits.rpcAtOnce;
    const asked: Promise<unknown>[] = [];
    for (let n = 0; n < full; n += 1) {
      const tab = await harness.signIn("ann");
      for (let count = 0; count < limits.rpcAtOnce; count += 1) {
        asked.push(tab.ask({ type: "rpc", method: "m" }));
      }
    }
    const more = await harness.signIn("ann");
    const refusal = { code: "rate_limited", details: { limit: limits.rpcAtOncePerUser } };
    expect(await more.refusal({ type: "rpc", method: "m" })).toMatchObject(refusal);
    const ann = { user: "ann", name: "ann", kind: "external", principal: "ann" };
    const overHttp = harness.node.execute(ann as unknown as Identity, {
      type: "rpc",
      id: 0,
      method: "m",
    });
    await expect(overHttp).rejects.toMatchObject({ code: "rate_limited" });
    const bob = (await harness.signIn("bob")).ask({ type: "rpc", method: "m" });
    await settle();
    for (const answer of waiting) answer();
    await Promise.all([...asked, bob]);
    harness.application.rpc = () => "again";
    expect(await more.ask({ type: "rpc", method: "m" })).toEqual({ data: "again" });
  });

  test("[RPC-2] a bug of whoever answers ends nothing and tells nothing", async () => {
    const harness = await start();
    harness.application.rpc = () => {
      throw new TypeError("undefined is not a function at /srv/secret");
    };
    const ann = await harness.signIn("ann");
    const refusal = await ann.refusal({ type: "rpc", method: "x" });
    expect(refusal.code).toBe("internal");
    expect(JSON.stringify(refusal)).not.toContain("secret");
    await ann.ask({ type: "ping" });
  });

  test("a back end needs the right to publish, and a nobody has to be somebody first", async () => {
    const harness = await start();
    const reader = await harness.signIn("service:reader?read");
    expect((await reader.refusal({ type: "rpc", method: "x" })).code).toBe("forbidden");
    const shop = await harness.signIn("service:shop?publish");
    expect(await shop.ask({ type: "rpc", method: "x" })).toEqual({ data: null });
  });
});
