/**
 * `npm run cluster`: the whole fault matrix on three real nodes, {PostgreSQL, MariaDB} x {Redis, RabbitMQ, NATS, none} x
 * every fault that applies, one run after the other. Each run is a line of JSON in `bench/results/cluster.jsonl`, with
 * its seed; the same seed gives the same choices.
 *
 *   npm run cluster [-- --seed 1] [--slice] [--engine postgresql] [--broker redis] [--fault F-B] [--run 510059] [--out file]
 *
 * Exit code 0: all passed, 1: some failed, 2: some were inconclusive.
 */
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { slice, wholeMatrix } from "../test/cluster/plan.ts";
import { type RunPlan, type RunRecord, runPlan } from "../test/cluster/run.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    slice: { type: "boolean", default: false },
    engine: { type: "string" },
    broker: { type: "string" },
    fault: { type: "string" },
    /* One run by its own seed, as a record has it. */
    run: { type: "string" },
    out: { type: "string", default: join(import.meta.dirname, "../bench/results/cluster.jsonl") },
  },
});

function wanted(): RunPlan[] {
  const seed = Number(values.seed);
  const runs = values.slice ? slice(seed) : wholeMatrix(seed);
  return runs
    .filter(({ engine }) => values.engine === undefined || engine === values.engine)
    .filter(({ broker }) => values.broker === undefined || broker === values.broker)
    .filter((run) => values.run === undefined || run.seed === Number(values.run))
    .map((run) => ({
      ...run,
      faults: run.faults.filter((label) => label.startsWith(values.fault ?? "")),
    }))
    .filter(({ faults }) => faults.length > 0);
}

const runs = wanted();
const records: RunRecord[] = [];
mkdirSync(dirname(values.out), { recursive: true });
writeFileSync(values.out, "");
for (const [index, plan] of runs.entries()) {
  const { engine, broker, seed, faults } = plan;
  console.log(`${index + 1}/${runs.length} ${engine} ${broker} seed ${seed}: ${faults.join(", ")}`);
  const record = await runPlan(plan, (what) => console.log(`  ${what}`));
  records.push(record);
  appendFileSync(values.out, `${JSON.stringify(record)}\n`);
  const { result, seconds, counts, violations, lacking, trouble } = record;
  const { acks = 0, deliveries = 0, resumes = 0 } = counts ?? {};
  console.log(
    `  ${result} in ${seconds} s: ${acks} acks, ${deliveries} deliveries, ${resumes} resumes`,
  );
  for (const { invariant, text } of violations) console.log(`  ${invariant} ${text}`);
  for (const what of lacking) console.log(`  lacking: ${what}`);
  if (trouble !== undefined) console.log(trouble);
}
const count = (result: RunRecord["result"]): number =>
  records.filter((record) => record.result === result).length;
const minutes = Math.round(records.reduce((sum, { seconds }) => sum + seconds, 0) / 6) / 10;
console.log(
  `${count("passed")} passed, ${count("failed")} failed, ${count("inconclusive")} inconclusive in ${minutes} minutes: ${values.out}`,
);
process.exitCode = count("failed") > 0 ? 1 : count("inconclusive") > 0 ? 2 : 0;
