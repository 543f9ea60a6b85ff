/** One person who asks for very much, over two nodes at once, and bystanders who are not in the way. */
import { createMemoryBroker, MemoryHub } from "@parlance/broker/memory";
import { limits, type RoomId, type ServerFrame, type UserId } from "@parlance/protocol";
import { type Harness, startNode, type TestClient } from "@parlance/testkit/harness";
import { ManualClock, settle } from "@parlance/testkit/manual-clock";
import { createMemoryStore } from "@parlance/testkit/memory";
import { describe, expect, test } from "vitest";
import type { RateRule } from "./rates/rules.ts";
import { createMemoryRateStore } from "./rates/shares.ts";

type Command = Parameters<TestClient["answer"]>[0];
const perUser: RateRule = { per: "user", of: "writes", perSecond: 5, burst: 40 };

async function fleet(rates: readonly RateRule[] = [perUser]) {
  let seed = 7;
  const random = (): number => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  const clock = new ManualClock();
  const store = createMemoryStore({ random, now: () => clock.now() });
  for (const user of ["ann", "bob", "mallory"]) {
    await store.directory.upsertExternal(user as UserId, user, 0);
  }
  const rateStore = createMemoryRateStore(() => clock.monotonic());
  const hub = new MemoryHub();
  const node = (nodeId: string): Promise<Harness> =>
    startNode({
      ...store,
      broker: createMemoryBroker(hub),
      clock,
      nodeId,
      settings: { rates },
      rateStore,
    });
  return { one: await node("n1"), two: await node("n2"), clock, store };
}

const isDone = ({ type }: ServerFrame): boolean => type === "reply";
const codes = (answers: readonly ServerFrame[]): Set<string> =>
  new Set(answers.flatMap((answer) => (answer.type === "error" ? [answer.code] : [])));

describe("[R9] of one user over two nodes", () => {
  const floods: readonly [string, (n: number, poll: string, room: RoomId) => Command][] = [
    [
      "votes",
      (n, message_id) => ({ type: "vote", room: "general", message_id, choices: [n % 2] }) as never,
    ],
    ["invites", (_, __, room) => ({ type: "create_invite", room }) as never],
    [
      "scheduled messages",
      (n) =>
        ({
          type: "schedule_message",
          room: "general",
          client_message_id: `s${n}`,
          at: new Date(86_400_000).toISOString(),
          text: "x",
        }) as never,
    ],
  ];
  for (const [what, command] of floods) {
    test(`a flood of ${what} passes at the rate of one, and a bystander is not in the way`, async () => {
      const { one, two, clock } = await fleet();
      const ann = await one.signIn("ann");
      await ann.ask({ type: "subscribe", room: "general" });
      const poll = { options: ["yes", "no"] };
      const asked = { type: "publish", room: "general", text: "Tea?", poll } as const;
      const { message_id } = await ann.ask<"publish">({ ...asked, client_message_id: "p" });
      const clients = [await one.signIn("mallory"), await two.signIn("mallory")];
      const made = { type: "create_room", kind: "private", title: "Den" } as const;
      const { room } = await (clients[0] as TestClient).ask<"create_room">(made);
      await settle();
      const before = ann.frames.length;
      const answers = await Promise.all(
        clients.flatMap((client, node) =>
          Array.from({ length: 200 }, (_, n) =>
            client.answer(command(node * 200 + n, message_id, room)),
          ),
        ),
      );
      const done = answers.filter(isDone).length;
      expect(done).toBeGreaterThan(0);
      // Making the room was one of them.
      expect(done).toBeLessThan(perUser.burst);
      expect(codes(answers)).toContain("rate_limited");
      for (const client of clients) expect(client.closedWith).toBeUndefined();
      const bob = await two.signIn("bob");
      await bob.publish("general", "in between", "b1");
      await settle();
      const heard = ann.frames.slice(before).filter((frame) => frame.type === "message.created");
      expect(heard).toMatchObject([{ data: { text: "in between" } }]);
      const [view] = (await bob.ask({ type: "list_messages", room: "general" })).messages;
      expect(view?.poll?.voters).toBeLessThanOrEqual(1);
      await clock.advance(1_000);
      const next = command(1_000, message_id, room);
      expect((await (clients[1] as TestClient).answer(next)).type).toBe("reply");
    });
  }
});

