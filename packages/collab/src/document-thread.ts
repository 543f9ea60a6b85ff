/** The thread of one long job: whatever an update makes of it, nobody waits for it but who asked. */
import { parentPort, workerData } from "node:worker_threads";
import { compact } from "./compact.ts";
import type { DocumentJob } from "./jobs.ts";
import { revert } from "./revert.ts";

const job = workerData as DocumentJob;
parentPort?.postMessage(
  job.name === "compact" ? compact(job.state) : revert(job.state, job.before),
);
