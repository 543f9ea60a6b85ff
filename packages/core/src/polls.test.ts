/** Polls, slash commands and what only one person sees, over the commands of a node. */
import { createMemoryBroker, MemoryHub } from "@parlance/broker/memory";
import type { MessageView, OwnEvent, RoomId, UserId } from "@parlance/protocol";
import { ProtocolError } from "@parlance/protocol";
import { type Harness, startNode, type TestClient } from "@parlance/testkit/harness";
import { settle } from "@parlance/testkit/manual-clock";
import { createMemoryStore } from "@parlance/testkit/memory";
import { describe, expect, test } from "vitest";
import type { Hooks, RpcQuestion } from "./ports/index.ts";

interface Scene {
  readonly one: Harness;
  readonly two: Harness;
  readonly asked: RpcQuestion[];
}

async function start(
  answer: (question: RpcQuestion) => unknown = () => null,
  publish?: Hooks["publish"],
): Promise<Scene> {
  const store = createMemoryStore({ random: () => 0.5 });
  const hub = new MemoryHub();
  for (const user of ["ann", "bob", "eve"]) {
    await store.directory.upsertExternal(user as UserId, user, 0);
  }
  const asked: RpcQuestion[] = [];
  const hooks: Hooks = {
    rpc: async (question) => {
      asked.push(question);
      return (await answer(question)) as never;
    },
    ...(publish === undefined ? {} : { publish }),
  };
  const node = (nodeId: string): Promise<Harness> =>
    startNode({ ...store, broker: createMemoryBroker(hub), nodeId, hooks });
  return { one: await node("n1"), two: await node("n2"), asked };
}

const own = (client: TestClient): OwnEvent["change"][] =>
  client.frames.flatMap((frame) => (frame.type === "own" ? [frame.change] : []));

async function ask(client: TestClient, poll: object, room = "general"): Promise<string> {
  const said = { type: "publish", room, text: "Tea?", client_message_id: "p1", poll } as const;
  return (await client.ask<"publish">(said)).message_id;
}

const yesNo = { options: ["yes", "no"] };
const choose = (message_id: string, ...choices: number[]) =>
  ({ type: "vote", room: "general", message_id, choices }) as const;

async function seen(client: TestClient, message_id: string): Promise<MessageView> {
  return client.ask<"get_message">({ type: "get_message", message_id });
}

