import { createMemoryBroker, MemoryHub } from "@parlance/broker/memory";
import type { ErrorFrame, ProtocolError, RoomId, ServerFrame } from "@parlance/protocol";
import { type Harness, startNode, type TestClient } from "@parlance/testkit/harness";
import { ManualClock, settle } from "@parlance/testkit/manual-clock";
import { createMemoryStore } from "@parlance/testkit/memory";
import { describe, expect, test } from "vitest";
import type { Identity, RateStore } from "../ports/index.ts";
import { Tally } from "../tally.ts";
import { Rates } from "./rates.ts";
import { presetRates, type RateRule } from "./rules.ts";
import { createMemoryRateStore } from "./shares.ts";

const perUser: RateRule = { per: "user", of: "writes", perSecond: 10, burst: 100 };

interface Fleet {
  readonly clock: ManualClock;
  readonly nodes: readonly Harness[];
}

/** Nodes on one store, with one clock. */
async function fleet(
  count: number,
  rates: readonly RateRule[],
  rateStore?: (clock: ManualClock) => RateStore,
): Promise<Fleet> {
  let seed = 7;
  const random = (): number => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  const clock = new ManualClock();
  const store = createMemoryStore({ random, now: () => clock.now() });
  const shared = rateStore?.(clock);
  const hub = new MemoryHub();
  const nodes = await Promise.all(
    Array.from({ length: count }, (_, n) =>
      startNode({
        ...store,
        broker: createMemoryBroker(hub),
        clock,
        nodeId: `n${n}`,
        settings: { rates },
        ...(shared === undefined ? {} : { rateStore: shared }),
      }),
    ),
  );
  return { clock, nodes };
}

const shared = (clock: ManualClock): RateStore => createMemoryRateStore(() => clock.monotonic());

let keys = 0;
function say(client: TestClient, room = "general"): Promise<ServerFrame> {
  keys += 1;
  return client.answer({ type: "publish", room, text: "x", client_message_id: `k${keys}` });
}

const isDone = ({ type }: ServerFrame): boolean => type === "reply";

/** Each client says so much at once. @returns how many were done. */
async function flood(clients: readonly TestClient[], each: number): Promise<number> {
  const answers = await Promise.all(
    clients.flatMap((client) => Array.from({ length: each }, () => say(client))),
  );
  for (const answer of answers) {
    if (isDone(answer)) continue;
    const { code, details } = answer as ErrorFrame;
    expect(code).toBe("rate_limited");
    expect(details?.["retry_after_ms"]).toBeGreaterThan(0);
  }
  return answers.filter(isDone).length;
}

