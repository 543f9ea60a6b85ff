import { crc32 } from "node:zlib";
import type { Notice, Subject } from "@parlance/core";
import { durablePayloadSchemas, fields, ownChange } from "@parlance/protocol";
import { ephemeralNotices } from "@parlance/testkit/contracts";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Joiner, MessageWriter, openMessage } from "./message.ts";
import { readNotices, writeNotice } from "./notices.ts";

const room = "r1" as Subject;
const writer = new MessageWriter("node-1");

/** What a broker does with bytes that arrive. */
function take(bytes: Buffer, joiner = new Joiner()): readonly Notice[] {
  const opened = openMessage(bytes);
  if (opened === undefined) return [];
  const body = joiner.add(room, opened);
  if (body === undefined || body === "waiting") return [];
  return readNotices(room, body.toString()).notices;
}

const id = fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 128 });
const count = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const epoch = fc.stringMatching(/^[A-Za-z0-9]{1,20}[.][A-Za-z0-9]{1,20}$/);
const user = fc.record(
  {
    id,
    name: fc.string({ unit: "binary" }),
    kind: fc.constantFrom("account", "guest"),
    number: count,
  },
  { requiredKeys: ["id", "name", "kind"] },
);
const frame = fc.oneof(
  fc.record({
    type: fc.constant("message.created"),
    data: fc.record(
      {
        text: fc.string(),
        author_name: fc.string(),
        author_number: fc.nat(),
        data: fc.constant({ a: [1] }),
      },
      { requiredKeys: ["text", "author_name"] },
    ),
  }),
  fc.record({
    type: fc.constant("reaction.removed"),
    data: fc.record({ message_id: fc.string(), emoji: fc.string() }),
  }),
  fc.record({ type: fc.constant("member.left"), erased: fc.constant(true) }),
);
const event = fc
  .record({ sequence: count, revision: count, countable: count, frame, id, cid: fc.option(id) })
  .chain((made) =>
    fc.boolean().map((isShort) => {
      const { sequence, revision, countable, cid } = made;
      const envelope = {
        room,
        sequence,
        id: made.id,
        author: made.id,
        time: "2026-01-02T03:04:05.678Z",
        ...(cid === null ? {} : { client_message_id: cid }),
      };
      const places = { sequence, revision, countable };
      return isShort ? places : { ...places, frame: { ...envelope, ...made.frame } };
    }),
  );
const notice = fc.oneof(
  fc.record({ type: fc.constant("committed"), epoch, events: fc.array(event, { maxLength: 5 }) }),
  fc.record({ type: fc.constant("present"), node: id, users: fc.array(user) }),
  fc.record({
    type: fc.constant("present"),
    node: id,
    users: fc.array(user),
    isClosing: fc.constant(true),
  }),
  fc.record({ type: fc.constant("who") }),
  fc.record({ type: fc.constant("news"), rooms: fc.array(fc.constantFrom("a.b:c", "ops")) }),
  fc.record({ type: fc.constant("control"), head: count }),
  fc.record({
    type: fc.constant("own"),
    user: id,
    change: fc.record({
      what: fc.constant("thread"),
      thread: fc.record({
        room: fc.constant("a.b:c"),
        thread: id,
        following: fc.boolean(),
        read_mark: count,
        unread: count,
      }),
    }),
  }),
  fc.record({
    type: fc.constant("joined"),
    fact: fc.record({
      user: id,
      room: fc.constant("a.b:c"),
      position: fc.record({ epoch, offset: count }),
    }),
  }),
  fc.record({
    type: fc.constant("device"),
    fact: fc.record({ user: id, device: fc.constantFrom("d-5f21", "phone"), since: count }),
  }),
  fc.record(
    { type: fc.constant("ask"), node: id, id, question: id, detail: fc.constant({ a: [1, "b"] }) },
    { requiredKeys: ["type", "node", "id", "question"] },
  ),
  fc.record({
    type: fc.constant("told"),
    to: id,
    node: id,
    id,
    part: count,
    parts: count,
    text: fc.string({ unit: "binary" }),
  }),
) as fc.Arbitrary<unknown> as fc.Arbitrary<Notice>;

/** What a broken or hostile sender could put where a row is. */
const row = fc.tuple(
  fc.constantFrom("c", "e", "p", "h", "j", "a", "t", "z"),
  fc.array(fc.oneof(fc.jsonValue(), fc.constantFrom("r1", "e.1", "message.created", 0, 1)), {
    maxLength: 9,
  }),
);

