/** The door of the package: the engine behind core's port `Documents`, on Yjs. */
import type { Documents } from "@parlance/core";
import { mergeUpdates } from "yjs";
import { compact } from "./compact.ts";
import { MergedContent } from "./content.ts";
import type { RunJob } from "./jobs.ts";
import { revert } from "./revert.ts";
import { isUpdate } from "./scan.ts";

/** What base64 with padding has not, once its padding is off. */
const strange = /[^A-Za-z0-9+/]/;

export { type RunJob, threadedJobs } from "./jobs.ts";

/** Makes the engine. @param run Where whole documents are built: here, or in threads. */
export function createDocuments(run: RunJob = runHere): Documents {
  return {
    open: (state) => new MergedContent(state),
    isUpdate,
    compact: (state) => run({ name: "compact", state }),
    revert: (state, before) => run({ name: "revert", state, before }),
    merge: (updates) => mergeUpdates([...updates]),
    toText: (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64"),
    toBytes: (text) => {
      if (text.length % 4 !== 0 || strange.test(text.replace(/={1,2}$/, ""))) return undefined;
      // A buffer of its own, in which nothing else is: the library looks past the ends of views.
      return new Uint8Array(Buffer.from(text, "base64"));
    },
  };
}

const runHere: RunJob = (job) =>
  job.name === "compact" ? compact(job.state) : revert(job.state, job.before);
