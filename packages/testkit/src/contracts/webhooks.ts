import type { WebhookPresent, Webhooks } from "@parlance/core";
import type { Epoch, RoomId } from "@parlance/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  message,
  publicRoom,
  roomId,
  type StoreHarness,
  someTime,
  stored,
  userId,
  useStore,
} from "./harness.ts";

/** What an engine brings to this suite. */
export interface WebhookHarness extends StoreHarness {
  readonly webhooks: Webhooks;
  /** As `StoreHarness.beside`, with its webhooks. */
  beside?(): Promise<
    Awaited<ReturnType<NonNullable<StoreHarness["beside"]>>> & { webhooks: Webhooks }
  >;
}

const id = "wh_1";
const wanted = { events: ["*"], rooms: ["*"] };
const limit = 3;
const because = { reason: "answered 500", now: someTime, limit };
const lifeMs = 60_000;

/** Webhooks: places in logs, what waits, what was given up, who was told to be where. */
export function describeWebhooks(engine: string, start: () => Promise<WebhookHarness>): void {
  describe(`${engine}: webhooks`, () => {
    const store = useStore(start) as () => WebhookHarness;
    let beside: Awaited<ReturnType<NonNullable<WebhookHarness["beside"]>>> | undefined;
    let here: Webhooks;
    /** Another node's, where several nodes can share the data; else the same. */
    let there: Webhooks;

    beforeEach(async () => {
      beside = await store().beside?.();
      here = store().webhooks;
      there = beside?.webhooks ?? here;
    });
    afterEach(async () => {
      await beside?.close();
    });

    const say = async (room: string, count = 1, time = someTime): Promise<void> => {
      await store().log.open(roomId(room), publicRoom);
      for (let n = 0; n < count; n += 1) {
        stored(await store().log.append(message(`text ${n}`, { room, time: time + n })));
      }
    };
    const create = (name = id): Promise<void> =>
      here.createWebhook({
        id: name,
        name: "shop 語",
        url: "https://shop.example/hook",
        secret: "secret",
        ...wanted,
        createdAt: someTime,
      });
    const behind = (from = "", upTo?: string) =>
      there.webhookBehind({
        webhook: id,
        from,
        limit: 10,
        ...(upTo === undefined ? {} : { upTo }),
      });
    const placeIn = async (room: string) => {
      const [found] = await behind(room, room);
      if (found === undefined) throw new Error(`${room} is not behind`);
      return found;
    };

    describe("the list", () => {
      test("has what was made, with what became of it since", async () => {
        await create();
        const made = { id, name: "shop 語", url: "https://shop.example/hook", secret: "secret" };
        expect(await there.webhooks()).toEqual([{ ...made, ...wanted, createdAt: someTime }]);
        await there.noteWebhook(id, someTime + 1, undefined);
        await there.noteWebhook(id, someTime + 2, "answered 500");
        expect(await there.pauseWebhook(id, "by hand")).toBe(true);
        expect(await here.webhooks()).toMatchObject([
          {
            lastSuccessAt: someTime + 1,
            lastErrorAt: someTime + 2,
            lastError: "answered 500",
            pausedBecause: "by hand",
          },
        ]);
        await here.pauseWebhook(id, undefined);
        expect((await here.webhooks())[0]).not.toHaveProperty("pausedBecause");
      });

      test("a webhook goes with everything that waits for it", async () => {
        await say("r1", 1);
        await create();
        await say("r1", 1);
        const from = await placeIn("r1");
        const event = { epoch: from.now.epoch, sequence: 2, id: "e", type: "message.created" };
        await here.buryEvent(id, from, event, because);
        expect(await here.deleteWebhook(id)).toBe(true);
        expect(await here.deleteWebhook(id)).toBe(false);
        expect(await here.pauseWebhook(id, "x")).toBe(false);
        expect(await there.webhooks()).toEqual([]);
        expect(await there.webhookCounts(id)).toEqual({ waiting: 0, dead: 0 });
        expect(await here.advanceWebhook(id, from, { epoch: from.now.epoch, place: 2 })).toBe(
          false,
        );
      });
    });

    describe("places", () => {
      test("[WEB-1] a new webhook is at the end of every room, and at the beginning of those that are made later", async () => {
        await say("old", 3);
        await create();
        expect(await behind()).toEqual([]);
        await say("old", 1, someTime + 50);
        await say("young", 2);
        const found = await behind();
        expect(found).toMatchObject([
          { room: "old", place: 3, now: { head: 4, floor: 0 }, waitingSince: someTime + 50 },
          { room: "young", epoch: "", place: 0, now: { head: 2 }, kind: "public" },
        ]);
        expect(found[0]?.epoch).toBe(found[0]?.now.epoch);
      });

      test("are found a page at a time, in the order of the rooms", async () => {
        await create();
        for (const room of ["a", "a.b", "a-b", "b"]) await say(room, 1);
        const first = await here.webhookBehind({ webhook: id, from: "", limit: 2 });
        expect(first.map(({ room }) => room)).toEqual(["a", "a-b"]);
        expect((await behind("a-b!")).map(({ room }) => room)).toEqual(["a.b", "b"]);
        expect((await behind("a", "a.b")).map(({ room }) => room)).toEqual(["a", "a-b", "a.b"]);
      });

      test("[WEB-3] are behind where the log began anew, also at the same sequence", async () => {
        await say("red", 2);
        await say("blue", 2);
        await create();
        await say("red", 1);
        const before = await placeIn("red");
        const to = { epoch: "another.life" as Epoch, place: before.now.head };
        expect(await here.advanceWebhook(id, before, to)).toBe(true);
        expect(await behind()).toMatchObject([
          {
            room: "red",
            epoch: "another.life",
            place: 3,
            now: { epoch: before.now.epoch, head: 3 },
          },
        ]);
      });

      test("[WEB-4] move from where they are said to be, and for one of two who try", async () => {
        await say("r1", 1);
        await create();
        await say("r1", 3);
        await say("young", 2);
        for (const room of ["r1", "young"]) {
          const from = await placeIn(room);
          const to = { epoch: from.now.epoch, place: from.place + 1 };
          const moved = await Promise.all([
            here.advanceWebhook(id, from, to),
            there.advanceWebhook(id, from, to),
          ]);
          expect(moved.sort()).toEqual([false, true]);
          expect(await placeIn(room)).toMatchObject({ place: to.place, epoch: to.epoch });
          expect(await here.advanceWebhook(id, from, { ...to, place: 9 })).toBe(false);
        }
      });

      test("keep since when they fail, until they move", async () => {
        await create();
        await say("r1", 2);
        const from = await placeIn("r1");
        expect(await here.webhookFails(id, from, someTime)).toBe(someTime);
        expect(await there.webhookFails(id, from, someTime + 9)).toBe(someTime);
        await here.advanceWebhook(id, from, { epoch: from.now.epoch, place: 1 });
        expect(await here.webhookFails(id, await placeIn("r1"), someTime + 20)).toBe(someTime + 20);
      });

      test("[WEB-8] go back to a sequence or a time, and never forward", async () => {
        await say("r1", 10);
        await say("r2", 10, someTime + 1_000);
        await create();
        expect(await behind()).toEqual([]);
        const one = { from: "r1", upTo: "r1" };
        expect(await here.rewindWebhook(id, { ...one, to: { after: 4 } })).toEqual({ rooms: 1 });
        expect(await behind()).toMatchObject([{ room: "r1", place: 4 }]);
        expect(await here.rewindWebhook(id, { ...one, to: { after: 7 } })).toEqual({ rooms: 0 });
        const since = { from: "", to: { since: someTime + 1_003 } };
        expect(await here.rewindWebhook(id, since)).toEqual({ rooms: 1 });
        expect(await behind()).toMatchObject([{ place: 4 }, { room: "r2", place: 3 }]);
        expect(await here.rewindWebhook(id, { from: "", to: { since: 0 } })).toEqual({ rooms: 2 });
        expect(await behind()).toMatchObject([{ place: 0 }, { place: 0 }]);
      });
    });

    describe("what was given up", () => {
      const bury = async (room: string) => {
        const from = await placeIn(room);
        const sequence = from.place + 1;
        const event = {
          epoch: from.now.epoch,
          sequence,
          id: `e${sequence}`,
          type: "message.created",
        };
        return { from, done: await here.buryEvent(id, from, event, because) };
      };

      test("[WEB-7] is put aside while the place moves on, up to a limit at which nothing is done", async () => {
        await create();
        await say("r1", 6);
        for (let n = 0; n < limit; n += 1) expect((await bury("r1")).done).toBe("done");
        const { from, done } = await bury("r1");
        expect(done).toBe("full");
        expect(from.place).toBe(limit);
        expect(await there.webhookCounts(id)).toEqual({ waiting: 0, dead: limit });
        const dead = await there.deadDeliveries(id, 0, 10);
        expect(dead).toMatchObject([
          { room: "r1", id: "e1", type: "message.created", content: { sequence: 1 } },
          { id: "e2" },
          { id: "e3", dead: { at: someTime, reason: "answered 500" } },
        ]);
        const [first] = dead;
        expect(await here.deadDeliveries(id, first?.number ?? 0, 1)).toMatchObject([{ id: "e2" }]);
        expect(await here.reviveDeliveries(id, first?.number)).toBe(1);
        expect(await there.webhookQueue(id, 10)).toMatchObject([{ id: "e1" }]);
        expect(await here.reviveDeliveries(id, undefined)).toBe(2);
        expect((await here.webhookQueue(id, 10)).map((one) => one.id)).toEqual(["e1", "e2", "e3"]);
        expect(await here.webhookCounts(id)).toEqual({ waiting: 3, dead: 0 });
      });

      test("is not put aside by who was overtaken", async () => {
        await create();
        await say("r1", 2);
        const from = await placeIn("r1");
        const event = { epoch: from.now.epoch, sequence: 1, id: "e1", type: "message.created" };
        await there.advanceWebhook(id, from, { epoch: from.now.epoch, place: 1 });
        expect(await here.buryEvent(id, from, event, because)).toBe("moved");
        expect(await here.webhookCounts(id)).toEqual({ waiting: 0, dead: 0 });
      });

      test("is found by its place in the log, and with it how far the room is", async () => {
        await say("r1", 2);
        await create();
        await say("r1", 3);
        expect(await there.webhookProgress(id, "r1" as RoomId, 3)).toEqual({
          kind: "public",
          place: 2,
          aside: [],
        });
        const from = await placeIn("r1");
        await here.webhookFails(id, from, someTime + 5);
        expect(await there.webhookProgress(id, "r1" as RoomId, 3)).toMatchObject({
          place: 2,
          failingSince: someTime + 5,
        });
        const event = { epoch: from.now.epoch, sequence: 3, id: "e3", type: "message.created" };
        expect(await here.buryEvent(id, from, event, because)).toBe("done");
        expect(await there.webhookProgress(id, "r1" as RoomId, 3)).toMatchObject({
          place: 3,
          aside: [{ id: "e3", content: { sequence: 3 }, dead: { reason: "answered 500" } }],
        });
        expect(await there.webhookProgress(id, "r1" as RoomId, 3)).not.toHaveProperty(
          "failingSince",
        );
        expect(await there.webhookProgress(id, "r1" as RoomId, 4)).toMatchObject({ aside: [] });
        expect(await there.webhookProgress(id, "nowhere" as RoomId, 1)).toEqual({
          place: 0,
          aside: [],
        });
      });

      test("of the queue keeps its number, and what was delivered goes", async () => {
        await create();
        const people = ["u1", "u2"].map((user) => present("r1", user));
        await here.putPresent("n1", lifeMs, { isWhole: true, came: people, went: [] });
        const some = { ...wanted, events: ["presence.*"] };
        await here.comparePresence(id, some, someTime);
        const [one, two] = await here.webhookQueue(id, 10);
        if (one === undefined || two === undefined) throw new Error("nothing is queued");
        expect(await here.buryDelivery(id, one.number, because)).toBe("done");
        expect(await here.webhookQueue(id, 10)).toEqual([two]);
        // Who delivered it a moment ago does not take away what was put aside since.
        await here.webhookDelivered(id, [one.number, two.number]);
        expect(await there.webhookCounts(id)).toEqual({ waiting: 0, dead: 1 });
        expect(await there.deadDeliveries(id, 0, 10)).toMatchObject([{ id: one.id }]);
      });
    });

    test("one that was changed is told other things, elsewhere, from where it was", async () => {
      await create();
      await say("r1", 2);
      const change = { url: "https://other.example/", events: ["presence.*"], rooms: ["r*"] };
      expect(await here.updateWebhook(id, change)).toBe(true);
      expect(await here.updateWebhook(id, change)).toBe(true);
      expect(await there.webhooks()).toMatchObject([{ id, secret: "secret", ...change }]);
      expect(await behind()).toMatchObject([{ room: "r1", place: 0 }]);
      expect(await here.updateWebhook("wh_none", change)).toBe(false);
    });

    test("what is in no log waits in its order, and no more of it than is allowed", async () => {
      await create();
      const event = (n: number) => ({ type: "x", room: roomId("r1"), members: { n } });
      expect(await here.queueEvents(id, [event(1), event(2)], someTime, 3)).toBe(2);
      expect(await there.queueEvents(id, [event(3), event(4)], someTime, 3)).toBe(1);
      expect(await here.queueEvents(id, [event(5)], someTime, 3)).toBe(0);
      expect(await here.queueEvents("wh_none", [event(6)], someTime, 3)).toBe(0);
      const queue = await there.webhookQueue(id, 10);
      const bodies = queue.map(({ content }) => ("body" in content ? content.body : ""));
      expect(bodies.map((body) => JSON.parse(body) as unknown)).toEqual(
        [1, 2, 3].map((n, index) => ({
          id: queue[index]?.id,
          type: "x",
          room: "r1",
          time: new Date(someTime).toISOString(),
          n,
        })),
      );
      expect(queue).toMatchObject([1, 2, 3].map(() => ({ room: "r1", queuedAt: someTime })));
    });

    describe("presence", () => {
      const told = async () =>
        (await there.webhookQueue(id, 100)).map(({ content }) => {
          const { type, room, user } = JSON.parse("body" in content ? content.body : "{}") as {
            type: string;
            room?: string;
            user?: { id: string };
          };
          return [type, room, user?.id].filter((part) => part !== undefined).join(" ");
        });
      const compare = (which = there) => which.comparePresence(id, wanted, someTime);
      const put = (
        node: string,
        came: readonly WebhookPresent[],
        went: readonly WebhookPresent[] = [],
      ) => here.putPresent(node, lifeMs, { isWhole: false, came, went });
      const whole = (node: string, came: readonly WebhookPresent[], life = lifeMs) =>
        here.putPresent(node, life, { isWhole: true, came, went: [] });

      test("[WEB-9] is told once for each coming and going, whichever node somebody is on", async () => {
        await create();
        expect(await put("n1", [present("r1", "u1")])).toBe(false);
        await whole("n1", [present("", "u1"), present("r1", "u1")]);
        await whole("n2", [present("", "u1"), present("r1", "u1"), present("r1", "u2")]);
        expect(await compare()).toEqual({ queued: 4, more: false });
        expect(await compare(here)).toEqual({ queued: 0, more: false });
        const joined = [
          "user.online u1",
          "room.occupied r1",
          "presence.joined r1 u1",
          "presence.joined r1 u2",
        ];
        expect(await told()).toEqual(joined);
        // Still there on the other node.
        expect(await put("n1", [], [present("", "u1"), present("r1", "u1")])).toBe(true);
        expect(await compare()).toEqual({ queued: 0, more: false });
        await put("n2", [], [present("", "u1"), present("r1", "u1"), present("r1", "u2")]);
        await compare();
        expect((await told()).slice(4)).toEqual([
          "presence.left r1 u1",
          "presence.left r1 u2",
          "user.offline u1",
          "room.empty r1",
        ]);
      });

      test("[WEB-9] of a room that others are in by now is neither empty nor occupied anew", async () => {
        await create();
        await whole("n1", [present("r1", "u1")]);
        await compare();
        await whole("n1", [present("r1", "u2")]);
        await compare();
        expect((await told()).slice(2)).toEqual(["presence.left r1 u1", "presence.joined r1 u2"]);
        await whole("n1", []);
        await compare();
        await whole("n1", [present("r1", "u2")]);
        await compare();
        expect((await told()).slice(4)).toEqual([
          "presence.left r1 u2",
          "room.empty r1",
          "room.occupied r1",
          "presence.joined r1 u2",
        ]);
      });

      test("[WEB-9] of a node that says nothing any more is over, and told once by one of two who compare", async () => {
        await create();
        await whole("n1", [present("r1", "u1")]);
        await whole("n2", [present("r1", "u2")]);
        await compare();
        await whole("n1", [present("r1", "u1")], 300);
        await expect
          .poll(
            async () => {
              await Promise.all([compare(here), compare(there)]);
              return (await told()).slice(3);
            },
            { timeout: 20_000 },
          )
          .toEqual(["presence.left r1 u1"]);
        // It was only slow, and says everything anew.
        await whole("n1", [present("r1", "u1")]);
        await compare();
        expect((await told()).slice(4)).toEqual(["presence.joined r1 u1"]);
      });

      test("is queued for what is asked for only, and counts as told", async () => {
        await create();
        await whole("n1", [present("ops", "u1"), present("dev", "u1"), present("", "u1")]);
        const some = { events: ["presence.*"], rooms: ["ops"] };
        expect(await here.comparePresence(id, some, someTime)).toEqual({ queued: 1, more: false });
        expect(await told()).toEqual(["presence.joined ops u1"]);
        expect(await compare()).toEqual({ queued: 0, more: false });
      });

      test("of very many is told a part at a time, each with an id of its own", async () => {
        await create();
        await whole(
          "n1",
          Array.from({ length: 600 }, (_, n) => present("r1", `u${n}`)),
        );
        expect(await compare()).toEqual({ queued: 501, more: true });
        expect(await compare()).toEqual({ queued: 100, more: false });
        const queue = await here.webhookQueue(id, 1_000);
        expect(new Set(queue.map((one) => one.id)).size).toBe(601);
        expect(await here.comparePresence("wh_none", wanted, someTime)).toEqual({
          queued: 0,
          more: false,
        });
      });
    });
  });
}

function present(room: string, user: string): WebhookPresent {
  return { room: room as RoomId, user: userId(user), name: `name of ${user}` };
}
