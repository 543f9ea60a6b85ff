import fc from "fast-check";
import { expect, test } from "vitest";
import { textDialect } from "../test/echo-server.ts";
import { deflateWire, plainWire, pongFrame } from "./frames.ts";

const wire = plainWire(textDialect("plain"));

test.each([
  [0, "8100"],
  [125, "817d"],
  [126, "817e007e"],
  [65_535, "817effff"],
  [65_536, "817f0000000000010000"],
])("[I-27] a text of %d bytes has the shortest header (RFC 6455 §5.2)", (length, header) => {
  const frame = Buffer.from(wire.frame("a".repeat(length)));
  expect(frame.toString("hex", 0, frame.length - length)).toBe(header);
  expect(frame.toString("utf8", frame.length - length)).toBe("a".repeat(length));
});

test("[I-27] bytes have the header of a binary frame, and stay as they are", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 125 }), (bytes) => {
      const frame = Buffer.from(wire.frame(bytes));
      expect([...frame]).toEqual([0x82, bytes.length, ...bytes]);
    }),
    { numRuns: 200 },
  );
  expect(Buffer.from(wire.frame(new Uint8Array(70_000))).toString("hex", 0, 10)).toBe(
    "827f0000000000011170",
  );
});

test("the length is counted in bytes, for any text", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 60 }), (text) => {
      const frame = Buffer.from(wire.frame(text));
      expect(frame[1]).toBe(frame.length - 2);
      expect(frame.toString("utf8", 2)).toBe(text);
    }),
    { numRuns: 200 },
  );
});

test("frames join into one chunk in order; one alone is not copied", () => {
  const frames = ["a", "b", "c"].map((text) => wire.frame(text));
  expect(Buffer.from(wire.join(frames)).toString("hex")).toBe("810161810162810163");
  const [first] = frames;
  expect(first).toBeDefined();
  if (first !== undefined) expect(wire.join([first])).toBe(first);
  expect(wire.join([])).toHaveLength(0);
});

test("what is short goes uncompressed also on a compressing wire", () => {
  const deflating = deflateWire(textDialect("deflating"));
  expect(deflating.frame("short")).toEqual(wire.frame("short"));
  const long = Buffer.from(deflating.frame("long ".repeat(200)));
  expect(long[0]).toBe(0xc1);
  expect(long.length).toBeLessThan(100);
});

test("a pong carries the ping's payload", () => {
  expect(pongFrame(Buffer.from("abc")).toString("hex")).toBe("8a03616263");
});