describe("[F-B7] what nodes tell each other", () => {
  test.each(ephemeralNotices(room))("[OPEN-2] an ephemeral event comes as it went: %o", (one) => {
    expect(readNotices(room, `[${writeNotice(room, one)}]`).notices).toEqual([one]);
  });

  test("reading undoes writing", () => {
    fc.assert(
      fc.property(fc.array(notice, { maxLength: 6 }), (notices) => {
        const text = `[${notices.map((one) => writeNotice(room, one)).join(",")}]`;
        const bytes = writer.write(text);
        expect(bytes === undefined ? undefined : take(bytes)).toEqual(notices);
      }),
    );
  });

  test("a message in parts is the same message", () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1, maxLength: 500 }),
        fc.integer({ min: 30, max: 200 }),
        (text, maxBytes) => {
          const whole = writer.write(text) ?? Buffer.alloc(0);
          const parts = writer.split(whole, maxBytes);
          expect(Math.max(...parts.map((part) => part.length))).toBeLessThanOrEqual(maxBytes);
          const joiner = new Joiner();
          const bodies = parts.map((part) => {
            const opened = openMessage(part);
            return opened === undefined ? undefined : joiner.add(room, opened);
          });
          expect(bodies.slice(0, -1).every((body) => body === "waiting")).toBe(true);
          expect(bodies.at(-1)?.toString()).toBe(Buffer.from(text).toString());
        },
      ),
    );
  });

  test("parts that are lost, doubled or mixed up never make a message that nobody sent", () => {
    const text = "0123456789".repeat(20);
    const parts = [text, text.toUpperCase()].flatMap((each, n) => {
      return writer.split(writer.write(`${n}${each}`) ?? Buffer.alloc(0), 60);
    });
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...parts), { maxLength: 40 }), (mixed) => {
        const joiner = new Joiner();
        for (const part of mixed) {
          const opened = openMessage(part);
          const body = opened === undefined ? undefined : joiner.add(room, opened);
          if (Buffer.isBuffer(body)) expect([`0${text}`, `1${text}`]).toContain(body.toString());
        }
      }),
    );
  });

  test("any bytes at all are taken without an exception", () => {
    const joiner = new Joiner();
    const head = fc.constantFrom(
      Buffer.alloc(0),
      Buffer.from([0x50, 0x4c, 1, 0, 0, 0, 0, 0, 1, 0x61]),
      Buffer.from([0x50, 0x4c, 1, 1, 0, 0, 0, 0, 1, 0x61]),
    );
    fc.assert(
      fc.property(
        head,
        fc.uint8Array({ maxLength: 300 }),
        fc.boolean(),
        (start, rest, isSealed) => {
          const bytes = Buffer.concat([start, rest]);
          // With the right checksum it gets further.
          if (isSealed && start.length > 0) bytes.writeUInt32BE(crc32(bytes.subarray(8)), 4);
          take(bytes, joiner);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test("[F-B7] [I-3] a message with bits that were changed is nobody's", () => {
    const good = writer.write('[["h",4]]') ?? Buffer.alloc(0);
    expect(take(good)).toEqual([{ type: "control", head: 4 }]);
    for (let at = 0; at < good.length; at += 1) {
      for (let bit = 0; bit < 8; bit += 1) {
        const bad = Buffer.from(good);
        bad[at] = (bad[at] ?? 0) ^ (1 << bit);
        const heard = take(bad);
        // The kind is not under the checksum; what is taken for a part is one that fits nothing.
        expect(heard).toEqual([]);
      }
    }
  });

  test("any JSON is taken without an exception, and what comes of it is in order", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(row, fc.jsonValue())), (rows) => {
        const flat = rows.map((each) => {
          return Array.isArray(each) && Array.isArray(each[1]) ? [each[0], ...each[1]] : each;
        });
        const { notices } = readNotices(room, JSON.stringify(flat));
        for (const one of notices) expectInOrder(one);
      }),
      { numRuns: 2_000 },
    );
  });

  test("one value that was changed in a good message harms nothing", () => {
    const good = JSON.stringify([
      [
        "c",
        "e.1",
        [[1, 1, 1, "message.created", "i", "u", "t", 0, { text: "a", author_name: "b" }]],
      ],
      [
        "c",
        "e.1",
        [[2, 1, 1, "member.joined", "i", "u", "t", "c", { user: "u", name: "n", role: "member" }]],
      ],
      ["e", { type: "typing", room, user: "u", name: "n", active: true }, "u2"],
      ["e", { type: "call.signal", room, call_id: "c", from: "u", signal: { a: 1 } }, "u2"],
      ["p", "n", [["u", "n", "guest", 1]]],
      ["h", 1],
      ["j", "u", "r1", "e.1", 1],
      [
        "o",
        "u",
        {
          what: "thread",
          thread: { room: "r1", thread: "t", following: true, read_mark: 1, unread: 1 },
        },
      ],
      ["a", "n", "q", "connections", { a: [1] }],
      ["t", "n", "m", "q", 0, 1, "[]"],
    ]);
    const places = [...good.matchAll(/"[^"]*"|\d+|true/g)].map(({ index, 0: text }) => ({
      index,
      text,
    }));
    fc.assert(
      fc.property(fc.constantFrom(...places), fc.jsonValue(), ({ index, text }, value) => {
        const bad = `${good.slice(0, index)}${JSON.stringify(value)}${good.slice(index + text.length)}`;
        const { notices } = readNotices(room, bad);
        for (const one of notices) expectInOrder(one);
      }),
      { numRuns: 3_000 },
    );
  });

  test("nesting without end is not passed on", () => {
    const deep = `${'{"a":'.repeat(5_000)}1${"}".repeat(5_000)}`;
    const typing = `["e",{"type":"call.signal","room":"r1","call_id":"c","from":"u","signal":${deep}}]`;
    const message = `["c","e.1",[[1,1,1,"message.created","i","u","t",0,{"text":"a","author_name":"b","data":${deep}}]]]`;
    const read = readNotices(room, `[${typing},${message}]`);
    expect(read.notices).toEqual([
      { type: "committed", epoch: "e.1", events: [{ sequence: 1, revision: 1, countable: 1 }] },
    ]);
    expect(read.ignored).toBe(2);
  });

  test("a frame that is about another room or place is left out", () => {
    const other = {
      type: "committed",
      epoch: "e.1",
      events: [
        { sequence: 1, revision: 1, countable: 1, frame: { room: "r2", sequence: 1 } },
        { sequence: 2, revision: 1, countable: 1, frame: { room: "r1", sequence: 3 } },
      ],
    } as unknown as Notice;
    expect(JSON.parse(writeNotice(room, other))).toEqual([
      "c",
      "e.1",
      [
        [1, 1, 1],
        [2, 1, 1],
      ],
    ]);
  });
});

