/** Before each test file, in the process that runs it: says which one it is, so that one that hangs can be named and ended. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { resultsVariable, runningFolder } from "./test-results.ts";

const folder = process.env[resultsVariable];
if (folder !== undefined) {
  writeFileSync(join(runningFolder(folder), String(process.pid)), expect.getState().testPath ?? "");
}
