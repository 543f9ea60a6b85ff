import { expect, test } from "vitest";
import { rangeOf } from "./range.ts";

test.each([
  ["bytes=0-0", { first: 0, last: 0 }],
  ["bytes=0-9", { first: 0, last: 9 }],
  ["bytes=2-4", { first: 2, last: 4 }],
  ["bytes=5-", { first: 5, last: 9 }],
  ["bytes=5-99", { first: 5, last: 9 }],
  ["bytes=-3", { first: 7, last: 9 }],
  ["bytes=-99", { first: 0, last: 9 }],
])("%s of ten bytes", (header, range) => {
  expect(rangeOf(header, 10)).toEqual(range);
});

test.each(["bytes=10-", "bytes=10-20", "bytes=999999999999999-", "bytes=-0"])(
  "[U7] %s has nothing of ten bytes",
  (header) => {
    expect(rangeOf(header, 10)).toBe("unsatisfiable");
  },
);

test.each([
  undefined,
  "",
  "bytes",
  "bytes=",
  "bytes=-",
  "bytes=4-2",
  "bytes=a-b",
  "bytes=0-1,3-4",
  `bytes=${"0-1,".repeat(1_000)}2-3`,
  "lines=0-1",
  "bytes=0x1-2",
  "bytes=1.5-2",
  "bytes=-1-2",
  "bytes=9999999999999999-",
])("[U7] %s is the whole file", (header) => {
  expect(rangeOf(header, 10)).toBeUndefined();
});
