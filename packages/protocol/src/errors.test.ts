import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { type ErrorCode, errorRow, errors, ProtocolError } from "./errors.ts";

const rows = Object.entries(errors);

test("no code is in the table twice", () => {
  const source = readFileSync(resolve(import.meta.dirname, "errors.ts"), "utf8");
  const table = source.slice(source.indexOf("const table"), source.indexOf("} as const"));
  const codes = [...table.matchAll(/^ {2}(\w+): \{/gm)].map((match) => match[1]);
  expect(codes).toEqual([...new Set(codes)]);
  expect(codes).toEqual(rows.map(([code]) => code));
});

test("no two errors have the same text", () => {
  const texts = rows.map(([, row]) => row.text);
  expect(texts).toEqual([...new Set(texts)]);
});

test("codes are lower_snake, statuses are errors, texts are one sentence", () => {
  for (const [code, row] of rows) {
    expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/);
    expect(row.http).toBeGreaterThanOrEqual(400);
    expect(row.http).toBeLessThan(600);
    expect(row.text).toMatch(/^[A-Z].*\.$/);
  }
});

test("a close code is one that a server may send, or in our private range", () => {
  const standard = [1002, 1003, 1007, 1008, 1009, 1011, 1012, 1013];
  for (const [code, { close }] of rows) {
    if (close === undefined || standard.includes(close)) continue;
    expect(close, code).toBeGreaterThanOrEqual(4000);
    expect(close, code).toBeLessThanOrEqual(4999);
  }
});

test("a close code's range agrees with retry: 4000-4499 come back, 4500-4999 never", () => {
  for (const [code, { close, retry }] of rows) {
    if (close === undefined || close < 4000) continue;
    expect(retry === "never", code).toBe(close >= 4500);
  }
});

test("close reasons fit the 123 bytes of RFC 6455 §5.5", () => {
  for (const [code] of rows) expect(Buffer.byteLength(code)).toBeLessThanOrEqual(123);
});

test("one close code means one thing: errors that share it share retry", () => {
  for (const [, a] of rows) {
    for (const [, b] of rows)
      if (a.close !== undefined && a.close === b.close) expect(a.retry).toBe(b.retry);
  }
});

test("an error travels as its row, with details only where there are some", () => {
  const code: ErrorCode = "rate_limited";
  const { retry, text } = errorRow(code);
  expect(new ProtocolError(code).toWire()).toEqual({ code, retry, text });
  expect(new ProtocolError(code, { retry_after_ms: 50 }).toWire()).toEqual({
    code,
    retry,
    text,
    details: { retry_after_ms: 50 },
  });
  const cause = new Error("below");
  expect(new ProtocolError(code, undefined, { cause }).cause).toBe(cause);
});