describe("polls", () => {
  test("are told live with the text for those who know none, and votes with what was chosen before", async () => {
    const { one, two } = await start();
    const ann = await one.signIn("ann");
    const bob = await two.signIn("bob");
    await bob.ask({ type: "subscribe", room: "general" });
    const id = await ask(ann, { ...yesNo, several: true });
    expect(await bob.ask(choose(id, 1, 0))).toMatchObject({ choices: [0, 1], sequence: 2 });
    expect(await bob.ask(choose(id, 1))).toMatchObject({ sequence: 3 });
    expect(await bob.ask(choose(id, 1))).not.toHaveProperty("sequence");
    await settle(50);
    expect(bob.frames.filter((frame) => "author" in frame)).toMatchObject([
      {
        type: "message.created",
        data: {
          text: "Tea?\n\n1. yes\n2. no",
          poll: { question: "Tea?", ...yesNo, several: true },
        },
      },
      {
        type: "poll.voted",
        author: "bob",
        data: { before: [], choices: [0, 1], user_name: "bob" },
      },
      { type: "poll.voted", author: "bob", data: { before: [0, 1], choices: [1] } },
    ]);
    expect((await seen(bob, id)).poll).toMatchObject({ voters: 1, mine: [1] });
    expect((await seen(ann, id)).poll).not.toHaveProperty("mine");
    const vote = { message_id: id, choices: [1] };
    expect(own(bob)).toContainEqual({ what: "vote", vote: expect.objectContaining(vote) });
  });

  test("one person has one vote, from however many connections on however many nodes at once", async () => {
    const { one, two } = await start();
    const id = await ask(await one.signIn("ann"), yesNo);
    const clients = [await one.signIn("bob"), await two.signIn("bob"), await two.signIn("bob")];
    await Promise.all(
      Array.from({ length: 12 }, async (_, n) => clients[n % 3]?.ask(choose(id, n % 2))),
    );
    const { poll } = await seen(clients[0] as TestClient, id);
    expect(poll?.voters).toBe(1);
    expect(poll?.options.map(({ votes }) => votes).reduce((sum, votes) => sum + votes)).toBe(1);
  });

  test("in an anonymous one no event, view or answer tells who chose what", async () => {
    const { one } = await start();
    const ann = await one.signIn("ann");
    const bob = await one.signIn("bob");
    await ann.ask({ type: "subscribe", room: "general" });
    const id = await ask(ann, { ...yesNo, anonymous: true });
    await bob.ask(choose(id, 0));
    await settle(50);
    const told = [...ann.frames, await seen(ann, id)];
    expect(told).toContainEqual(
      expect.objectContaining({ type: "poll.voted", author: "anonymous:vote" }),
    );
    expect(JSON.stringify(told)).not.toContain("bob");
    expect((await seen(bob, id)).poll).toMatchObject({ mine: [0], voters: 1 });
  });

  test("take nothing that is no choice, nothing when they are over, and no vote of strangers", async () => {
    const { one } = await start();
    const ann = await one.signIn("ann");
    const eve = await one.signIn("eve");
    const made = { type: "create_room", kind: "private", title: "R" } as const;
    const { room } = await ann.ask<"create_room">(made);
    const closes_at = new Date(one.clock.now() + 5_000).toISOString();
    const id = await ask(ann, { ...yesNo, closes_at }, room);
    const vote = (...choices: number[]) => ({ ...choose(id, ...choices), room }) as const;
    expect((await eve.refusal(vote(0))).code).toBe("not_found");
    for (const choices of [[2], [0, 1]]) {
      expect(await ann.refusal(vote(...choices))).toMatchObject({ code: "bad_request" });
    }
    const edit = { type: "edit_message", room, message_id: id, text: "Coffee?" } as const;
    expect((await ann.refusal(edit)).code).toBe("unsupported");
    const plain = await ann.publish(room, "no poll", "k9");
    expect((await ann.refusal({ ...vote(0), message_id: plain.message_id })).code).toBe(
      "not_found",
    );
    await ann.ask(vote(0));
    await one.clock.advance(6_000);
    expect(await ann.refusal(vote(1))).toMatchObject({
      code: "conflict",
      details: { field: "poll" },
    });
  });

  test("are ended by their author and by whoever manages the room, and by nobody else", async () => {
    const { one } = await start();
    const ann = await one.signIn("ann");
    const bob = await one.signIn("bob");
    const id = await ask(ann, yesNo);
    const close = { type: "close_poll", room: "general", message_id: id } as const;
    expect((await bob.refusal(close)).code).toBe("forbidden");
    expect(await ann.ask<"close_poll">(close)).toMatchObject({ sequence: 2 });
    expect(await ann.ask<"close_poll">(close)).not.toHaveProperty("sequence");
    expect((await bob.refusal(choose(id, 0))).code).toBe("conflict");
    expect((await seen(bob, id)).poll).toMatchObject({ closed: true });
  });

  test.each([
    ["one choice", { options: ["a"] }],
    ["two that are the same", { options: ["a", "a"] }],
    ["eleven", { options: Array.from({ length: 11 }, (_, n) => `${n}`) }],
    ["one of two lines", { options: ["a\nb", "c"] }],
  ])("are refused with %s", async (_, poll) => {
    const { one } = await start();
    const ann = await one.signIn("ann");
    const said = { type: "publish", room: "general", text: "?", client_message_id: "k", poll };
    expect((await ann.refusal({ ...said, type: "publish" })).code).toBe("bad_request");
  });
});

