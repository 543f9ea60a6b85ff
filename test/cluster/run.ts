/** One run of the matrix, and what is kept of it. */
import type { BrokerName, Counts, Engine, Violation } from "@parlance/testkit/cluster";
import { faultKinds, labelOf } from "./faults/index.ts";
import { Scene } from "./scene.ts";

/** What happens in one run: several faults, one after the other, under load. */
export interface RunPlan {
  readonly engine: Engine;
  readonly broker: BrokerName;
  readonly seed: number;
  /** Labels, in order. */
  readonly faults: readonly string[];
  readonly isLong?: boolean;
}

/** What is kept of a run. */
export interface RunRecord extends RunPlan {
  readonly result: "passed" | "failed" | "inconclusive";
  readonly violations: readonly Violation[];
  readonly lacking: readonly string[];
  readonly counts: Counts | undefined;
  readonly seconds: number;
  /** What each fault took, in milliseconds. */
  readonly tookMs: Readonly<Record<string, number>>;
  /** How late the clock was, and how overloaded the machine: time limits were relaxed by as much. */
  readonly measuring?: { readonly latenessMs: number; readonly slowness: number };
  /** Why it ended before its time; the ends of the nodes' logs. */
  readonly trouble?: string;
}

/** Acknowledgements before the first fault. */
const warmUpAcks = 40;
const leastAcks = 100;
const leastResumes = 5;

/** Carries a plan out. Never throws: what goes wrong is in the record. */
export async function runPlan(
  plan: RunPlan,
  tell: (text: string) => void = () => {},
): Promise<RunRecord> {
  const startedAt = performance.now();
  const tookMs: Record<string, number> = {};
  const seconds = (): number => Math.round((performance.now() - startedAt) / 100) / 10;
  const nothing = { violations: [], lacking: [], counts: undefined };
  let scene: Scene | undefined;
  try {
    scene = await Scene.start(plan);
    await scene.moreAcks(warmUpAcks);
    for (const label of plan.faults) {
      const kind = faultKinds.find((one) => labelOf(one) === label);
      if (kind === undefined) throw new Error(`there is no fault "${label}"`);
      tell(label);
      const from = performance.now();
      await kind.inject(scene);
      tookMs[label] = Math.round(performance.now() - from);
    }
    tell("rest");
    const from = performance.now();
    const verdict = await scene.decide({
      acks: leastAcks,
      deliveries: leastAcks * 3,
      resumes: leastResumes,
      faults: plan.faults.length,
    });
    tookMs["rest"] = Math.round(performance.now() - from);
    return { ...plan, ...verdict, seconds: seconds(), tookMs, measuring: scene.measuring };
  } catch (error) {
    const logs = scene?.cluster.nodes.map(({ name, process }) => `${name}: ${process.output}`);
    const trouble = `${String(error)}\n${(logs ?? []).map((log) => log.slice(-600)).join("\n")}`;
    return { ...plan, ...nothing, result: "failed", seconds: seconds(), tookMs, trouble };
  } finally {
    await scene?.close();
  }
}
