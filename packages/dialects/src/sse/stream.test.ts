/** What comes in a stream, byte by byte, from a whole server. */
import { once } from "node:events";
import type { EventStreamReader } from "@parlance/testkit/event-stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { range, SseScene } from "../../test/sse-scene.ts";

let scene: SseScene;
beforeAll(async () => {
  scene = await SseScene.open();
}, 60_000);
afterAll(() => scene.close());

describe("one room", () => {
  test("[I-10] [I-11] begins at the head, tells where that is, and gives every event with its place", async () => {
    const ann = await scene.guest("Ann");
    const room = scene.freshRoom();
    await scene.say(ann, room, "before");
    const stream = await scene.stream(ann, `/rooms/${room}/events`);
    expect(stream.headers).toMatchObject({
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store",
      "x-accel-buffering": "no",
      connection: "close",
    });
    await scene.say(ann, room, "one", "two\nlines\r\n\n: and <more>", "three 🦉\u2028");
    await stream.until("three messages", () => stream.sequences().length === 3);
    expect(stream.retry).toBeGreaterThanOrEqual(1_000);
    expect(stream.types()).toEqual(["subscribed", ...Array(3).fill("message.created")]);
    const [begin, ...events] = stream.events;
    const { epoch } = begin?.data.rooms[0] ?? {};
    expect(begin).toMatchObject({ id: `${epoch}:1`, data: { rooms: [{ room, offset: 1 }] } });
    expect(events.map(({ id }) => id)).toEqual([2, 3, 4].map((place) => `${epoch}:${place}`));
    expect(events.map(({ data }) => data.data.text)).toEqual([
      "one",
      "two\nlines\r\n\n: and <more>",
      "three 🦉\u2028",
    ]);
    expect(events[0]?.data).toMatchObject({ type: "message.created", room, author: ann.id });
  });

  test("[I-13] goes on after Last-Event-ID of any age, in header or query, with exactly the rest", async () => {
    const ann = await scene.guest("Ann");
    const room = scene.freshRoom();
    const first = await scene.stream(ann, `/rooms/${room}/events`);
    first.close();
    await scene.sayMany(ann, room, 1_250, "while away");
    const id = encodeURIComponent(first.lastId);
    const [byHeader, byQuery, both] = await Promise.all([
      scene.stream(ann, `/rooms/${room}/events?last=3`, { "last-event-id": first.lastId }),
      scene.stream(ann, `/rooms/${room}/events?last_event_id=${id}`),
      scene.stream(ann, `/rooms/${room}/events?last_event_id=nonsense`, {
        "last-event-id": first.lastId,
      }),
    ]);
    for (const stream of [byHeader, byQuery, both]) {
      await stream.until("the rest", () => stream.sequences().length >= 1_250);
      expect(stream.sequences()).toEqual(range(1, 1_250));
      expect(stream.find("reset")).toBeUndefined();
    }
    await scene.say(ann, room, "and then");
    await byHeader.until("what follows", () => byHeader.sequences().length > 1_250);
    expect(byHeader.sequences()).toEqual(range(1, 1_251));
  });

  test("[I-13] a position that is in no log of ours is told by `reset`, and the stream goes on at the head", async () => {
    const ann = await scene.guest("Ann");
    const room = scene.freshRoom();
    await scene.say(ann, room, "one", "two");
    const here = await scene.stream(ann, `/rooms/${room}/events`);
    const epoch = here.lastId.split(":")[0] ?? "";
    for (const id of ["gone.epoch:1", `${epoch}:999`, `${epoch}:-1`, "nonsense", "a,b,c", "é"]) {
      const headers = id === "é" ? {} : { "last-event-id": id };
      const query = id === "é" ? `?last_event_id=${encodeURIComponent(id)}` : "?last=2";
      const stream = await scene.stream(ann, `/rooms/${room}/events${query}`, headers);
      await stream.until("its begin", () => stream.find("subscribed") !== undefined);
      expect([id, stream.types()]).toEqual([id, ["reset", "subscribed"]]);
      expect(stream.events[0]?.data).toEqual({ type: "reset", room, epoch });
      expect(stream.lastId).toBe(`${epoch}:2`);
      stream.close();
    }
  });

  test("?last=N begins with the last N events, and fewer where there are fewer", async () => {
    const ann = await scene.guest("Ann");
    const room = scene.freshRoom();
    await scene.say(ann, room, "one", "two", "three");
    for (const [last, expected] of [
      [0, []],
      [2, [2, 3]],
      [200, [1, 2, 3]],
    ] as const) {
      const stream = await scene.stream(ann, `/rooms/${room}/events?last=${last}`);
      await stream.until("them", () => stream.sequences().length >= expected.length);
      expect(stream.sequences()).toEqual(expected);
      stream.close();
    }
  });

  test("typing and, where asked for, presence are events without an id", async () => {
    const [ann, bob] = [await scene.guest("Ann"), await scene.guest("Bob")];
    const room = scene.freshRoom();
    const [plain, curious] = await Promise.all([
      scene.stream(ann, `/rooms/${room}/events`),
      scene.stream(ann, `/rooms/${room}/events?presence=1`),
    ]);
    const ids = [plain.lastId, curious.lastId];
    const socket = new WebSocket(`${scene.server.url.replace("http", "ws")}/ws`);
    await once(socket, "open");
    for (const frame of [
      { type: "sign_in", id: 1, token: bob.token },
      { type: "subscribe", id: 2, room },
      { type: "typing", id: 3, room, active: true },
    ]) {
      socket.send(JSON.stringify(frame));
    }
    await plain.until("typing", () => plain.find("typing") !== undefined);
    const isBobHere = (): boolean =>
      curious.events.some(({ data }) =>
        (data.online as { name: string }[] | undefined)?.some(({ name }) => name === "Bob"),
      );
    await curious.until("presence", isBobHere);
    socket.close();
    expect(plain.find("typing")).toEqual({
      event: "typing",
      data: {
        type: "typing",
        room,
        user: bob.id,
        number: expect.any(Number),
        name: "Bob",
        active: true,
      },
    });
    expect(plain.find("presence")).toBeUndefined();
    expect([plain.lastId, curious.lastId]).toEqual(ids);
  });

  test("comments keep it awake", async () => {
    const stream = await scene.stream(
      await scene.guest("Ann"),
      `/rooms/${scene.freshRoom()}/events`,
    );
    await stream.until("two heartbeats", () => stream.heartbeats >= 2);
  });
});