describe("on one node", () => {
  test("[R9] [MMB-31] a user has one bucket over all connections, and others have their own", async () => {
    const { nodes, clock } = await fleet(1, [perUser]);
    const [node] = nodes as [Harness];
    const clients = await Promise.all([1, 2, 3, 4].map(() => node.signIn("ann")));
    expect(await flood(clients, 40)).toBe(100);
    const bob = await node.signIn("bob");
    expect((await say(bob)).type).toBe("reply");
    await clock.advance(1_000);
    expect(await flood(clients, 40)).toBe(10);
  });

  test("[R9] who is refused is told how long, by which rate, and stays connected", async () => {
    const { nodes, clock } = await fleet(1, [perUser]);
    const [node] = nodes as [Harness];
    const ann = await node.signIn("ann");
    await flood([ann], 100);
    const refused = (await say(ann)) as ErrorFrame;
    expect(refused).toMatchObject({
      code: "rate_limited",
      retry: "later",
      details: { retry_after_ms: 100, per: "user" },
    });
    expect(ann.closedWith).toBeUndefined();
    await clock.advance(100);
    expect((await say(ann)).type).toBe("reply");
  });

  test("[R9] reads have a bucket of their own, and what costs the database nothing has none", async () => {
    const { nodes } = await fleet(1, [perUser, { ...perUser, of: "reads", burst: 5 }]);
    const [node] = nodes as [Harness];
    const ann = await node.signIn("ann");
    await flood([ann], 100);
    const read = () => ann.answer({ type: "history", room: "general" });
    const pages = await Promise.all(Array.from({ length: 10 }, read));
    expect(pages.filter(isDone)).toHaveLength(5);
    const pings = await Promise.all(Array.from({ length: 50 }, () => ann.answer({ type: "ping" })));
    expect(pings.every(isDone)).toBe(true);
  });

  test("[R9] commands without a connection come from the same bucket", async () => {
    const { nodes } = await fleet(1, [perUser]);
    const [node] = nodes as [Harness];
    const ann = await node.signIn("ann");
    await flood([ann], 99);
    const identity = { user: "ann", name: "ann", kind: "external", principal: "ann" };
    const publish = (n: number): Promise<unknown> =>
      node.node.execute(identity as Identity, {
        type: "publish",
        id: 0,
        room: "general" as RoomId,
        text: "x",
        client_message_id: `rest${n}` as never,
      });
    await publish(1);
    await expect(publish(2)).rejects.toMatchObject({ code: "rate_limited" });
    expect(node.node.rate(identity as Identity, "writes")).toEqual({
      perSecond: 10,
      burst: 100,
      remaining: 0,
    });
  });

  test("[R9] what only a connection's rate counts is a read of somebody without one", async () => {
    const { nodes } = await fleet(1, [{ ...perUser, of: "reads", burst: 5 }]);
    const [node] = nodes as [Harness];
    await (await node.signIn("ann")).publish("general", "hello", "a1");
    const identity = { user: "ann", name: "ann", kind: "external", principal: "ann" };
    const append = async (n: number): Promise<string> => {
      try {
        await node.node.execute(identity as Identity, {
          type: "append_text",
          id: 0,
          room: "general" as RoomId,
          message_id: `unknown${n}`,
          at: 0,
          text: "x",
        });
        return "done";
      } catch (error) {
        return (error as ProtocolError).code;
      }
    };
    const codes = await Promise.all(Array.from({ length: 7 }, (_, n) => append(n)));
    expect(codes).toEqual([
      ...Array.from({ length: 5 }, () => "not_found"),
      ...Array.from({ length: 2 }, () => "rate_limited"),
    ]);
  });

  test("back ends are limited by their own rules only, key by key", async () => {
    const { nodes } = await fleet(1, [perUser, { ...perUser, per: "key", burst: 3 }]);
    const [node] = nodes as [Harness];
    const service = (key: string): Identity =>
      ({
        user: "service:s",
        kind: "service",
        principal: "service:s",
        key,
        scopes: ["admin"],
      }) as unknown as Identity;
    const publish = async (key: string): Promise<boolean> => {
      keys += 1;
      const done = node.node.execute(service(key), {
        type: "publish",
        id: 0,
        room: "general" as RoomId,
        text: "x",
        client_message_id: `s${keys}` as never,
      });
      return done.then(() => true).catch(() => false);
    };
    const first = await Promise.all([1, 2, 3, 4, 5].map(() => publish("k1")));
    expect(first).toEqual([true, true, true, false, false]);
    expect(await publish("k2")).toBe(true);
  });

  test("a rule for a kind of room narrows only that, whether the room is open here or not", async () => {
    const inPrivate: RateRule = { ...perUser, kind: "private", burst: 2 };
    const { nodes } = await fleet(1, [perUser, inPrivate]);
    const [node] = nodes as [Harness];
    const ann = await node.signIn("ann");
    const { room } = await ann.ask({ type: "create_room", kind: "private", title: "p" });
    const answers = await Promise.all([1, 2, 3, 4].map(() => say(ann, room)));
    expect(answers.map(isDone)).toEqual([true, true, false, false]);
    expect((await say(ann)).type).toBe("reply");
  });

  test("a refusal costs the other buckets of the command nothing", async () => {
    const { nodes } = await fleet(1, [perUser, { ...perUser, dialect: "native", burst: 10 }]);
    const [node] = nodes as [Harness];
    const ann = await node.signIn("ann");
    expect(await flood([ann], 60)).toBe(10);
    const identity = { user: "ann", kind: "external", principal: "ann" } as Identity;
    expect(node.node.rate(identity, "writes")?.remaining).toBe(90);
  });

  test("where connections are not limited, nothing is unless it is said", () => {
    expect(presetRates(0, 200)).toEqual([]);
    expect(presetRates(50, 200)).toContainEqual({
      per: "user",
      of: "writes",
      perSecond: 50,
      burst: 200,
    });
  });
});