describe("what only you see", () => {
  test("is told to all of one person's connections, and is in no log", async () => {
    const { one, two } = await start();
    const desk = await one.signIn("service:desk?publish");
    const here = await one.signIn("bob");
    const there = await two.signIn("bob");
    const ann = await two.signIn("ann");
    await ann.publish("general", "hello", "k1");
    for (const client of [here, there, ann]) {
      await client.ask({ type: "subscribe", room: "general" });
    }
    const told = { type: "tell_only_you", room: "general", user: "bob", text: "Psst" } as const;
    const note = await desk.ask<"tell_only_you">(told);
    await settle(50);
    for (const client of [here, there]) {
      expect(own(client)).toEqual([{ what: "only_you", note }]);
    }
    expect(note).toMatchObject({ text: "Psst", author: "service:desk", room: "general" });
    expect(JSON.stringify(ann.frames)).not.toContain("Psst");
    const page = await ann.ask<"history">({ type: "history", room: "general" });
    expect(page.head).toBe(1);
  });

  test("[Z8] is told by back ends that may publish, and to nobody who may not read the room", async () => {
    const { one } = await start();
    const ann = await one.signIn("ann");
    const made = { type: "create_room", kind: "private", title: "R" } as const;
    const { room } = await ann.ask<"create_room">(made);
    const told = { type: "tell_only_you", room, user: "eve", text: "Psst" } as const;
    const desk = await one.signIn("service:desk?publish");
    const eve = await one.signIn("eve");
    expect((await desk.refusal(told)).code).toBe("not_found");
    expect((await desk.refusal({ ...told, user: "nobody-there" })).code).toBe("not_found");
    expect((await ann.refusal({ ...told, user: "ann" })).code).toBe("forbidden");
    const reader = await one.signIn("service:eye?read");
    expect((await reader.refusal({ ...told, user: "ann" })).code).toBe("forbidden");
    expect(own(eve)).toEqual([]);
  });

  test("[HOOK-2] an application that is asked about a message says something to its writer alone", async () => {
    const { one } = await start(undefined, {
      concerns: () => true,
      ask: async ({ text }) => ({ text, only_you: "Thank you." }),
    });
    const ann = await one.signIn("ann");
    const bob = await one.signIn("bob");
    await bob.ask({ type: "subscribe", room: "general" });
    await ann.publish("general", "hello", "k1");
    await ann.publish("general", "hello", "k1");
    await settle(50);
    expect(own(ann)).toMatchObject([{ what: "only_you", note: { text: "Thank you." } }]);
    expect(JSON.stringify(bob.frames)).not.toContain("Thank you.");
  });
});

