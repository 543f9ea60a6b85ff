import { expect, test } from "vitest";
import { createTypingSignal, idleMs, repeatMs } from "./typing-signal.ts";

function start(): {
  told: boolean[];
  signal: ReturnType<typeof createTypingSignal>;
  advance: (ms: number) => void;
} {
  let now = 0;
  let due: { at: number; run: () => void } | undefined;
  const told: boolean[] = [];
  const signal = createTypingSignal(
    (active) => told.push(active),
    () => now,
    (run, ms) => {
      const mine = { at: now + ms, run };
      due = mine;
      return () => {
        if (due === mine) due = undefined;
      };
    },
  );
  return {
    told,
    signal,
    advance: (ms) => {
      now += ms;
      if (due === undefined || due.at > now) return;
      const { run } = due;
      due = undefined;
      run();
    },
  };
}

test("many strokes are few signals", () => {
  const { told, signal, advance } = start();
  for (let index = 0; index < 40; index += 1) {
    signal.stroke("x");
    advance(100);
  }
  expect(told).toEqual([true, true]);
  expect(4_000 / repeatMs).toBeLessThan(2);
});

test("sending, clearing and a pause end it, once", () => {
  const { told, signal, advance } = start();
  signal.stroke("x");
  signal.stop();
  signal.stop();
  signal.stroke("x");
  signal.stroke(" ");
  signal.stroke("x");
  advance(idleMs);
  expect(told).toEqual([true, false, true, false, true, false]);
});