/** What everything behind the broker relies on. */
function expectInOrder(one: Notice): void {
  const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0;
  switch (one.type) {
    case "committed":
      for (const { sequence, revision, countable, frame: its } of one.events) {
        expect([sequence, revision, countable].every(isCount)).toBe(true);
        if (its === undefined) continue;
        expect(its).toMatchObject({ room, sequence });
        if ("data" in its) {
          expect(durablePayloadSchemas[its.type].safeParse(its.data).success).toBe(true);
        }
      }
      return;
    case "ephemeral":
      expect(one.event.room).toBe(room);
      return;
    case "present":
      expect(
        one.users.every((each) => typeof each.id === "string" && typeof each.name === "string"),
      ).toBe(true);
      return;
    case "who":
      return;
    case "control":
      expect(isCount(one.head)).toBe(true);
      return;
    case "news":
      expect(one.rooms.every((each) => fields.roomId.safeParse(each).success)).toBe(true);
      return;
    case "joined":
      expect(isCount(one.fact.position.offset)).toBe(true);
      return;
    case "device":
      expect(fields.deviceId.safeParse(one.fact.device).success).toBe(true);
      expect(isCount(one.fact.since)).toBe(true);
      return;
    case "own":
      expect(ownChange.safeParse(one.change).success).toBe(true);
      return;
    case "ask":
      expect([one.node, one.id, one.question].every((each) => typeof each === "string")).toBe(true);
      return;
    case "told":
      expect(isCount(one.part) && isCount(one.parts)).toBe(true);
      expect(typeof one.text).toBe("string");
      return;
    default:
      one satisfies never;
  }
}
