/** Which runs there are: the whole matrix, and a slice of it that fits into a test run. */
import { type BrokerName, brokers } from "@parlance/testkit/cluster";
import { Random } from "@parlance/testkit/simulation";
import { applies, type FaultKind, faultKinds, labelOf } from "./faults/index.ts";
import type { RunPlan } from "./run.ts";

export const serverEngines = ["postgresql", "mariadb"] as const;

interface Pair {
  readonly engine: (typeof serverEngines)[number];
  readonly broker: BrokerName;
}

/** Every engine with every broker. */
export const pairs: readonly Pair[] = serverEngines.flatMap((engine) =>
  brokers.map((broker) => ({ engine, broker })),
);

/** Takes too long for a test run: these are in the whole matrix only, and each alone in its run there. */
const slow = ["F-D7 reads that never answer", "F-N5 asleep"];
/** Faults of one run of the slice. */
const perRun = 4;

/**
 * A slice: every engine meets every broker, and every fault meets one of these pairs; of `F-B3`, which has a variant for
 * each direction, one variant. Which is the seed's to say, so that other seeds look at other pairs.
 */
export function slice(seed: number): RunPlan[] {
  const random = new Random(seed);
  const runs = shuffled(pairs, random).map((pair) => ({ ...pair, faults: [] as FaultKind[] }));
  const demanding = (kind: FaultKind): number =>
    pairs.filter((pair) => applies(kind, pair)).length + (slow.includes(labelOf(kind)) ? 0 : 100);
  const all = shuffled(faultKinds, random);
  const oneDirection = all.find(({ id }) => id === "F-B3");
  const chosen = all.filter((kind) => kind.id !== "F-B3" || kind === oneDirection);
  const kinds = chosen.toSorted((a, b) => demanding(a) - demanding(b));
  for (const kind of kinds) {
    const fitting = runs.filter((run) => applies(kind, run));
    const least = Math.min(...fitting.map((run) => run.faults.length));
    fitting.find((run) => run.faults.length === least)?.faults.push(kind);
  }
  return runs
    .filter(({ faults }) => faults.length > 0)
    .map(({ engine, broker, faults }, index) => ({
      engine,
      broker,
      seed: seed * 100 + index,
      faults: shuffled(faults, random).map(labelOf),
    }));
}

/** Everything with everything, each engine and broker for several runs of a few faults. */
export function wholeMatrix(seed: number): RunPlan[] {
  const random = new Random(seed);
  return pairs.flatMap(({ engine, broker }) => {
    const kinds = shuffled(
      faultKinds.filter((kind) => applies(kind, { engine, broker })),
      random,
    );
    const runs: string[][] = [];
    for (const [index, kind] of kinds.entries()) {
      if (index % perRun === 0) runs.push([]);
      runs.at(-1)?.push(labelOf(kind));
    }
    return runs.map((faults) => ({
      engine,
      broker,
      seed: random.between(1, 1_000_000),
      faults,
      isLong: true,
    }));
  });
}

function shuffled<T>(list: readonly T[], random: Random): T[] {
  return list
    .map((item) => ({ item, place: random.next() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);
}
