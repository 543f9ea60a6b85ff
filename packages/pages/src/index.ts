/** Scripts and pages that are served as they are: which there are, where, and the one that is filled in. */
export type { ServedFile } from "./files.ts";
export { files, readServed } from "./files.ts";
export type { MmbClient, PageFeatures } from "./mmb-client.ts";
export { mmbClientScript } from "./mmb-client.ts";
export { inlineHashes } from "./policy.ts";