describe("several rooms", () => {
  test("[I-13] the id is the place in all of them, and all go on from it", async () => {
    const ann = await scene.guest("Ann");
    const [a, b, c] = [scene.freshRoom(), scene.freshRoom(), scene.freshRoom()];
    await scene.say(ann, a, "a1");
    const target = `/events?room=${a}&room=${b}&room=${c}&room=${a}`;
    const stream = await scene.stream(ann, target);
    const told = stream.find("subscribed")?.data.rooms as { room: string; offset: number }[];
    expect(told.map(({ room, offset }) => [room, offset])).toEqual([
      [a, 1],
      [b, 0],
      [c, 0],
    ]);
    await scene.say(ann, a, "a2");
    await scene.say(ann, b, "b1", "b2");
    await stream.until("three messages", () => stream.sequences().length === 3);
    const ids = stream.events.map(({ id }) => id);
    expect(new Set(ids).size).toBe(4);
    stream.close();

    await Promise.all([scene.sayMany(ann, a, 300, "x"), scene.say(ann, c, "c1")]);
    for (const [at, expected] of [
      [0, { [a]: range(2, 302), [b]: [1, 2], [c]: [1] }],
      [1, { [a]: range(3, 302), [b]: [1, 2], [c]: [1] }],
      [2, { [a]: range(3, 302), [b]: [2], [c]: [1] }],
      [3, { [a]: range(3, 302), [b]: [], [c]: [1] }],
    ] as const) {
      const again = await scene.stream(ann, target, { "last-event-id": ids[at] ?? "" });
      const count = Object.values(expected).flat().length;
      await again.until("the rest", () => again.sequences().length >= count);
      const got = Object.fromEntries([a, b, c].map((room) => [room, again.sequences(room)]));
      expect([at, got]).toEqual([at, expected]);
      expect(again.find("reset")).toBeUndefined();
      again.close();
    }
  });

  test("[I-13] of a list of other rooms no place is known, and each room is told so", async () => {
    const ann = await scene.guest("Ann");
    const [a, b, c] = [scene.freshRoom(), scene.freshRoom(), scene.freshRoom()];
    const { lastId } = await scene.stream(ann, `/events?room=${a}&room=${b}`);
    const other = await scene.stream(ann, `/events?room=${a}&room=${c}`, {
      "last-event-id": lastId,
    });
    await other.until("its begin", () => other.find("subscribed") !== undefined);
    const resets = other.events.filter(({ event }) => event === "reset");
    expect(resets.map(({ data }) => data.room)).toEqual([a, c]);
  });

  test("[I-16] rooms that may not be read are left out and named, alike whether they exist", async () => {
    const [ann, bob] = [await scene.guest("Ann"), await scene.guest("Bob")];
    const made = await scene.call("POST", "/rooms", ann.token, { kind: "private", title: "Plans" });
    const hidden = made.body["room"] ?? "";
    const room = scene.freshRoom();
    const stream = await scene.stream(bob, `/events?room=${room}&room=${hidden}&room=r_absent`);
    await stream.until("its begin", () => stream.find("subscribed") !== undefined);
    expect(stream.events.map(({ data }) => data).slice(0, 2)).toEqual(
      [hidden, "r_absent"].map((name) => ({ type: "unsubscribed", room: name, code: "not_found" })),
    );
    expect(stream.find("subscribed")?.data.rooms).toHaveLength(1);
    const both = await scene.refusal(bob, `/events?room=${hidden}&room=r_absent`);
    expect([both.status, both.code]).toEqual([404, "not_found"]);
  });

  test("200 rooms are one stream, whose id fits into a header field", async () => {
    const ann = await scene.guest("Ann");
    const names = Array.from({ length: 200 }, () => scene.freshRoom());
    const target = `/events?${names.map((name) => `room=${name}`).join("&")}`;
    const stream = await scene.stream(ann, target);
    await stream.until("its begin", () => stream.find("subscribed") !== undefined);
    expect(stream.find("subscribed")?.data.rooms).toHaveLength(200);
    expect(stream.lastId.length).toBeLessThanOrEqual(4_096);
    stream.close();
    await scene.say(ann, names[0] ?? "", "first");
    await scene.say(ann, names[199] ?? "", "last");
    const again = await scene.stream(ann, target, { "last-event-id": stream.lastId });
    await again.until("both", () => again.sequences().length === 2);
    expect(again.find("reset")).toBeUndefined();
    const { status, code } = await scene.refusal(ann, `${target}&room=more`);
    expect([status, code]).toEqual([413, "too_large"]);
  });
});

