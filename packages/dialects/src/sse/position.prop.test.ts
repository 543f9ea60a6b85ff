import { limits, type Position, type RoomId } from "@parlance/protocol";
import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { fuzzRuns } from "../../test/fuzz.ts";
import { oneRoom, personalize, severalRooms } from "./encode.ts";
import { acceptsStream, readRequest, takesPath } from "./handshake.ts";
import { sseDialect } from "./index.ts";
import { idOf, readPositions, StreamPlaces } from "./position.ts";

const runs = { numRuns: fuzzRuns };
/* A long run takes longer than a test may otherwise. */
vi.setConfig({ testTimeout: 1_800_000 });

const room = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_:.-]{0,127}$/) as fc.Arbitrary<RoomId>;
const rooms = fc.uniqueArray(room, { minLength: 2, maxLength: 20 });
const position = fc.record({
  epoch: fc.oneof(
    fc.stringMatching(/^[a-z0-9]{1,8}\.[a-z0-9]{1,8}$/),
    fc.stringMatching(/^[A-Za-z0-9.]{1,64}$/),
  ),
  offset: fc.maxSafeNat(),
}) as unknown as fc.Arbitrary<Position>;

test("[I-13] the id of one room says its position, and is read back as it was", () => {
  fc.assert(
    fc.property(room, position, (name, place) => {
      const id = idOf(place.epoch, place.offset);
      expect(readPositions(id, [name])).toEqual(new Map([[name, place]]));
    }),
    runs,
  );
});

test("[I-13] the id of several rooms says all positions, in whatever order they are asked for", () => {
  fc.assert(
    fc.property(
      rooms,
      fc.array(fc.option(position), { minLength: 20, maxLength: 20 }),
      (names, given) => {
        const places = new StreamPlaces(names);
        const known = new Map<RoomId, Position>();
        for (const [index, name] of names.entries()) {
          const place = given[index] ?? undefined;
          if (place === undefined) continue;
          places.set(name, place.epoch, place.offset);
          known.set(name, place);
        }
        expect(places.text).toMatch(/^[\x21-\x7e]+$/);
        expect(readPositions(places.text, names.toReversed())).toEqual(known);
        expect(readPositions(places.text, names.slice(1))).toBeUndefined();
      },
    ),
    runs,
  );
});

test("200 rooms after a hundred years of a million events a second fit into 4 KiB", () => {
  const names = Array.from({ length: limits.resumeRooms }, (_, index) => `room-${index}` as RoomId);
  const places = new StreamPlaces(names);
  for (const [index, name] of names.entries()) {
    const part = `zzzz${String(index).padStart(4, "0")}`;
    places.set(name, `abcdefgh.${part}`, 36 ** 10 - 1);
  }
  expect(places.text.length).toBeLessThanOrEqual(4_096);
  expect(readPositions(places.text, names)?.size).toBe(limits.resumeRooms);
});

test("reading an id is total: nothing throws, and what is no id of ours is none", () => {
  const almost = fc
    .array(fc.constantFrom(",", "-", "!", ":", ".", "a", "0", "zzzzzzzzzzzzzz", "s6v70z", " ", "é"))
    .map((parts) => parts.join(""));
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: "binary" }), almost), rooms, (id, names) => {
      for (const some of [names, names.slice(0, 1)]) {
        for (const [name, { epoch, offset }] of readPositions(id, some) ?? []) {
          expect(some).toContain(name);
          expect(epoch).toMatch(/^[A-Za-z0-9.]{1,64}$/);
          expect(Number.isSafeInteger(offset)).toBe(true);
        }
      }
    }),
    runs,
  );
});

