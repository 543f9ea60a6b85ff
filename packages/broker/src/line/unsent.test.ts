import type { Subject } from "@parlance/core";
import { expect, test } from "vitest";
import { maxUnsentBytes, UnsentQueue } from "./unsent.ts";

const subject = "r1" as Subject;
const message = (n: number, bytes: number): { subject: Subject; message: Buffer } => {
  const content = Buffer.alloc(bytes);
  content.writeUInt32BE(n);
  return { subject, message: content };
};

test("[F-B2] the oldest goes first, and is given up first", () => {
  const queue = new UnsentQueue();
  let dropped = 0;
  for (let n = 0; n < 10_000; n += 1) dropped += queue.push(message(n, 1_000));
  expect(queue.bytes).toBeLessThanOrEqual(maxUnsentBytes);
  expect(queue.bytes).toBeGreaterThan(maxUnsentBytes - 2_000);
  for (let n = dropped; n < 10_000; n += 1) {
    expect(queue.take()?.message.readUInt32BE()).toBe(n);
  }
  expect(queue.isEmpty).toBe(true);
  expect(queue.bytes).toBe(0);
  expect(queue.take()).toBeUndefined();
});

test("[F-B2] small messages are bounded too, one that is larger than all is kept", () => {
  const queue = new UnsentQueue();
  let count = 0;
  for (let n = 0; n < 100_000; n += 1) count += 1 - queue.push(message(n, 4));
  expect(count).toBeLessThan(20_000);
  queue.push(message(1, maxUnsentBytes));
  expect(queue.take()?.message.length).toBe(maxUnsentBytes);
  expect(queue.isEmpty).toBe(true);
});
