import { expect, test } from "vitest";
import { applies, faultKinds, labelOf } from "./faults/index.ts";
import { pairs, slice, wholeMatrix } from "./plan.ts";

test("a slice has every engine with every broker, and every fault", () => {
  for (let seed = 1; seed <= 50; seed += 1) {
    const runs = slice(seed);
    expect(runs).toHaveLength(pairs.length);
    const labels = runs.flatMap(({ faults }) => faults);
    const missing = faultKinds.filter((kind) => !labels.includes(labelOf(kind)));
    expect(missing.map(({ id }) => id)).toEqual(["F-B3", "F-B3"]);
    expect(new Set(labels).size).toBe(labels.length);
    for (const run of runs) {
      for (const label of run.faults) {
        const kind = faultKinds.find((one) => labelOf(one) === label);
        expect(kind !== undefined && applies(kind, run)).toBe(true);
      }
    }
  }
});

test("slices of one seed are the same, of different seeds different", () => {
  expect(slice(7)).toEqual(slice(7));
  expect(slice(7)).not.toEqual(slice(8));
});

test("the whole matrix has every fault wherever it applies", () => {
  const runs = wholeMatrix(1);
  for (const kind of faultKinds) {
    for (const pair of pairs) {
      const has = runs.some(
        ({ engine, broker, faults }) =>
          engine === pair.engine && broker === pair.broker && faults.includes(labelOf(kind)),
      );
      expect({ ...pair, label: labelOf(kind), has }).toMatchObject({ has: applies(kind, pair) });
    }
  }
});

test("what the issue names is in the matrix", () => {
  const ids = new Set(faultKinds.map(({ id }) => id));
  const nodes = ["F-N1", "F-N2", "F-N3", "F-N4", "F-N5", "F-N8", "F-N9"];
  const brokers = Array.from({ length: 8 }, (_, index) => `F-B${index + 1}`);
  const others = ["F-D1", "F-D2", "F-D6", "F-D7", "F-C1", "F-C2", "F-C3", "F-C4"];
  expect([...nodes, ...brokers, ...others].filter((id) => !ids.has(id))).toEqual([]);
});