describe("memory", () => {
  test("[I-25] buckets that are full again are forgotten, and so are the oldest of too many", async () => {
    const clock = new ManualClock();
    const rates = new Rates({
      rules: [{ ...perUser, per: "network" }],
      nodeId: "n",
      clock,
      report: () => {},
      tally: new Tally(),
      kindOf: () => "public",
    });
    const identity = { user: "a", kind: "guest", principal: "a" } as Identity;
    const from = (address: string): void => {
      const seat = rates.seat({ identity, dialect: "native", address });
      try {
        void seat.take({ type: "publish" } as never);
      } catch (error) {
        expect(error).toMatchObject({ code: "rate_limited" });
      }
    };
    for (let n = 0; n < 60_000; n += 1) from(`10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`);
    expect(rates.count).toBe(50_000);
    await clock.advance(60_000);
    rates.sweep();
    expect(rates.count).toBe(0);
    for (let n = 0; n < 1_000; n += 1) from(`2001:db8:0:1::${n.toString(16)}`);
    for (let n = 0; n < 1_000; n += 1) from("127.0.0.1");
    expect(rates.count).toBe(1);
  });
});

describe("on a fleet", () => {
  test("[R9] [MMB-31] one user over three nodes gets no more than one bucket has, and a bystander passes", async () => {
    const { nodes, clock } = await fleet(3, [perUser], shared);
    const clients = await Promise.all(nodes.map((node) => node.signIn("ann")));
    const bob = await (nodes[1] as Harness).signIn("bob");
    let done = await flood(clients, 60);
    expect(done).toBe(100);
    for (let second = 1; second <= 5; second += 1) {
      await clock.advance(1_000);
      done += await flood(clients, 20);
      expect((await say(bob)).type).toBe("reply");
      expect(done).toBeLessThanOrEqual(100 + second * 10);
    }
    // And not much less: what is held is spent where the user is.
    expect(done).toBeGreaterThanOrEqual(100 + 5 * 10 - 12);
  });

  test("the order of a connection's commands is kept where one has to wait for its token", async () => {
    const { nodes } = await fleet(1, [perUser], (clock) => {
      const store = shared(clock);
      return {
        take: async (wants) => {
          await settle(3);
          return store.take(wants);
        },
      };
    });
    const [node] = nodes as [Harness];
    const ann = await node.signIn("ann");
    await ann.ask({ type: "subscribe", room: "general" });
    const texts = Array.from({ length: 30 }, (_, n) => `t${n}`);
    await Promise.all(texts.map((text) => ann.publish("general", text, text)));
    await settle();
    expect(ann.texts("general")).toEqual(texts);
  });

  test("most commands ask nobody: the node holds a few tokens of whoever writes here", async () => {
    let questions = 0;
    const { nodes, clock } = await fleet(1, [perUser], (time) => {
      const store = shared(time);
      return {
        take: (wants) => {
          questions += 1;
          return store.take(wants);
        },
      };
    });
    const [node] = nodes as [Harness];
    const ann = await node.signIn("ann");
    for (let n = 0; n < 100; n += 1) {
      await say(ann);
      await clock.advance(100);
    }
    expect(questions).toBeLessThan(60);
  });

  test("[F-B3] without the store each node goes by its own buckets, says so once, and shares again later", async () => {
    let isAway = true;
    const { nodes, clock } = await fleet(2, [perUser], (time) => {
      const store = shared(time);
      return {
        take: (wants) => (isAway ? Promise.reject(new Error("away")) : store.take(wants)),
      };
    });
    const clients = await Promise.all(nodes.map((node) => node.signIn("ann")));
    expect(await flood(clients, 150)).toBe(200);
    const told = (node: Harness, event: string): number =>
      node.reports.filter((report) => report.event === event).length;
    for (const node of nodes) {
      expect(told(node, "rates_alone")).toBe(1);
      expect(node.node.ratesAreShared()).toBe(false);
    }
    isAway = false;
    await clock.advance(1_000);
    for (const node of nodes) {
      expect(told(node, "rates_shared")).toBe(1);
      expect(node.node.ratesAreShared()).toBe(true);
    }
    expect(await flood(clients, 150)).toBe(100);
  });

  test("[F-B3] a store that does not answer holds commands up once, for a second", async () => {
    const { nodes, clock } = await fleet(1, [perUser], () => ({
      take: () => new Promise(() => {}),
    }));
    const [node] = nodes as [Harness];
    const ann = await node.signIn("ann");
    const answer = say(ann);
    await settle();
    await clock.advance(1_000);
    expect((await answer).type).toBe("reply");
    expect((await say(ann)).type).toBe("reply");
  });
});