describe("[F-C1] a slow reader", () => {
  test("gets everything, in order, once it reads on", async () => {
    const ann = await scene.guest("Ann");
    const room = scene.freshRoom();
    const stream = await scene.stream(ann, `/rooms/${room}/events`);
    const several = await scene.stream(ann, `/events?room=${room}&room=${scene.freshRoom()}`);
    let isWriting = true;
    const readSlowly = async (reader: EventStreamReader): Promise<void> => {
      while (isWriting) {
        reader.pause();
        await new Promise((resolve) => setTimeout(resolve, 300));
        reader.resume();
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    const reading = [readSlowly(stream), readSlowly(several)];
    await scene.sayMany(ann, room, 1_000, "x".repeat(10_000));
    isWriting = false;
    await Promise.all(reading);
    for (const reader of [stream, several]) {
      await reader.until("all", () => reader.sequences(room).length >= 1_000);
      expect(reader.sequences(room)).toEqual(range(1, 1_000));
    }
  }, 120_000);

  test("that takes nothing is ended, and can go on where it was", async () => {
    const ann = await scene.guest("Ann");
    const room = scene.freshRoom();
    const stalled = await scene.stream(ann, `/rooms/${room}/events`);
    const { lastId } = stalled;
    const other = await scene.stream(ann, `/rooms/${room}/events`);
    stalled.pause();
    // More than the kernel's buffers of both ends take.
    await scene.sayMany(ann, room, 1_000, "x".repeat(15_000));
    await other.until("all", () => other.sequences().length >= 1_000);
    const isEnded = (): boolean => scene.logged.some((line) => line.includes('"slow_consumer"'));
    await other.until("slow_consumer", isEnded);
    stalled.close();
    const again = await scene.stream(ann, `/rooms/${room}/events`, { "last-event-id": lastId });
    await again.until("all", () => again.sequences().length >= 1_000);
    expect(again.sequences()).toEqual(range(1, 1_000));
  }, 120_000);
});
