/** What every door keeps that listens to a service which keeps nothing. Run against the real services. */
import { randomUUID } from "node:crypto";
import { describeWith, type ServiceName, serviceUrl } from "@parlance/testkit/services";
import { TcpProxy } from "@parlance/testkit/tcp-proxy";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Door, Lease } from "../src/door.ts";
import type { Doorway, Verdict } from "../src/doorway.ts";
import type { ForeignReader } from "../src/read.ts";
import { ownLease, type Rig, SharedLease, startRig, wait } from "./rig.ts";

export interface ListenAt {
  readonly port: number;
  /** All channels whose names begin so. */
  readonly prefix: string;
  readonly doorway: Doorway;
  readonly report: Rig["report"];
  readonly lease: Lease;
  readonly foreign: readonly ForeignReader[];
}

export interface ListenedService {
  open(at: ListenAt): Promise<Door>;
  /** Resolves when the service has handed it to whoever listens. */
  publish(channel: string, body: string | Uint8Array): Promise<void>;
  end(): Promise<void>;
}

/** As the server gives them for pages of other systems. */
const foreign: readonly ForeignReader[] = [
  ({ type, room, message }) => (type === "message" ? { room, text: message } : undefined),
  ({ type, message, data }) =>
    type === "notification"
      ? { text: message, ...(data === undefined ? {} : { data }) }
      : undefined,
];

