import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalize, type Json } from "./canonical.ts";

test("members are sorted by UTF-16 code units (RFC 8785 §3.2.3)", () => {
  const value = {
    "\u20ac": "Euro Sign",
    "\r": "Carriage Return",
    "\ufb33": "Hebrew Letter Dalet With Dagesh",
    "1": "One",
    "\ud83d\ude00": "Emoji: Grinning Face",
    "\u0080": "Control",
    "\u00f6": "Latin Small Letter O With Diaeresis",
  };
  expect([...canonicalize(value).matchAll(/:"([^"]+)"/g)].map((match) => match[1])).toEqual([
    "Carriage Return",
    "One",
    "Control",
    "Latin Small Letter O With Diaeresis",
    "Euro Sign",
    "Emoji: Grinning Face",
    "Hebrew Letter Dalet With Dagesh",
  ]);
});

test("numbers and strings are as ECMAScript writes them (RFC 8785 §3.2.2)", () => {
  expect(
    canonicalize({
      numbers: [Number("333333333.33333329"), 1e30, 4.5, 2e-3, 1e-27, -0],
      string: "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\u002f",
      literals: [null, true, false],
    }),
  ).toBe(
    String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27,0],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
  );
});

test("what is undefined is left out, what JSON cannot express is refused", () => {
  expect(canonicalize({ a: 1, b: undefined } as unknown as Json)).toBe('{"a":1}');
  expect(() => canonicalize(Number.NaN)).toThrow(TypeError);
  expect(() => canonicalize([Number.POSITIVE_INFINITY])).toThrow(TypeError);
});

test("the canonical text says the same value, whatever order its members came in", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
      const text = canonicalize(value as Json);
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      expect(canonicalize(JSON.parse(text, reverseMembers) as Json)).toBe(text);
    }),
  );
});

function reverseMembers(_: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toReversed());
}