describe("of what is kept for one person", () => {
  test("ten thousand drafts are refused behind the bound, and emptied ones leave no more than that", async () => {
    const { one, store } = await fleet([]);
    const mallory = await one.signIn("mallory");
    await mallory.publish("general", "here", "h");
    const drafts = (from: number, text: string): Promise<ServerFrame[]> =>
      Promise.all(
        Array.from({ length: 1_000 }, (_, n) =>
          mallory.answer({
            type: "save_draft",
            room: "general",
            thread: `t${from + n}`,
            text,
            edited_at: new Date(from + n).toISOString(),
          } as never),
        ),
      );
    let kept = 0;
    for (let from = 0; from < 10_000; from += 1_000) {
      const answers = await drafts(from, "x");
      kept += answers.filter(isDone).length;
      expect([...codes(answers)].filter((code) => code !== "conflict")).toEqual([]);
    }
    expect(kept).toBe(limits.drafts);
    expect((await mallory.ask({ type: "list_drafts" })).drafts).toHaveLength(limits.drafts);
    // What comes late is known to be old for the emptied ones that are remembered.
    for (let from = 20_000; from < 22_000; from += 1_000) await drafts(from, "");
    const late = async (thread: string): Promise<string | undefined> => {
      const draft = { room: "general" as RoomId, thread, text: "late", editedAt: -1 };
      const user = "mallory" as UserId;
      return (await store.directory.saveDraft(draft.room, user, draft, 10_000))?.text;
    };
    expect([await late("t21999"), await late("t20000")]).toEqual(["", "late"]);
    const bob = await one.signIn("bob");
    const mine = { type: "save_draft", room: "general", text: "mine" } as const;
    expect(await bob.ask(mine)).toMatchObject({ text: "mine" });
  });

  test("scheduled messages are refused behind the bound, however many ask at once", async () => {
    const { one, two } = await fleet([]);
    const clients = [await one.signIn("mallory"), await two.signIn("mallory")];
    const at = new Date(86_400_000).toISOString();
    const answers = await Promise.all(
      clients.flatMap((client, node) =>
        Array.from({ length: limits.scheduled }, (_, n) =>
          client.answer({
            type: "schedule_message",
            room: "general",
            client_message_id: `${node}-${n}`,
            at,
            text: "x",
          } as never),
        ),
      ),
    );
    expect(answers.filter(isDone)).toHaveLength(limits.scheduled);
    expect(codes(answers)).toEqual(new Set(["conflict"]));
  });
});

describe("what no schema lets through", () => {
  const odd = (count: number) => Array.from({ length: count }, (_, n) => `option ${n}`);

  test("polls with a thousand options, with none, with the same twice, with other things than lines", async () => {
    const { one } = await fleet([]);
    const mallory = await one.signIn("mallory");
    const polls: readonly unknown[] = [
      { options: odd(1_000) },
      { options: odd(limits.pollOptions + 1) },
      { options: odd(1) },
      { options: [] },
      { options: ["a", "a"] },
      { options: ["a", "x".repeat(limits.pollOptionLength + 1)] },
      { options: ["a", "two\nlines"] },
      { options: ["a", 7] },
      { options: ["a", { toString: "b" }] },
      { options: "ab" },
      { options: odd(2), closes_at: "soon" },
      { options: odd(2), several: false },
      null,
      7,
    ];
    for (const [n, poll] of polls.entries()) {
      const said = { type: "publish", room: "general", text: "?", client_message_id: `p${n}` };
      const answer = await mallory.answer({ ...said, poll } as never);
      expect([poll, answer]).toMatchObject([poll, { type: "error" }]);
      expect(["bad_request", "too_large"]).toContain((answer as { code: string }).code);
      const later = {
        ...said,
        type: "schedule_message",
        at: new Date(60_000).toISOString(),
        poll,
      };
      expect((await mallory.answer(later as never)).type).toBe("error");
      // Many bad frames in a row end a connection (J10).
      await mallory.ask({ type: "ping" });
    }
    expect((await mallory.ask({ type: "list_scheduled" })).scheduled).toEqual([]);
    await mallory.publish("general", "after", "after");
    const { messages } = await mallory.ask({ type: "list_messages", room: "general" });
    expect(messages.map(({ text }) => text)).toEqual(["after"]);
  });

  test("votes for what is not there, for ever so much, and for nothing that is a place", async () => {
    const { one } = await fleet([]);
    const mallory = await one.signIn("mallory");
    const poll = { options: odd(3), several: true } as const;
    const said = { type: "publish", room: "general", text: "?", client_message_id: "p" } as const;
    const { message_id } = await mallory.ask<"publish">({ ...said, poll });
    for (const choices of [[3], [-1], [1.5], ["0"], [0, 0], odd(1_000), { 0: 1 }, null, [1e20]]) {
      const answer = await mallory.answer({
        type: "vote",
        room: "general",
        message_id,
        choices,
      } as never);
      expect([choices, answer]).toMatchObject([choices, { code: "bad_request" }]);
    }
    const view = await mallory.ask<"get_message">({ type: "get_message", message_id });
    expect(view.poll?.voters).toBe(0);
  });
});
