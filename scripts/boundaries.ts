/**
 * `npm run boundaries [-- <folder>]`: checks the arrows of `.dependency-cruiser.cjs` in this repository, or
 * in another folder laid out like it. A run that did not see every source file is a failure: the tool says
 * "no violations" also where it could read no module at all.
 */
import { spawnSync } from "node:child_process";
import { existsSync, globSync } from "node:fs";
import { join, resolve } from "node:path";

const home = resolve(import.meta.dirname, "..");
const root = resolve(process.argv[2] ?? home);
const folders = ["packages", "test", "bench", "scripts"].filter((name) =>
  existsSync(join(root, name)),
);

interface Cruise {
  readonly modules: readonly { readonly source: string }[];
  readonly summary: {
    readonly totalDependenciesCruised: number;
    readonly violations: readonly {
      readonly from: string;
      readonly to: string;
      readonly rule: { readonly name: string; readonly severity: string };
    }[];
  };
}

const run = spawnSync(
  process.execPath,
  [
    join(home, "node_modules/dependency-cruiser/bin/dependency-cruiser.mjs"),
    ...folders,
    "--config",
    join(home, ".dependency-cruiser.cjs"),
    "--output-type",
    "json",
  ],
  { cwd: root, encoding: "utf8", maxBuffer: 256 * 1024 * 1024 },
);
if (run.stdout === "") throw new Error(`dependency-cruiser said nothing: ${run.stderr}`);
const cruise = JSON.parse(run.stdout) as Cruise;

const seen = new Set(cruise.modules.map((module) => module.source));
const unseen = globSync("packages/*/src/**/*.{ts,tsx}", { cwd: root }).filter(
  (path) => !seen.has(path),
);
const { violations, totalDependenciesCruised } = cruise.summary;

for (const { from, to, rule } of violations) console.log(`${rule.name}: ${from} -> ${to}`);
for (const path of unseen) console.log(`not looked at: ${path}`);
if (totalDependenciesCruised === 0) console.log("no dependency was seen: the check is blind");
console.log(
  `boundaries: ${seen.size} modules, ${totalDependenciesCruised} dependencies, ${violations.length} violations`,
);
process.exitCode =
  violations.length === 0 && unseen.length === 0 && totalDependenciesCruised > 0 ? 0 : 1;
