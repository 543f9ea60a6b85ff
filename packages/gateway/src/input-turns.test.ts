import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import { InputTurns, type TurnInput } from "./input-turns.ts";

class Recorded implements TurnInput {
  inputTurn = 0;
  inputFrames = 0;
  isHeld = false;

  holdInput(): void {
    this.isHeld = true;
  }

  releaseInput(): void {
    this.isHeld = false;
  }
}

test("[I-26] who floods is held for the rest of the turn, who does not is not", async () => {
  const turns = new InputTurns();
  const [flooding, quiet] = [new Recorded(), new Recorded()];
  for (let n = 0; n < 1_000; n += 1) turns.count(flooding);
  turns.count(quiet);
  expect([flooding.isHeld, quiet.isHeld]).toEqual([true, false]);
  await nextTurn();
  expect(flooding.isHeld).toBe(false);
});

test("[I-26] of many who flood one is read on in each turn, in order, and nobody is forgotten", async () => {
  const turns = new InputTurns();
  const floods = Array.from({ length: 9 }, () => new Recorded());
  for (const flooding of floods) for (let n = 0; n < 100; n += 1) turns.count(flooding);
  const held = (): number[] => floods.flatMap(({ isHeld }, index) => (isHeld ? [index] : []));
  expect(held()).toHaveLength(9);
  for (let left = 8; left > 0; left -= 1) {
    await nextTurn();
    expect(held()).toEqual(floods.map((_, index) => index).slice(-left));
  }
  // Who comes back waits behind those who wait already, and again.
  for (let n = 0; n < 100; n += 1) turns.count(floods[0] ?? new Recorded());
  for (const left of [[0, 8], [0], []]) {
    expect(held()).toEqual(left);
    await nextTurn();
  }
});

test("the same frames over many turns hold nobody", async () => {
  const turns = new InputTurns();
  const steady = new Recorded();
  let wasHeld = false;
  for (let turn = 0; turn < 40; turn += 1) {
    for (let n = 0; n < 50; n += 1) turns.count(steady);
    wasHeld ||= steady.isHeld;
    await nextTurn();
  }
  expect(wasHeld).toBe(false);
});
