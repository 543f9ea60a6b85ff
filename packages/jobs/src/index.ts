export type { JobEvent, JobState } from "./job.ts";
export { foldJob, noJob, stateOfJob } from "./job.ts";
