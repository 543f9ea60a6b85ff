/** What every door keeps whose service holds publications until they have a verdict. Run against the real services. */
import { describeWith, type ServiceName, serviceUrl } from "@parlance/testkit/services";
import { TcpProxy } from "@parlance/testkit/tcp-proxy";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Door, Lease } from "../src/door.ts";
import type { Doorway } from "../src/doorway.ts";
import type { ServiceHost } from "../src/line/service-url.ts";
import { ownLease, type Rig, SharedLease, startRig, wait } from "./rig.ts";

export interface OpenAt {
  readonly hosts: readonly ServiceHost[];
  readonly doorway: Doorway;
  readonly report: Rig["report"];
  readonly lease: Lease;
  /** The node's name. */
  readonly node: string;
}

/** A queue, stream or the like that is the test's own. */
export interface DurableService {
  open(at: OpenAt): Promise<Door>;
  /** Resolves when the service has it. */
  publish(body: string | Uint8Array): Promise<void>;
  /** Publications that the service still holds. Asked when all are published. */
  left(): Promise<number>;
  /** Reasons of those that were set aside. */
  refused(): Promise<readonly (string | undefined)[]>;
  /** Deletes what the door reads, as somebody might. */
  removeSource(): Promise<void>;
  /** Away with everything. */
  end(): Promise<void>;
}

const rooms = ["red", "green", "blue"] as const;

/** Wrong in every way. None of them holds up the others. */
const poison: readonly (string | Uint8Array)[] = [
  "",
  "{",
  "[]",
  "null",
  "42",
  '"text"',
  '{"room":"red"}',
  '{"text":"without a target"}',
  '{"room":"red","user":"ann","text":"two targets"}',
  '{"room":"not a room","text":"x"}',
  '{"room":"r_unknown","text":"no such room"}',
  '{"room":"red","text":42}',
  '{"room":"red","text":"x","data":[]}',
  '{"room":"red","text":"x","idempotency_key":"with a blank"}',
  '{"room":"red","text":"\\u0000"}',
  `{"room":"red","text":"${"x".repeat(20_000)}"}`,
  `{"room":"red","text":"${"x".repeat(300_000)}"}`,
  `{"room":"red","text":"x","data":${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}}`,
  Buffer.from([0xff, 0xfe, 0x00, 0x80, 0xc3]),
  Buffer.from('{"room":"red","text":"\xe9"}', "latin1"),
];