export function describeListeningDoor(
  name: ServiceName,
  title: string,
  start: () => Promise<ListenedService>,
): void {
  describeWith(name)(title, { timeout: 60_000 }, () => {
    let rig: Rig;
    let service: ListenedService;
    let prefix: string;
    const doors: Door[] = [];
    const proxies: TcpProxy[] = [];

    beforeEach(async () => {
      rig = startRig();
      service = await start();
      prefix = `t${randomUUID().slice(0, 8)}`;
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

    async function open(proxy: TcpProxy, lease: Lease = ownLease, way?: Doorway): Promise<Door> {
      const doorway = way ?? (await rig.newDoorway());
      const { report } = rig;
      const door = await service.open({
        port: proxy.port,
        prefix,
        doorway,
        report,
        lease,
        foreign,
      });
      doors.push(door);
      return door;
    }

    async function expectTexts(room: string, texts: readonly string[]): Promise<void> {
      await expect
        .poll(async () => (await rig.texts(room)).length, { timeout: 20_000 })
        .toBeGreaterThanOrEqual(texts.length);
      expect(await rig.texts(room)).toEqual(texts);
    }

    test("[I-9] publishes in the order of arrival, each once, while it listens", async () => {
      const door = await open(await newProxy());
      const sent = new Map<string, string[]>();
      for (let index = 0; index < 500; index += 1) {
        const room = `${prefix}.${index % 3}`;
        sent.set(room, [...(sent.get(room) ?? []), `${index}`]);
        await service.publish(room, `${index}`);
      }
      for (const [room, texts] of sent) await expectTexts(room, texts);
      await expect
        .poll(() => door.status())
        .toMatchObject({ isOpen: true, published: 500, refused: 0 });
    });

    test("takes publications, messages of other systems and plain texts; the channel's room is meant where none is named", async () => {
      await open(await newProxy());
      const room = `${prefix}.a`;
      const other = `${prefix}.b`;
      await service.publish(room, '{"text":"1"}');
      await service.publish(room, `{"room":"${other}","text":"2"}`);
      await service.publish(room, `{"type":"message","room":"${other}","message":"3"}`);
      await service.publish(
        room,
        '{"type":"notification","message":"4","data":{"x":1},"timestamp":5}',
      );
      await service.publish(room, "5 is plain");
      await service.publish(room, "42");
      await service.publish(room, '"quoted"');
      await service.publish(room, '{"text":"8","idempotency_key":"k"}');
      await service.publish(room, '{"text":"8","idempotency_key":"k"}');
      await service.publish(room, "9");
      await service.publish(room, "9");
      await expectTexts(room, ["1", "4", "5 is plain", "42", '"quoted"', "8", "9", "9"]);
      await expectTexts(other, ["2", "3"]);
    });

    test("[R5] what is wrong is counted, told without its text, and holds nothing up", async () => {
      const door = await open(await newProxy());
      const room = `${prefix}.a`;
      const wrong = [
        "",
        "  ",
        "{",
        "[]",
        '{"secret":"canary"}',
        '{"room":"not a room","text":"x"}',
        '{"type":"message","room":7,"message":"x"}',
        "x".repeat(20_000),
        "x".repeat(300_000),
        `{"text":"x","data":${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}}`,
        Buffer.from([0xff, 0x00, 0xc3]),
      ];
      const texts: string[] = [];
      for (const [index, body] of wrong.entries()) {
        await service.publish(room, body);
        await service.publish(room, `good ${index}`);
        texts.push(`good ${index}`);
      }
      await service.publish(`${prefix}.not a room`.replaceAll(" ", "="), "x");
      await expectTexts(room, texts);
      await expect
        .poll(() => door.status())
        .toMatchObject({ published: texts.length, refused: wrong.length + 1, underWay: 0 });
      const refusals = rig.told.filter(({ event }) => event === "door_refused");
      expect(refusals).toHaveLength(10);
      expect(refusals[0]?.fields).toMatchObject({ door: door.name, error_code: "bad_request" });
      expect(JSON.stringify(rig.told)).not.toContain("canary");
    });

    test("[F-B2] while the connection is cut some are lost, none is doubled, and what is published once it listens again appears", async () => {
      const proxy = await newProxy();
      const door = await open(proxy);
      const room = `${prefix}.a`;
      let count = 0;
      for (let round = 0; round < 6; round += 1) {
        for (const until = count + 30; count < until; count += 1) {
          await service.publish(room, `${count}`);
          if (count % 30 === 15) proxy.cut(round % 2 === 0 ? "rst" : "fin");
        }
        await expect.poll(() => door.status().isOpen, { timeout: 10_000 }).toBe(true);
        // It may not have noticed yet.
        await expect
          .poll(async () => {
            await service.publish(room, `again ${round}`);
            return (await rig.texts(room)).includes(`again ${round}`);
          })
          .toBe(true);
        await wait(20);
      }
      await service.publish(room, "last");
      await expect.poll(async () => (await rig.texts(room)).at(-1)).toBe("last");
      const numbers = (await rig.texts(room)).map(Number).filter((number) => !Number.isNaN(number));
      expect(numbers.length).toBeGreaterThan(60);
      expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
    });

    test("[F-N5] one node at a time listens: the next one when the first is dead, or its lease over, and nothing comes twice", async () => {
      const lease = new SharedLease(600);
      const one = lease.of("one");
      let isStuck = false;
      // A database that does not answer: it still hears everything, and must not believe that it may.
      const stuck = { ...one, take: () => (isStuck ? new Promise<boolean>(() => {}) : one.take()) };
      const first = await open(await newProxy(), stuck);
      const second = await open(await newProxy(), lease.of("two"));
      expect([first.status().isOpen, second.status().isOpen]).toEqual([true, true]);
      const room = `${prefix}.a`;
      let count = 0;
      const publishUntil = async (isEnough: () => boolean): Promise<void> => {
        for (; !isEnough(); count += 1) {
          await service.publish(room, `${count}`);
          await wait(5);
        }
      };
      await publishUntil(() => first.status().published > 20);
      expect(second.status().published).toBe(0);
      isStuck = true;
      await publishUntil(() => second.status().published > 20);
      const atChange = first.status().published;
      await publishUntil(() => second.status().published > 40);
      expect(first.status().published).toBe(atChange);
      const numbers = (await rig.texts(room)).map(Number);
      expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
    });

    test("a node that closes its door hands over to the next, and finishes what it has heard", async () => {
      const lease = new SharedLease(600);
      const first = await open(await newProxy(), lease.of("one"));
      const second = await open(await newProxy(), lease.of("two"));
      const room = `${prefix}.a`;
      for (let index = 0; index < 100; index += 1) await service.publish(room, `${index}`);
      await expect.poll(() => first.status().published + first.status().underWay).toBe(100);
      await first.close();
      await expectTexts(
        room,
        Array.from({ length: 100 }, (_, index) => `${index}`),
      );
      await expect
        .poll(async () => {
          await service.publish(room, "x");
          return second.status().published;
        })
        .toBeGreaterThan(0);
    });

    test("[F-D1] what waits for the database is bounded: the newest is given up and told, the rest stays in order", async () => {
      const { promise: back, resolve } = Promise.withResolvers<void>();
      const way = await rig.newDoorway();
      const slow: Doorway = {
        get underWay() {
          return way.underWay;
        },
        publish: async (...args): Promise<Verdict> => {
          await back;
          return await way.publish(...args);
        },
        close: () => way.close(),
      };
      const door = await open(await newProxy(), ownLease, slow);
      const all = Array.from({ length: 11_000 }, (_, index) => `${index}`);
      const roomOf = (text: string): string => `${prefix}.${Number(text) % 50}`;
      await Promise.all(all.map((text) => service.publish(roomOf(text), text)));
      await expect.poll(() => rig.told.map(({ event }) => event)).toContain("door_dropped");
      await expect.poll(() => door.status().underWay).toBe(10_064);
      resolve();
      await expect
        .poll(() => door.status(), { timeout: 50_000 })
        .toMatchObject({ underWay: 0, published: 10_064 });
      const kept = all.slice(0, 10_064);
      for (let index = 0; index < 50; index += 1) {
        const room = `${prefix}.${index}`;
        expect(await rig.texts(room)).toEqual(kept.filter((text) => roomOf(text) === room));
      }
    });

    test("[F-B1] it opens within two seconds though the service is away, and listens when it comes", async () => {
      const proxy = await newProxy();
      await proxy.refuse();
      const startedAt = performance.now();
      const door = await open(proxy);
      expect(performance.now() - startedAt).toBeLessThan(3_000);
      expect(door.status().isOpen).toBe(false);
      await proxy.pass();
      await expect.poll(() => door.status().isOpen, { timeout: 10_000 }).toBe(true);
      await service.publish(`${prefix}.a`, "1");
      await expectTexts(`${prefix}.a`, ["1"]);
      expect(rig.told.map(({ event }) => event)).toEqual(["door_lost", "door_back"]);
    });

    test("[F-B3] a connection that is open and dead is found by pings and made anew", async () => {
      const proxy = await newProxy();
      const held: (() => void)[] = [];
      proxy.inspector = (connection) => {
        held.push(() => connection.hold());
        return {};
      };
      const door = await open(proxy);
      for (const hold of held.splice(0)) hold();
      await expect.poll(() => door.status().isOpen, { timeout: 15_000 }).toBe(false);
      await expect.poll(() => door.status().isOpen, { timeout: 15_000 }).toBe(true);
      await service.publish(`${prefix}.a`, "1");
      await expectTexts(`${prefix}.a`, ["1"]);
    });
  });
}
