/**
 * The module that pages load from `/client/elements.js`: defines the elements, for everybody on the page, and shares one
 * connection among those of one server and token.
 */
import { createConnections } from "./connections.ts";
import { createProgressElement, type ParlanceProgress } from "./progress-element.ts";

export type { JobState } from "@parlance/jobs";
export { foldJob, noJob, stateOfJob } from "@parlance/jobs";
export type { ParlanceProgress, ProgressDetail } from "./progress-element.ts";

// A page may load it twice, by two addresses.
if (customElements.get("parlance-progress") === undefined) {
  customElements.define("parlance-progress", createProgressElement(createConnections()));
}

declare global {
  interface HTMLElementTagNameMap {
    "parlance-progress": ParlanceProgress;
  }
}
