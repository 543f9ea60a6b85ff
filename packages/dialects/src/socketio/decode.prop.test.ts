import type { Inlet } from "@parlance/core";
import type { EventFrame } from "@parlance/protocol";
import { limits, ProtocolError } from "@parlance/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import { fuzzRuns } from "../../test/fuzz.ts";
import { actionNames, actionOf } from "./actions.ts";
import { decode, payloadOf } from "./decode.ts";
import { encodeEvent } from "./encode.ts";
import { textsOf } from "./frames.ts";
import { placesOf } from "./kept-sessions.ts";
import { placeOf, readPlace, writePlace } from "./place.ts";
import { SocketSession } from "./session.ts";
import { Statuses } from "./statuses.ts";
import { Unconfirmed } from "./unconfirmed.ts";

const runs = { numRuns: 400 };
/** For what anybody may send. */
const manyRuns = { numRuns: fuzzRuns };
const longRunMs = 1_800_000;
const bytes = fc.uint8Array({ maxLength: 20 }).map((some) => Buffer.from(some));
/** Whatever the library may hand over: JSON of any shape, with bytes in any place. */
const anything = fc.oneof(
  fc.anything({ maxDepth: 4 }),
  fc.jsonValue(),
  bytes,
  fc.constant(undefined),
);
const fieldNames = ["chatId", "content", "messageId", "callId", "fileId", "signal", "index", "to"];
const almost = fc.dictionary(fc.constantFrom(...fieldNames, "__proto__", "toString"), anything);

test("every event takes any payload: a command that is well formed, or an error", {
  timeout: longRunMs,
}, () => {
  fc.assert(
    fc.property(fc.constantFrom(...actionNames), fc.oneof(anything, almost), (name, payload) => {
      const fields = payloadOf(payload);
      if (fields instanceof ProtocolError) {
        expect(fields.code).toBe("bad_request");
        return;
      }
      const [first] = actionOf(name)?.steps ?? [];
      const wanted = first?.({ fields, known: [], newId: () => "m-1" });
      if (wanted === undefined || wanted instanceof ProtocolError) return;
      const decoded = decode(wanted);
      if (!decoded.ok) expect(["bad_request", "too_large"]).toContain(decoded.error.code);
    }),
    manyRuns,
  );
});

test("names that mean nothing are nothing, inherited ones included", { timeout: longRunMs }, () => {
  fc.assert(
    fc.property(anything, (name) => {
      if (typeof name === "string" && actionNames.includes(name)) return;
      expect(actionOf(name)).toBeUndefined();
    }),
    manyRuns,
  );
  for (const name of ["__proto__", "constructor", "toString", "valueOf"]) {
    expect(actionOf(name)).toBeUndefined();
  }
});

test("a session answers each event once, whatever it is", { timeout: longRunMs }, () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.constantFrom(...actionNames), anything),
      fc.oneof(anything, almost),
      (name, payload) => {
        const follower = { entered: () => {}, left: () => {} };
        const session = new SocketSession(new Statuses(), follower, new Unconfirmed());
        let failures = 0;
        const inlet: Pick<Inlet, "perform"> = {
          perform: (_task, answer) => answer.failed(new ProtocolError("not_found")),
        };
        session.begin(inlet as Inlet);
        session.asked(name, payload, () => {
          failures += 1;
        });
        expect(failures).toBe(1);
      },
    ),
    manyRuns,
  );
});

test("an event reads back as it was, and its place is found at its end, for any text", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 200 }), fc.nat(), (some, sequence) => {
      const event = {
        type: "message.created",
        room: "general",
        sequence,
        id: "e1",
        author: "u_1",
        time: "2026-01-01T00:00:00.000Z",
        data: { text: some, author_name: some },
      } as unknown as EventFrame;
      const text = encodeEvent(event) ?? "";
      const [name, message, place] = JSON.parse(text.slice(2)) as [string, object, string];
      expect(name).toBe("message:new");
      expect(message).toMatchObject({ content: some, chat_id: "general" });
      expect(readPlace(place)).toEqual({ room: "general", sequence });
      expect(placeOf(text)).toEqual({ room: "general", sequence });
    }),
    runs,
  );
});

test("a place reads back, and no other text is one", () => {
  const room = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_:.-]{0,127}$/);
  fc.assert(
    fc.property(room, fc.nat(), (name, sequence) => {
      const place = { room: name as never, sequence };
      expect(readPlace(writePlace(place))).toEqual(place);
    }),
    runs,
  );
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const place = readPlace(text);
      if (place !== undefined) expect(writePlace(place).length).toBeLessThanOrEqual(text.length);
    }),
    runs,
  );
});

test("a chunk of frames is taken apart into its texts", () => {
  const text = fc.oneof(
    fc.string({ unit: "grapheme" }),
    fc.integer({ min: 100, max: 70_000 }).map((length) => "x".repeat(length)),
  );
  fc.assert(
    fc.property(fc.array(text, { maxLength: 6 }), (texts) => {
      const frames = texts.map((one) => {
        const payload = Buffer.from(one);
        const short = payload.length < 126;
        const header = Buffer.alloc(short ? 2 : payload.length < 65_536 ? 4 : 10);
        header[0] = 0x81;
        header[1] = short ? payload.length : payload.length < 65_536 ? 126 : 127;
        if (header.length === 4) header.writeUInt16BE(payload.length, 2);
        if (header.length === 10) header.writeBigUInt64BE(BigInt(payload.length), 2);
        return Buffer.concat([header, payload]);
      });
      expect(textsOf(Buffer.concat(frames))).toEqual(texts);
    }),
    { numRuns: 60 },
  );
});

test("[I-11] whatever a client got last, it goes on exactly behind it in every room", () => {
  const rooms = ["a", "b", "c"] as const;
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...rooms), { minLength: 1, maxLength: 60 }),
      fc.nat(),
      fc.nat(),
      (order, confirmedUpTo, receivedUpTo) => {
        const heads = new Map<string, number>();
        const sent = order.map((room) => {
          const sequence = (heads.get(room) ?? 0) + 1;
          heads.set(room, sequence);
          return { room: room as never, sequence };
        });
        const received = receivedUpTo % (sent.length + 1);
        const confirmed = confirmedUpTo % (received + 1);
        const at = (end: number) =>
          new Map(
            rooms.map((room) => {
              const own = sent.slice(0, end).filter((place) => place.room === room);
              return [room as never, { epoch: "e" as never, offset: own.at(-1)?.sequence ?? 0 }];
            }),
          );
        const kept = {
          user: "u" as never,
          places: at(confirmed),
          sent: sent.slice(confirmed),
          left: new Set<never>(),
          online: new Set<never>(),
        };
        const last = received === 0 ? undefined : sent[received - 1];
        expect(placesOf(kept, new Map(), last)).toEqual(at(received));
      },
    ),
    runs,
  );
});

test("limits hold for what is deep", () => {
  let deep: unknown = {};
  for (let level = 0; level < limits.jsonDepth; level += 1) deep = { deep };
  expect(payloadOf(deep)).toBeInstanceOf(ProtocolError);
});
