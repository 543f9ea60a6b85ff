import { crc32 } from "node:zlib";
import type { Broker, Notice, Report, Subject } from "@parlance/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { TcpProxy } from "../tcp-proxy.ts";
import { describeBrokerFaults } from "./broker-faults.ts";
import {
  committed,
  ephemeralNotices,
  eventually,
  type Heard,
  headsOf,
  hearer,
  subject,
} from "./broker-notices.ts";

/** Whose broker it is, and how it reaches the service. */
export interface BrokerPlace {
  readonly installId: string;
  readonly nodeId: string;
  /** `proxy`: through the harness's proxy. `nowhere`: an address where nobody listens. Absent: the service itself. */
  readonly via?: "proxy" | "nowhere";
  readonly report: Report;
}

/** What an adapter brings to the suite. */
export interface BrokerHarness {
  open(place: BrokerPlace): Promise<Broker>;
  /** Stands between the service and brokers that are opened via `proxy`. Absent: nothing can come between. */
  readonly proxy?: TcpProxy;
  /** Sends bytes to the install's nodes by the driver alone, as a stranger would. */
  inject?(installId: string, subject: Subject, bytes: Buffer): Promise<void>;
  close(): Promise<void>;
}

/** Opens brokers of one node after another, all of this test's own install, and closes them. */
export interface BrokerTest {
  readonly harness: BrokerHarness;
  readonly installId: string;
  /** Events that the brokers reported. */
  readonly reported: string[];
  open(nodeId: string, place?: Partial<BrokerPlace>): Promise<Broker>;
}

let installs = 0;

/** @returns the running test's brokers. */
function useBrokers(start: () => Promise<BrokerHarness>): () => BrokerTest {
  let current: BrokerTest | undefined;
  let opened: Broker[] = [];
  beforeEach(async () => {
    const harness = await start();
    installs += 1;
    const installId = `test-${process.pid}-${installs}-${Math.random().toString(36).slice(2)}`;
    const reported: string[] = [];
    opened = [];
    current = {
      harness,
      installId,
      reported,
      async open(nodeId, place = {}) {
        const report: Report = (_, event) => void reported.push(event);
        const broker = await harness.open({ installId, nodeId, report, ...place });
        opened.push(broker);
        return broker;
      },
    };
  });
  afterEach(async () => {
    await Promise.all(opened.map((broker) => broker.close()));
    await current?.harness.close();
  });
  return () => {
    if (current === undefined) throw new Error("only inside a test");
    return current;
  };
}

/**
 * Everything that core relies on in a `Broker`.
 *
 * @param name The adapter's, as it shows in the report.
 * @param start Called before each test.
 */
export function describeBroker(
  name: string,
  start: () => Promise<BrokerHarness>,
  kinds: { readonly hasProxy: boolean; readonly canInject: boolean },
): void {
  describe(`broker: ${name}`, () => {
    const brokers = useBrokers(start);
    describeDelivery(brokers);
    if (kinds.hasProxy) describeBrokerFaults(brokers);
    if (kinds.canInject) describeStrangers(brokers);
  });
}

