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
