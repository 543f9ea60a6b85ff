import { describe, expect, test } from "vitest";
import {
  joined,
  message,
  publicRoom,
  roomId,
  someTime,
  stored,
  textsOf,
  type UseStore,
} from "./harness.ts";

/** Sequences, rooms, refusals. */
export function describeAppend(store: UseStore): void {
  describe("append", () => {
    test("a room's events get 1, 2, 3 … in call order", async () => {
      const { log } = store();
      await log.open(roomId("r1"), publicRoom);
      const appended = await Promise.all(["a", "b", "c"].map((text) => log.append(message(text))));
      expect(appended.map((one) => stored(one).sequence)).toEqual([1, 2, 3]);
      expect(await textsOf(log, "r1")).toEqual(["a", "b", "c"]);
    });

    test("an event is readable once its append has resolved", async () => {
      const { log } = store();
      await log.open(roomId("r1"), publicRoom);
      for (let n = 1; n <= 20; n += 1) {
        await log.append(message(`text ${n}`));
        const page = await log.read({ room: roomId("r1"), limit: 1 });
        expect(page).toMatchObject({ head: n, events: [{ frame: { sequence: n } }] });
      }
    });

    test("a thousand appends at once into several rooms leave no hole and no repeat", async () => {
      const { log } = store();
      const rooms = Array.from({ length: 7 }, (_, n) => `room-${n}`);
      await Promise.all(rooms.map((room) => log.open(roomId(room), publicRoom)));
      const sent = Array.from({ length: 1_000 }, (_, n) => ({
        room: rooms[(n * n + n) % rooms.length] ?? "",
        text: `text ${n}`,
        key: `key-${n}`,
      }));
      const appended = await Promise.all(
        sent.map(({ room, text, key }) => log.append(message(text, { room, key }))),
      );
      for (const room of rooms) {
        const texts = sent.filter((one) => one.room === room).map(({ text }) => text);
        const places = appended.filter((_, n) => sent[n]?.room === room);
        expect(places.map((place) => stored(place).sequence)).toEqual(texts.map((_, n) => n + 1));
        expect(await textsOf(log, room)).toEqual(texts);
      }
    });

    test("what comes back is what was stored", async () => {
      const { log } = store();
      const append = message("hello", { key: "k", create: publicRoom, principal: "service:p" });
      const appended = stored(await log.append(append));
      expect(appended).toMatchObject({
        sequence: 1,
        id: append.id,
        time: someTime,
        repeated: false,
      });
      const page = await log.read({ room: roomId("r1"), after: 0, limit: 10 });
      expect(page?.epoch).toBe(appended.epoch);
      expect(page?.events).toEqual([
        {
          countable: 1,
          frame: {
            type: "message.created",
            room: "r1",
            sequence: 1,
            id: append.id,
            author: "u1",
            time: "2026-01-02T03:04:05.678Z",
            client_message_id: "k",
            data: { text: "hello", author_name: "Ada" },
          },
        },
      ]);
    });

    test("an event without a client message id has none when read", async () => {
      const { log } = store();
      await log.append(message("a", { create: publicRoom }));
      const page = await log.read({ room: roomId("r1"), limit: 1 });
      expect(page?.events[0]?.frame).not.toHaveProperty("client_message_id");
    });

    test("an absent room refuses as absent and is not made", async () => {
      const { log } = store();
      expect(await log.append(message("a", { room: "nowhere" }))).toEqual({ outcome: "absent" });
      expect(await log.open(roomId("nowhere"))).toBeUndefined();
      expect(await log.read({ room: roomId("nowhere"), limit: 1 })).toBeUndefined();
      expect(await log.proof(roomId("nowhere"), 1, 1)).toBeUndefined();
    });

    test("a room is made with its first event, once", async () => {
      const { log } = store();
      const create = { kind: "private", title: "Ours", createdAt: someTime } as const;
      const both = await Promise.all([
        log.append(joined("u1", { create })),
        log.append(joined("u2", { create })),
      ]);
      expect(both).toMatchObject([{ outcome: "stored", sequence: 1 }, { outcome: "exists" }]);
      expect(await log.open(roomId("r1"))).toMatchObject({
        kind: "private",
        title: "Ours",
        head: 1,
      });
    });

    test("opening makes a room once and keeps what the first said", async () => {
      const { log } = store();
      const opened = await Promise.all([
        log.open(roomId("r1"), publicRoom),
        log.open(roomId("r1"), { ...publicRoom, title: "Other" }),
      ]);
      const expected = {
        room: "r1",
        kind: "public",
        title: "Room",
        head: 0,
        floor: 0,
        countable: 0,
      };
      expect(opened[0]).toMatchObject(expected);
      expect(opened[1]).toEqual(opened[0]);
      expect(await log.open(roomId("r1"))).toEqual(opened[0]);
    });

    test("two rooms have different epochs of letters, digits and a dot, in one install", async () => {
      const { log } = store();
      const [one, two] = await Promise.all([
        log.open(roomId("r1"), publicRoom),
        log.open(roomId("r2"), publicRoom),
      ]);
      expect(one?.epoch).toMatch(/^[0-9A-Za-z]+\.[0-9A-Za-z]+$/);
      expect(two?.epoch).not.toBe(one?.epoch);
      expect(two?.epoch.split(".")[0]).toBe(one?.epoch.split(".")[0]);
    });

    test("an append under older rights is stale and leaves nothing", async () => {
      const { log } = store();
      const { revision } = stored(await log.append(joined("u1", { create: publicRoom })));
      await log.append(joined("u2"));
      const refused = await log.append(message("late", { revision, key: "k" }));
      expect(refused).toEqual({ outcome: "stale", revision: revision + 1 });
      const again = await log.append(message("late", { revision: revision + 1, key: "k" }));
      expect(again).toMatchObject({ outcome: "stored", sequence: 3, repeated: false });
    });

    test("rights that changed in the same batch refuse what comes after", async () => {
      const { log } = store();
      const { revision } = stored(await log.append(joined("u1", { create: publicRoom })));
      const outcomes = await Promise.all([
        log.append(message("before", { revision })),
        log.append(joined("u2", { revision })),
        log.append(message("after", { revision })),
      ]);
      expect(outcomes.map(({ outcome }) => outcome)).toEqual(["stored", "stored", "stale"]);
    });

    test("refusals beside it do not touch a stored event", async () => {
      const { log } = store();
      await log.append(message("first", { create: publicRoom, key: "taken" }));
      const outcomes = await Promise.all([
        log.append(message("other", { key: "taken" })),
        log.append(message("good")),
        log.append(message("x", { room: "nowhere" })),
        log.append(message("x", { create: publicRoom })),
        log.append(message("good too")),
      ]);
      expect(outcomes.map(({ outcome }) => outcome)).toEqual([
        "conflict",
        "stored",
        "absent",
        "exists",
        "stored",
      ]);
      expect(await textsOf(log, "r1")).toEqual(["first", "good", "good too"]);
    });
  });
}
