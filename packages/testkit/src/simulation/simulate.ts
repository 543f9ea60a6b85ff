/** One run: a world built from a seed, chaos for a while, healing, rest, and the last questions. */
import type { Dialect } from "@parlance/core";
import { Chaos } from "./chaos.ts";
import type { Violation } from "./checker.ts";
import type { Tampering } from "./tampering.ts";
import { type FaultName, World } from "./world.ts";

export interface SimulationOptions {
  readonly seed: number;
  readonly dialect: Dialect;
  /** Virtual milliseconds of chaos; 12,000 if absent. */
  readonly chaosMs?: number;
  /** Only in runs that shall find something. */
  readonly tampering?: Tampering;
}

export interface SimulationResult {
  readonly seed: number;
  readonly violations: readonly Violation[];
  /** Differs where any step of two runs differs. */
  readonly trace: number;
  readonly steps: number;
  readonly sends: number;
  readonly acknowledged: number;
  readonly delivered: number;
  readonly resumes: number;
  readonly resets: number;
  readonly faults: Readonly<Record<FaultName, number>>;
  /** I-30: too little happened for a verdict. */
  readonly isInconclusive: boolean;
}

/** What a run must have seen for its verdict to count. */
const minimum = { acknowledged: 20, resumes: 3, crashes: 1 } as const;
/** I-12: within this long after the last fault healed everybody is complete. */
const restMs = 10_000;
const setupMs = 1_500;

/** Runs one seed. Never throws for what it finds: the violations say it. */
export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const world = new World(options.seed, options.dialect, options.tampering ?? {});
  const { scheduler, checker } = world;
  const look = (): void => checker.look();
  world.setUp();
  await scheduler.runUntil(setupMs, look);
  new Chaos(world).begin(options.chaosMs ?? 12_000);
  await scheduler.runUntil(scheduler.now + (options.chaosMs ?? 12_000), look);
  world.heal();
  await scheduler.runUntil(scheduler.now + restMs, look);
  world.askAtRest();
  await scheduler.runUntil(scheduler.now + 1_000, look);
  world.checkAtRest();
  const { counts } = checker;
  const { faults } = world;
  return {
    seed: options.seed,
    violations: checker.violations,
    trace: scheduler.trace,
    steps: scheduler.steps,
    ...counts,
    faults,
    isInconclusive:
      counts.acknowledged < minimum.acknowledged ||
      counts.resumes < minimum.resumes ||
      faults.crash < minimum.crashes,
  };
}
