import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { giveMemoryBack } from "./memory.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const mebibyte = 1_048_576;

test("[I-25] what a flood left is collected once, when the server is quiet again", () => {
  let used = 100 * mebibyte;
  let busy = 0;
  let collections = 0;
  const end = giveMemoryBack({
    used: () => used,
    busyShare: () => busy,
    collect: () => {
      collections += 1;
      used = 110 * mebibyte;
    },
  });
  vi.advanceTimersByTime(60_000);
  expect(collections).toBe(0);
  used = 400 * mebibyte;
  busy = 0.9;
  vi.advanceTimersByTime(60_000);
  expect(collections).toBe(0);
  busy = 0.01;
  vi.advanceTimersByTime(60_000);
  expect(collections).toBe(1);
  end();
  used = 400 * mebibyte;
  vi.advanceTimersByTime(60_000);
  expect(collections).toBe(1);
});
