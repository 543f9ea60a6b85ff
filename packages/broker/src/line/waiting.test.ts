import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { pause, until, withDeadline } from "./waiting.ts";

test("work that takes too long is told once, and not given up by itself", async () => {
  let told = 0;
  const answer = await withDeadline(sleep(120, "done"), 20, () => void (told += 1));
  expect([answer, told]).toEqual(["done", 1]);
});

test("while the other side goes on, nothing is late", async () => {
  let told = 0;
  let progressAt = performance.now();
  const progress = setInterval(() => {
    progressAt = performance.now();
  }, 10);
  const late = (): void => void (told += 1);
  await withDeadline(sleep(400), 200, late, () => progressAt);
  clearInterval(progress);
  expect(told).toBe(0);
  await withDeadline(sleep(400), 200, late, () => progressAt);
  expect(told).toBe(1);
});

test("a process that stood still itself finds the answer before the deadline", async () => {
  let told = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  const waiting = withDeadline(promise, 20, () => void (told += 1));
  setImmediate(() => setImmediate(resolve));
  const end = performance.now() + 60;
  while (performance.now() < end);
  await waiting;
  expect(told).toBe(0);
});

test("waiting ends with the signal, and leaves nothing behind", async () => {
  const gone = new AbortController();
  const waiting = until(new Promise(() => {}), gone.signal);
  const resting = pause(60_000, gone.signal);
  gone.abort(new Error("over"));
  await expect(waiting).rejects.toThrow("over");
  await resting;
  await expect(until(Promise.reject(new Error("later")), gone.signal)).rejects.toThrow("over");
  await expect(until(Promise.resolve(1), new AbortController().signal)).resolves.toBe(1);
});