describe("slash commands", () => {
  async function offered(scene: Scene): Promise<TestClient> {
    const weather = await scene.one.signIn("service:weather?publish");
    const rain = { name: "rain", description: "Tells when it rains", usage: "<city>" };
    await weather.ask({ type: "register_command", ...rain });
    return weather;
  }
  const rain = { type: "run_command", room: "general", name: "rain", text: "Ulm" } as const;

  test("are offered to people, given by them, and answered to one, to all, or to both", async () => {
    const scene = await start(() => ({ text: "It rains.", only_you: "Take an umbrella." }));
    await offered(scene);
    const ann = await scene.one.signIn("ann");
    const bob = await scene.two.signIn("bob");
    await ann.publish("general", "hello", "k1");
    await bob.ask({ type: "subscribe", room: "general" });
    const list = await ann.ask<"list_commands">({ type: "list_commands", room: "general" });
    expect(list.commands).toEqual([
      {
        name: "rain",
        description: "Tells when it rains",
        usage: "<city>",
        author: "service:weather",
        author_name: "service:weather",
      },
    ]);
    const done = await ann.ask<"run_command">(rain);
    expect(done).toMatchObject({
      only_you: { text: "Take an umbrella." },
      published: { sequence: 2 },
    });
    await settle(50);
    expect(own(ann)).toEqual([{ what: "only_you", note: done.only_you }]);
    expect(bob.texts("general")).toEqual(["It rains."]);
    expect(JSON.stringify(bob.frames)).not.toContain("umbrella");
    expect(scene.asked).toMatchObject([
      {
        identity: { user: "ann" },
        method: "command.rain",
        data: { room: "general", name: "rain", text: "Ulm" },
      },
    ]);
  });

  test("the same one again is answered in public once where it has a key", async () => {
    const scene = await start(() => ({ text: "It rains." }));
    await offered(scene);
    const ann = await scene.one.signIn("ann");
    const bob = await scene.one.signIn("bob");
    const again = { ...rain, client_message_id: "c1" };
    const first = await ann.ask<"run_command">(again);
    expect((await ann.ask<"run_command">(again)).published).toMatchObject({
      repeated: true,
      sequence: first.published?.sequence,
    });
    expect((await bob.ask<"run_command">(again)).published).not.toHaveProperty("repeated");
  });

  test("one that nobody offers, and one that the application refuses, say so", async () => {
    const scene = await start(() => {
      throw new ProtocolError("rpc_failed", undefined, { text: "No such city." });
    });
    await offered(scene);
    const ann = await scene.one.signIn("ann");
    expect((await ann.refusal({ ...rain, name: "snow" })).code).toBe("not_found");
    expect(await ann.refusal(rain)).toMatchObject({ code: "rpc_failed", text: "No such city." });
    const odd = await start(() => ({ text: 7 }));
    await offered(odd);
    const bob = await odd.one.signIn("bob");
    expect((await bob.refusal(rain)).code).toBe("unavailable");
  });

  test("an application's odd answers are refused alone, and what is HTML stays a text", async () => {
    const huge = "x".repeat(20_000);
    const circle: { own?: unknown } = {};
    circle.own = circle;
    const odd: readonly unknown[] = [
      7,
      "text",
      true,
      [],
      [{ text: "x" }],
      { text: "" },
      { text: huge },
      { text: ["x"] },
      { text: { toString: "x" } },
      { text: "\u0000" },
      { text: "\ud800" },
      { text: "x", data: [] },
      { text: "x", data: { a: huge.repeat(2) } },
      { only_you: 7 },
      { only_you: huge },
      { only_you: circle },
      { text: "x", data: circle },
    ];
    let next: unknown;
    const scene = await start(() => next);
    await offered(scene);
    const ann = await scene.one.signIn("ann");
    const bob = await scene.two.signIn("bob");
    await bob.ask({ type: "subscribe", room: "general" });
    for (next of odd) {
      const answer = await ann.answer(rain);
      expect([next, answer]).toMatchObject([next, { type: "error" }]);
      expect(["unavailable", "too_large"]).toContain((answer as { code: string }).code);
    }
    expect(ann.closedWith).toBeUndefined();
    expect(own(ann)).toEqual([]);
    const html = "<img src=x onerror=alert(1)>";
    next = { text: html, only_you: html, role: "admin", __proto__: { room: "user:ann" } };
    expect(await ann.ask(rain)).toMatchObject({ only_you: { text: html }, published: {} });
    await settle();
    const told = bob.frames.filter((frame) => frame.type === "message.created");
    expect(told).toMatchObject([{ author: "service:weather", data: { text: html } }]);
  });

  test("one that is never answered holds up nothing of its asker and nobody else", async () => {
    const slow = Promise.withResolvers<unknown>();
    const scene = await start(() => slow.promise);
    await offered(scene);
    const ann = await scene.one.signIn("ann");
    const bob = await scene.one.signIn("bob");
    const asked = Array.from({ length: 40 }, () => ann.answer(rain));
    await settle();
    await ann.publish("general", "meanwhile", "m");
    await bob.publish("general", "so do I", "b");
    const waiting = bob.answer(rain);
    await settle();
    slow.resolve({ only_you: "at last" });
    const answers = await Promise.all([...asked, waiting]);
    const refused = answers.filter((answer) => answer.type === "error");
    expect(new Set(refused.map(({ code }) => code))).toEqual(new Set(["rate_limited"]));
    expect(answers.length - refused.length).toBeGreaterThan(1);
    expect((await waiting).type).toBe("reply");
  });

  test("belong to whoever offers them, and are none of the built-in ones", async () => {
    const scene = await start();
    const weather = await offered(scene);
    const other = await scene.one.signIn("service:other?publish");
    const ann = await scene.one.signIn("ann");
    const register = { type: "register_command", name: "rain", description: "x" } as const;
    expect((await other.refusal(register)).code).toBe("conflict");
    expect((await other.refusal({ ...register, name: "topic" })).code).toBe("conflict");
    expect((await ann.refusal({ ...register, name: "mine" })).code).toBe("forbidden");
    const remove = { type: "remove_command", name: "rain" } as const;
    expect((await other.refusal(remove)).code).toBe("not_found");
    await weather.ask(remove);
    const list = { type: "list_commands", room: "general" } as const;
    await ann.publish("general", "x", "k");
    expect((await ann.ask<"list_commands">(list)).commands).toEqual([]);
  });

  test("[Z1] in a room that one may not write in none is given", async () => {
    const scene = await start(() => ({ text: "x" }));
    await offered(scene);
    const ann = await scene.one.signIn("ann");
    const eve = await scene.one.signIn("eve");
    const made = { type: "create_room", kind: "private", title: "R" } as const;
    const { room }: { room: RoomId } = await ann.ask<"create_room">(made);
    expect((await eve.refusal({ ...rain, room })).code).toBe("not_found");
    expect((await eve.refusal({ type: "list_commands", room })).code).toBe("not_found");
    expect(scene.asked).toEqual([]);
  });
});
