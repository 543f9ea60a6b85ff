/**
 * A slice of the fault matrix on three real nodes: every engine with every broker, every fault at least once. The
 * whole of it is `npm run cluster`. With PARLANCE_CLUSTER_SEED another slice is taken. In the slice a node sleeps for
 * 12 s, not 30, and the line to a broker is silent only until that is noticed.
 */
import { expect } from "vitest";
import { type Requirement, requires } from "../requirements.ts";
import { slice } from "./plan.ts";
import { runPlan } from "./run.ts";

const seed = Number(process.env["PARLANCE_CLUSTER_SEED"] ?? "1");
const runTimeoutMs = 180_000;

for (const plan of slice(seed)) {
  const { engine, broker } = plan;
  if (engine === "sqlite") throw new Error("several nodes need an engine that is a server");
  const needs: Requirement[] = broker === "none" ? [engine] : [engine, broker];
  const ids = [...new Set(plan.faults.map((label) => label.split(" ")[0]))];
  requires(...needs)(
    `[${ids.join("] [")}] three nodes on ${plan.engine} and ${plan.broker} keep every promise (seed ${plan.seed})`,
    async () => {
      const record = await runPlan(plan);
      const { result, violations, lacking, trouble } = record;
      expect({ plan, result, violations, lacking, trouble }).toMatchObject({
        result: "passed",
        violations: [],
      });
    },
    runTimeoutMs,
  );
}
