import type { Command, EventFrame } from "@parlance/protocol";
import { commandSchemas, limits } from "@parlance/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import { fuzzRuns } from "../../test/fuzz.ts";
import { decode as decodeFrame } from "./decode.ts";
import { encodeEvent, encodeReply } from "./encode.ts";

const runs = { numRuns: 300 };
/** For what anybody may send. */
const manyRuns = { numRuns: fuzzRuns };
const longRunMs = 1_800_000;
const types = Object.keys(commandSchemas);

const id = fc.oneof(fc.maxSafeNat(), fc.string({ minLength: 1, maxLength: 64 }));
const ascii = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
  minLength: 1,
  maxLength: 64,
});
const room = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_:.-]{0,127}$/);
const text = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 200 })
  .map((some) => `${some}.`)
  .filter((some) => some.isWellFormed() && !some.includes("\0"));
const position = fc.record({
  epoch: fc.stringMatching(/^[A-Za-z0-9.]{1,64}$/),
  offset: fc.maxSafeNat(),
});

const commands = fc.oneof(
  fc.record({ type: fc.constant("publish"), id, room, client_message_id: ascii, text }),
  fc.record({ type: fc.constant("ping"), id }),
  fc.record({ type: fc.constant("sign_in"), id, token: ascii }),
  fc.record({ type: fc.constant("mark_read"), id, room, sequence: fc.maxSafeNat() }),
  fc.record({ type: fc.constant("typing"), id, room, active: fc.boolean() }),
  fc.record({ type: fc.constant("subscribe"), id, room, position, presence: fc.boolean() }),
  fc.record({
    type: fc.constant("resume"),
    id,
    rooms: fc.array(fc.record({ room, position }), { minLength: 1, maxLength: 20 }),
  }),
);

test("decoding is total over any string", { timeout: longRunMs }, () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 300 }), (frame) => {
      const decoded = decodeFrame(frame);
      expect(decoded.ok || decoded.error.code === "bad_request").toBe(true);
    }),
    manyRuns,
  );
});

test("decoding is total over any JSON, also where it begins like a command", {
  timeout: longRunMs,
}, () => {
  const almost = fc
    .tuple(fc.constantFrom(...types), fc.jsonValue(), fc.dictionary(fc.string(), fc.jsonValue()))
    .map(([type, some, more]) => ({ ...more, type, id: 1, room: some, text: some }));
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), almost), (value) => {
      const decoded = decodeFrame(JSON.stringify(value));
      if (!decoded.ok) expect(decoded.error.name).toBe("ProtocolError");
    }),
    manyRuns,
  );
});

test("a command comes out as it was sent, without what is not known", () => {
  fc.assert(
    fc.property(commands, fc.jsonValue(), (command, extra) => {
      expect(decodeFrame(JSON.stringify(command))).toEqual({ ok: true, command });
      const decoded = decodeFrame(JSON.stringify({ ...command, x_unknown: [extra] }));
      if (decoded.ok) expect(decoded.command).toEqual(command);
    }),
    runs,
  );
});

test("a command cut short anywhere is a bad request", () => {
  fc.assert(
    fc.property(commands, fc.nat(), (command, at) => {
      const frame = JSON.stringify(command);
      expect(decodeFrame(frame.slice(0, at % frame.length)).ok).toBe(false);
    }),
    runs,
  );
});

test("an event reads back as it was, for any text", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: limits.nameLength }), (some) => {
      const event = {
        type: "message.created",
        room: "general",
        sequence: 1,
        id: "e1",
        author: "u_1",
        time: "2026-01-01T00:00:00.000Z",
        data: { text: some, author_name: some },
      } as unknown as EventFrame;
      expect(JSON.parse(encodeEvent(event) ?? "")).toEqual(event);
    }),
    runs,
  );
});

test("a reply and an error carry the id of their command", () => {
  fc.assert(
    fc.property(id, (some) => {
      const reply = JSON.parse(encodeReply(some, {})) as { id: Command["id"] };
      expect(reply.id).toBe(some);
    }),
    runs,
  );
});