function describeDelivery(brokers: () => BrokerTest): void {
  describe("delivery", () => {
    test("a notice arrives at every other node and not at its sender", async () => {
      const nodes = await Promise.all(["a", "b", "c"].map((id) => brokers().open(id)));
      const heard = await Promise.all(nodes.map((node) => hearer(node, subject("r1"))));
      nodes[0]?.publish(subject("r1"), committed("r1", [1]));
      await eventually(() => heard[1]?.length === 1 && heard[2]?.length === 1);
      expect(heard[1]).toEqual([committed("r1", [1])]);
      expect(heard[2]).toEqual([committed("r1", [1])]);
      expect(heard[0]).toEqual([]);
    });

    test("[OPEN-2] every kind of notice arrives as it was sent", async () => {
      const [a, b] = [await brokers().open("a"), await brokers().open("b")];
      const room = await hearer(b, subject("r1"));
      const control = await hearer(b, "control");
      const [sent, told] = [allNotices(), controlNotices()];
      for (const notice of sent) a.publish(subject("r1"), notice);
      for (const notice of told) a.publish("control", notice);
      await eventually(() => room.length >= sent.length && control.length >= told.length);
      expect(room).toEqual(sent);
      expect(control).toEqual(told);
    });

    test("notices of one node on one subject arrive in order", async () => {
      const [a, b] = [await brokers().open("a"), await brokers().open("b")];
      const heard = await hearer(b, "control");
      for (let turn = 0; turn < 50; turn += 1) {
        for (let n = 0; n < 20; n += 1) {
          a.publish("control", { type: "control", head: turn * 20 + n });
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
      await eventually(() => heard.length >= 1_000);
      expect(headsOf(heard)).toEqual(Array.from({ length: 1_000 }, (_, n) => n));
    });

    test("the notices of one turn on one subject are one message", async () => {
      const [a, b] = [await brokers().open("a"), await brokers().open("b")];
      const heard = await hearer(b, "control");
      const before = a.counts?.().sent;
      for (let head = 0; head < 100; head += 1) a.publish("control", { type: "control", head });
      await eventually(() => heard.length >= 100);
      expect(headsOf(heard)).toEqual(Array.from({ length: 100 }, (_, n) => n));
      if (before !== undefined) expect(a.counts?.().sent).toBe(before + 1);
    });

    test("a node hears only what it subscribed to, each listener once", async () => {
      const [a, b] = [await brokers().open("a"), await brokers().open("b")];
      const r1 = await hearer(b, subject("r1"));
      const again = await hearer(b, subject("r1"));
      a.publish(subject("r2"), committed("r2", [1]));
      a.publish(subject("r1"), committed("r1", [1]));
      await eventually(() => r1.length > 0 && again.length > 0);
      expect(r1).toEqual([committed("r1", [1])]);
      expect(again).toEqual([committed("r1", [1])]);
    });

    test("after unsubscribing nothing arrives, another listener goes on", async () => {
      const [a, b] = [await brokers().open("a"), await brokers().open("b")];
      const gone: Notice[] = [];
      const unsubscribe = await b.subscribe(subject("r1"), (notice) => gone.push(notice));
      const stays = await hearer(b, subject("r1"));
      unsubscribe();
      unsubscribe();
      a.publish(subject("r1"), committed("r1", [1]));
      await eventually(() => stays.length === 1);
      expect(gone).toEqual([]);
    });

    test("a subject that was left and is subscribed to again is heard", async () => {
      const [a, b] = [await brokers().open("a"), await brokers().open("b")];
      for (let round = 1; round <= 10; round += 1) {
        const heard: Notice[] = [];
        const unsubscribe = await b.subscribe(subject("r1"), (notice) => heard.push(notice));
        a.publish(subject("r1"), committed("r1", [round]));
        await eventually(() => heard.length === 1);
        expect(heard).toEqual([committed("r1", [round])]);
        unsubscribe();
      }
    });

    test("leaving and coming in one breath ends subscribed", async () => {
      const [a, b] = [await brokers().open("a"), await brokers().open("b")];
      let heard: Heard = [];
      for (let round = 0; round < 20; round += 1) {
        const mine: Notice[] = [];
        const wait = b.subscribe(subject("r1"), (notice) => mine.push(notice));
        if (round < 19) void wait.then((unsubscribe) => unsubscribe());
        else await wait;
        heard = mine;
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
      a.publish(subject("r1"), committed("r1", [1]));
      await eventually(() => heard.length === 1);
    });

    test("two installs do not hear each other", async () => {
      const [a, b] = [await brokers().open("a"), await brokers().open("b")];
      const other = `${brokers().installId}-other`;
      const stranger = await brokers().open("a2", { installId: other });
      const strangerPeer = await brokers().open("b2", { installId: other });
      const [ours, theirs] = [await hearer(b, "control"), await hearer(strangerPeer, "control")];
      stranger.publish("control", { type: "control", head: 1 });
      a.publish("control", { type: "control", head: 2 });
      await eventually(() => ours.length > 0 && theirs.length > 0);
      expect([headsOf(ours), headsOf(theirs)]).toEqual([[2], [1]]);
    });

    test("an install's id may be any text", async () => {
      for (const installId of ["a.b", "*", ">", "#", "ünïcode ✓", "x".repeat(500)]) {
        const id = `${installId} ${brokers().installId}`;
        const [a, b] = await Promise.all(
          ["a", "b"].map((nodeId) => brokers().open(nodeId, { installId: id })),
        );
        if (a === undefined || b === undefined) throw new Error("not opened");
        const heard = await hearer(b, "control");
        a.publish("control", { type: "control", head: 7 });
        await eventually(() => heard.length === 1);
      }
    });

    test("odd ids of rooms are told apart and are no patterns", async () => {
      const [a, b] = [await brokers().open("a"), await brokers().open("b")];
      const ids = [
        "a.b",
        "a:b",
        "a-b",
        "a_b",
        "a.b.c",
        "a..b",
        "a.",
        "A.B",
        "a",
        "a=2Eb",
        "a.b:_-.",
      ];
      const rooms = [
        ...ids.filter((id) => !id.includes("=")),
        `z${".".repeat(127)}`,
        "9".repeat(128),
      ];
      const heard = new Map<string, Heard>();
      for (const room of rooms) heard.set(room, await hearer(b, subject(room)));
      rooms.forEach((room, n) => a.publish(subject(room), committed(room, [n + 1])));
      await eventually(() => [...heard.values()].every((list) => list.length > 0));
      rooms.forEach((room, n) => expect(heard.get(room)).toEqual([committed(room, [n + 1])]));
    });

    test("a notice of several megabytes arrives whole", async () => {
      const [a, b] = [await brokers().open("a"), await brokers().open("b")];
      const heard = await hearer(b, subject("r1"));
      const users = Array.from({ length: 60_000 }, (_, n) => {
        return { id: `user-${n}`, name: `Somebody with a name, ${n} ✓`, kind: "account" };
      });
      const notice = { type: "present", node: "a", users } as unknown as Notice;
      a.publish(subject("r1"), committed("r1", [1]));
      a.publish(subject("r1"), notice);
      a.publish(subject("r1"), committed("r1", [2]));
      await eventually(() => heard.length >= 3);
      expect(heard).toEqual([committed("r1", [1]), notice, committed("r1", [2])]);
    });

    test("a thousand subjects are subscribed to at once, and left", async () => {
      const [a, b] = [await brokers().open("a"), await brokers().open("b")];
      const rooms = Array.from({ length: 1_000 }, (_, n) => subject(`room-${n}`));
      let count = 0;
      const unsubscribes = await Promise.all(
        rooms.map((room) => b.subscribe(room, () => void (count += 1))),
      );
      for (const room of rooms) a.publish(room, committed(room, [1]));
      await eventually(() => count >= 1_000);
      expect(count).toBe(1_000);
      for (const unsubscribe of unsubscribes) unsubscribe();
      for (const room of rooms) a.publish(room, committed(room, [2]));
      const last = await hearer(b, "control");
      a.publish("control", { type: "control", head: 1 });
      await eventually(() => last.length === 1);
      expect(count).toBe(1_000);
    });

    test("what is published right before closing arrives", async () => {
      const [a, b] = [await brokers().open("a"), await brokers().open("b")];
      const heard = await hearer(b, "control");
      a.publish("control", { type: "control", head: 9 });
      await a.close();
      await eventually(() => heard.length === 1);
    });

    test("a closed broker takes everything and does nothing", async () => {
      const [a, b] = [await brokers().open("a"), await brokers().open("b")];
      if (a.counts === undefined) return;
      const heard = await hearer(b, "control");
      await a.close();
      await a.close();
      a.publish("control", { type: "control", head: 1 });
      expect(a.isConnected()).toBe(false);
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(heard).toEqual([]);
    });

    test("a listener that throws does not keep the others from hearing", async () => {
      const [a, b] = [await brokers().open("a"), await brokers().open("b")];
      if (b.counts === undefined) return;
      await b.subscribe("control", () => {
        throw new Error("a bug");
      });
      const heard = await hearer(b, "control");
      a.publish("control", { type: "control", head: 1 });
      await eventually(() => heard.length === 1);
      expect(brokers().reported).toContain("notice_failed");
    });
  });
}

function describeStrangers(brokers: () => BrokerTest): void {
  const inject = async (bytes: Buffer, room: Subject = subject("r1")): Promise<void> => {
    const { harness, installId } = brokers();
    await harness.inject?.(installId, room, bytes);
  };
  const envelope = (text: string, version = 1): Buffer =>
    sealed(
      Buffer.concat([
        Buffer.from([0x50, 0x4c, version, 0, 0, 0, 0, 0, 1]),
        Buffer.from(`x${text}`),
      ]),
    );
  const sealed = (bytes: Buffer): Buffer => {
    bytes.writeUInt32BE(crc32(bytes.subarray(8)), 4);
    return bytes;
  };

  test("[F-B7] corrupt, foreign, oversize and other-version messages are counted and ignored", async () => {
    const [a, b] = [await brokers().open("a"), await brokers().open("b")];
    const heard = await hearer(b, subject("r1"));
    // Valid JSON with another number in it than was sent.
    const garbled = envelope('[["h",4]]');
    garbled.write("5", garbled.length - 3);
    const odd = [
      Buffer.alloc(0),
      Buffer.from("hello"),
      Buffer.from('{"type":"committed"}'),
      Buffer.from([0x50, 0x4c]),
      Buffer.from([0x50, 0x4c, 1, 0, 0, 0, 0, 0, 255, 1]),
      garbled,
      envelope("[]", 2),
      envelope("not json"),
      envelope('{"c":1}'),
      envelope('[["c","e.1",[["1",0,0]]]]'),
      envelope("[".repeat(200_000)),
      Buffer.alloc(1_000_000, 0x50),
    ];
    for (const bytes of odd) await inject(bytes);
    a.publish(subject("r1"), committed("r1", [1]));
    await eventually(() => heard.length === 1 && b.counts?.().ignored === odd.length);
    expect(heard).toEqual([committed("r1", [1])]);
    expect(b.isConnected()).toBe(true);
    expect(brokers().reported.filter((event) => event !== "broker_connected")).toEqual([]);
  });

  test("[F-B7] what a newer version adds is passed over", async () => {
    const b = await brokers().open("b");
    const heard = await hearer(b, subject("r1"));
    await inject(envelope('[["z",1],["h",4,"more"],["c","e.1",[],{"and":"more"}]]'));
    await eventually(() => heard.length === 2);
    expect(heard).toEqual([
      { type: "control", head: 4 },
      { type: "committed", epoch: "e.1", events: [] },
    ]);
    expect(b.counts?.().ignored).toBe(0);
  });
}

function allNotices(): Notice[] {
  return [
    committed("r1", [1, 2, 3]),
    { ...committed("r1", []), events: [{ sequence: 4, revision: 2, countable: 3 }] } as Notice,
    ...ephemeralNotices("r1"),
    {
      type: "present",
      node: "a",
      users: [
        { id: "u1", name: "Ada", kind: "account" },
        { id: "u2", name: "Bob \ud83d\ude00", kind: "guest", number: 7 },
      ],
    } as unknown as Notice,
  ];
}

function controlNotices(): Notice[] {
  const position = { epoch: "e.1", offset: 5 };
  return [
    { type: "control", head: 12 },
    { type: "joined", fact: { user: "u1", room: "r1", position } } as unknown as Notice,
    {
      type: "ask",
      node: "a",
      id: "q1",
      question: "connections",
      detail: { user: "u\ud83d\ude00" },
    },
    { type: "ask", node: "a", id: "q2", question: "connections" },
    // Cut in the middle of a pair, as the parts of an answer may be.
    { type: "told", to: "a", node: "b", id: "q1", part: 0, parts: 2, text: '["\ud83d' },
    { type: "told", to: "a", node: "b", id: "q1", part: 1, parts: 2, text: '\ude00"]' },
  ];
}