export function describeDurableDoor(
  name: ServiceName,
  title: string,
  start: () => Promise<DurableService>,
): void {
  describeWith(name)(title, { timeout: 90_000 }, () => {
    let rig: Rig;
    let service: DurableService;
    const doors: Door[] = [];
    const proxies: TcpProxy[] = [];

    beforeEach(async () => {
      rig = startRig();
      service = await start();
    });

    afterEach(async () => {
      await Promise.all(doors.splice(0).map((door) => door.close()));
      await Promise.all(proxies.splice(0).map((proxy) => proxy.close()));
      await service.end();
    });

    async function newProxy(): Promise<TcpProxy> {
      const { hostname, port } = new URL(serviceUrl(name));
      const proxy = await TcpProxy.open({ host: hostname, port: Number(port) });
      proxies.push(proxy);
      return proxy;
    }

    async function open(
      proxy: TcpProxy,
      lease = ownLease,
      node = "one",
      dead: readonly ServiceHost[] = [],
    ): Promise<[Door, Doorway]> {
      const doorway = await rig.newDoorway();
      const { report } = rig;
      const hosts = [...dead, { host: "127.0.0.1", port: proxy.port }];
      const door = await service.open({ hosts, doorway, report, lease, node });
      doors.push(door);
      return [door, doorway];
    }

    /** Publishes so many, each when the one before has its acknowledgement. @returns the texts of each room. */
    async function publishMany(count: number, first = 0): Promise<Map<string, string[]>> {
      const sent = new Map<string, string[]>(rooms.map((room) => [room, []]));
      for (let index = first; index < first + count; index += 1) {
        const room = rooms[Math.floor(Math.random() * rooms.length)] ?? "red";
        const text = `${index}`;
        await service.publish(JSON.stringify({ room, text }));
        sent.get(room)?.push(text);
        if (index % 20 === 0) await wait(Math.random() * 20);
      }
      return sent;
    }

    async function expectAll(sent: ReadonlyMap<string, readonly string[]>): Promise<void> {
      for (const [room, texts] of sent) {
        await expect
          .poll(async () => (await rig.texts(room)).length, { timeout: 30_000, interval: 50 })
          .toBeGreaterThanOrEqual(texts.length);
      }
      for (const [room, texts] of sent) expect(await rig.texts(room)).toEqual(texts);
    }

    /** What was handed in ahead is acknowledged when the service sends it again. */
    async function expectNothingLeft(): Promise<void> {
      await expect.poll(() => service.left(), { timeout: 45_000, interval: 250 }).toBe(0);
      await Promise.all(doors.splice(0).map((door) => door.close()));
      expect(await service.left()).toBe(0);
    }

    test("[I-9] publishes in order what was there before it, and what comes", async () => {
      const before = await publishMany(150);
      const [door] = await open(await newProxy());
      const after = await publishMany(150, 150);
      await expectAll(
        new Map([...before].map(([room, a]) => [room, [...a, ...(after.get(room) ?? [])]])),
      );
      await expect
        .poll(() => door.status())
        .toMatchObject({ isOpen: true, published: 300, refused: 0, underWay: 0 });
      await expectNothingLeft();
    });

    test("[I-1] every acknowledged publish appears once and in order while the connection is cut", async () => {
      const proxy = await newProxy();
      await open(proxy);
      let isDone = false;
      let cuts = 0;
      const cutting = (async () => {
        while (!isDone) {
          await wait(20 + Math.random() * 180);
          if (proxy.connections === 0) continue;
          proxy.cut(Math.random() < 0.5 ? "rst" : "fin");
          cuts += 1;
        }
      })();
      const sent = new Map<string, string[]>(rooms.map((room) => [room, []]));
      for (let count = 0; cuts < 10 || count < 600; count += 50) {
        for (const [room, texts] of await publishMany(50, count)) sent.get(room)?.push(...texts);
        await wait(50);
      }
      isDone = true;
      await cutting;
      expect(cuts).toBeGreaterThanOrEqual(10);
      await expectAll(sent);
      await expectNothingLeft();
    });

    test("[F-N1] [F-N2] the same while its process is killed with all that it has taken and not acknowledged", async () => {
      const lease = new SharedLease();
      const sent = new Map<string, string[]>(rooms.map((room) => [room, []]));
      const publish = async (first: number): Promise<void> => {
        for (const [room, texts] of await publishMany(100, first)) sent.get(room)?.push(...texts);
      };
      for (let life = 0; life < 5; life += 1) {
        const node = `node${life}`;
        const proxy = await newProxy();
        const [door, doorway] = await open(proxy, lease.of(node), node);
        await expect.poll(() => door.status().isOpen).toBe(true);
        await publish(life * 200);
        // From here on its acknowledgements arrive nowhere. It publishes what it hears, or has no time for that.
        proxy.blackHole("toServer");
        if (life % 2 === 0) void doorway.close();
        await publish(life * 200 + 100);
        await wait(Math.random() * 100);
        lease.kill(node);
        await proxy.refuse();
        await doorway.close();
      }
      await open(await newProxy(), lease.of("last"), "last");
      await expectAll(sent);
      await expect.poll(() => doors.at(-1)?.status().underWay).toBe(0);
    });

    test("[F-N5] two nodes and a lease that changes hands under both keep the order", async () => {
      const lease = new SharedLease(300);
      const [one, two] = [await newProxy(), await newProxy()];
      await open(one, lease.of("one"), "one");
      await open(two, lease.of("two"), "two");
      let isDone = false;
      let changes = 0;
      const changing = (async () => {
        while (!isDone) {
          await wait(100 + Math.random() * 300);
          lease.passTo(lease.holder === "one" ? "two" : "one");
          changes += 1;
          // Where the service itself chooses, this is what it notices.
          if (changes % 3 === 0) (changes % 2 === 0 ? one : two).cut();
        }
      })();
      const sent = new Map<string, string[]>(rooms.map((room) => [room, []]));
      for (let count = 0; changes < 10 || count < 600; count += 50) {
        for (const [room, texts] of await publishMany(50, count)) sent.get(room)?.push(...texts);
        await wait(100);
      }
      isDone = true;
      await changing;
      await expectAll(sent);
      await expectNothingLeft();
    });

    test("[R5] what is wrong is set aside with its reason and holds nothing up", async () => {
      const [door] = await open(await newProxy());
      const texts: string[] = [];
      for (const [index, body] of poison.entries()) {
        await service.publish(body);
        await service.publish(JSON.stringify({ room: "red", text: `good ${index}` }));
        texts.push(`good ${index}`);
      }
      await expectAll(new Map([["red", texts]]));
      await expect
        .poll(() => door.status())
        .toMatchObject({
          isOpen: true,
          published: texts.length,
          refused: poison.length,
          underWay: 0,
        });
      const reasons = await service.refused();
      expect(reasons).toHaveLength(poison.length);
      expect(new Set(reasons)).toEqual(new Set(["bad_request", "too_large", "not_found"]));
      const refusals = rig.told.filter(({ event }) => event === "door_refused");
      expect(refusals.length).toBeGreaterThan(0);
      expect(refusals[0]?.fields).toMatchObject({ door: door.name, error_code: "bad_request" });
      expect(JSON.stringify(rig.told)).not.toContain("two targets");
      await expectNothingLeft();
    });

    test("a publication's own key wins over the door's, and the same key again is stored once", async () => {
      await open(await newProxy());
      const body = JSON.stringify({ room: "red", text: "once", idempotency_key: "own-key" });
      for (let count = 0; count < 3; count += 1) await service.publish(body);
      await service.publish(JSON.stringify({ room: "red", text: "twice" }));
      await service.publish(JSON.stringify({ room: "red", text: "twice" }));
      await expectAll(new Map([["red", ["once", "twice", "twice"]]]));
    });

    test("[F-B1] it opens within two seconds though the service is away, and takes everything when it comes", async () => {
      const proxy = await newProxy();
      await proxy.refuse();
      const startedAt = performance.now();
      const [door] = await open(proxy);
      expect(performance.now() - startedAt).toBeLessThan(3_000);
      expect(door.status().isOpen).toBe(false);
      const sent = await publishMany(20);
      await proxy.pass();
      await expectAll(sent);
      expect(door.status().isOpen).toBe(true);
      const events = rig.told.map(({ event }) => event);
      expect(events).toEqual(["door_lost", "door_back"]);
    });

    test("[F-B1] of several hosts it takes one that is there", async () => {
      const [gone, proxy] = [await newProxy(), await newProxy()];
      await gone.refuse();
      const dead = [{ host: "127.0.0.1", port: gone.port }];
      const [door] = await open(proxy, ownLease, "one", dead);
      await expectAll(await publishMany(10));
      expect(door.status().isOpen).toBe(true);
    });

    test("a node that cannot reach the service leaves it to another", async () => {
      const lease = new SharedLease(30_000);
      const [gone, proxy] = [await newProxy(), await newProxy()];
      await gone.refuse();
      await open(gone, lease.of("one"), "one");
      const sent = await publishMany(10);
      await expect.poll(() => lease.holder, { timeout: 10_000 }).toBe(undefined);
      await open(proxy, lease.of("two"), "two");
      await expectAll(sent);
    });

    test("[F-B3] a connection that is open and dead is found by pings and made anew", async () => {
      const proxy = await newProxy();
      const held: (() => void)[] = [];
      proxy.inspector = (connection) => {
        held.push(() => connection.hold());
        return {};
      };
      await open(proxy);
      const before = await publishMany(10);
      await expectAll(before);
      for (const hold of held.splice(0)) hold();
      const after = await publishMany(10, 10);
      await expectAll(
        new Map([...before].map(([room, a]) => [room, [...a, ...(after.get(room) ?? [])]])),
      );
    });

    test("[F-B9] what it reads is deleted under it: it is made again, and what comes then is taken", async () => {
      const proxy = await newProxy();
      const [door] = await open(proxy);
      await service.publish(JSON.stringify({ room: "red", text: "before" }));
      await expectAll(new Map([["red", ["before"]]]));
      await service.removeSource();
      await expect
        .poll(() => rig.told.some(({ event }) => event === "door_lost"), { timeout: 20_000 })
        .toBe(true);
      await expect.poll(() => door.status().isOpen, { timeout: 20_000 }).toBe(true);
      await service.publish(JSON.stringify({ room: "red", text: "after" }));
      await expectAll(new Map([["red", ["before", "after"]]]));
    });

    test("closing it lets nothing more in and leaves the rest with the service", async () => {
      const [door] = await open(await newProxy());
      const first = await publishMany(100);
      await door.close();
      expect(door.status()).toMatchObject({ isOpen: false, underWay: 0 });
      const second = await publishMany(20, 100);
      await open(await newProxy());
      await expectAll(
        new Map([...first].map(([room, a]) => [room, [...a, ...(second.get(room) ?? [])]])),
      );
    });
  });
}