test("[R3] reading a request is total: an answer of the table, or what it asks for", () => {
  const name = fc.constantFrom("room", "last", "last_event_id", "ticket", "presence", "token", "x");
  const pair = fc
    .tuple(fc.oneof(name, fc.string()), fc.string({ unit: "binary" }))
    .map(([key, value]) => `${encodeAny(key)}=${encodeAny(value)}`);
  const query = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(pair).map((all) => all.join("&")),
  );
  const path = fc.oneof(
    fc.constantFrom("/events", "/rooms/a/events", "/rooms/%zz/events", "/rooms/%2e%2e/events"),
    fc.string().map((some) => `/rooms/${some}/events`),
  );
  const header = fc.option(fc.string({ unit: "binary" }), { nil: undefined });
  fc.assert(
    fc.property(path, query, header, header, header, (target, text, accept, id, authorization) => {
      const headers = { accept, "last-event-id": id, authorization };
      try {
        const asked = readRequest({
          path: target,
          query: text,
          headers,
          retryMs: 1,
          retryAfterDrainMs: 1,
        });
        expect(asked.rooms.length).toBeGreaterThan(0);
        expect(asked.token ?? asked.ticket).toBeDefined();
      } catch (error) {
        expect((error as Error).name).toBe("ProtocolError");
      }
      expect(typeof takesPath(target)).toBe("boolean");
    }),
    runs,
  );
});

function encodeAny(text: string): string {
  return text.isWellFormed() ? encodeURIComponent(text) : text;
}

test("any text of an event is one block that reads back as it was", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
      const event = {
        type: "message.created",
        room: "a",
        sequence: 7,
        data: { text, author_name: text },
      } as unknown as Parameters<typeof oneRoom.encodeEvent>[0];
      const block = String(oneRoom.encodeEvent(event, "k3.1" as Position["epoch"]));
      const [id, type, data, ...rest] = block.split(/\r\n|\r|\n/);
      expect([id, type, rest]).toEqual(["id: k3.1:7", "event: message.created", ["", ""]]);
      expect(JSON.parse(data?.slice("data: ".length) ?? "")).toEqual(event);
    }),
    runs,
  );
});

test("marks of several rooms become ids in place, and everything else stays byte for byte", () => {
  const names = ["a", "b"] as RoomId[];
  const places = new StreamPlaces(names);
  const epoch = "k3.1" as Position["epoch"];
  const eventOf = (name: string, sequence: number, text: string): string =>
    String(
      severalRooms.encodeEvent(
        { type: "message.created", room: name, sequence, data: { text } } as never,
        epoch,
      ),
    );
  const typing = String(severalRooms.encodeEvent({ type: "typing", room: "a" } as never));
  const texts = ["id: a k3.1 9\n\n", "id: x", "\u2028\u{1f989}"];
  const blocks = [
    eventOf("a", 1, "one"),
    typing,
    ...texts.map((text, at) => eventOf("b", at + 1, text)),
  ];
  const out = Buffer.from(personalize(Buffer.from(blocks.join("")), places)).toString();
  const ids = [...out.matchAll(/^id: (.*)$/gm)].map(([, id]) => id ?? "");
  expect(ids.map((id) => Object.fromEntries(readPositions(id, names) ?? []))).toEqual([
    { a: { epoch, offset: 1 } },
    { a: { epoch, offset: 1 }, b: { epoch, offset: 1 } },
    { a: { epoch, offset: 1 }, b: { epoch, offset: 2 } },
    { a: { epoch, offset: 1 }, b: { epoch, offset: 3 } },
  ]);
  const without = (text: string): string => text.replaceAll(/^id: .*\n/gm, "");
  expect(without(out)).toBe(without(blocks.join("")));
});

test.each([
  [undefined, true],
  ["", true],
  ["*/*", true],
  ["text/*;q=0.1", true],
  ["application/json, text/event-stream", true],
  ["application/json", false],
  ["text/event-stream;q=0, */*", false],
  ["text/html, text/*; q=0", false],
])("Accept: %s is %s", (accept, expected) => {
  expect(acceptsStream(accept)).toBe(expected);
});

test.each(["/events/", "/rooms//events", "/rooms/a/b/events", "/api/v1/rooms/a/events", "/room/a"])(
  "%s is not one of our paths",
  (path) => {
    expect(sseDialect.takes(path)).toBe(false);
  },
);
