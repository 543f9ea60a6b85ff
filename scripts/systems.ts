/**
 * `npm run systems [-- --report <file>]`: checks that `docs/systems.md` is complete and that its tests exist and quote
 * the ids; with the JSON report of a run (`npm test` leaves it in `test-results/report.json`), that they passed in it.
 * One line for each thing that is wrong. `--root <folder>` checks another folder laid out like this repository.
 */
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { evidenceOf, problemsOf, readTable } from "./systems-table.ts";

const { values } = parseArgs({
  options: { report: { type: "string" }, root: { type: "string" } },
});
const root = resolve(values.root ?? join(import.meta.dirname, ".."));
const document = join(root, "docs/systems.md");

const problems = check();
for (const problem of problems) console.log(problem);
console.log(`systems: ${summary()}, ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;

function check(): readonly string[] {
  const { report } = values;
  if (!existsSync(document)) return ["there is no docs/systems.md"];
  if (report !== undefined && !existsSync(report)) return [`there is no report ${report}`];
  return problemsOf(readFileSync(document, "utf8"), evidenceOf(root, report));
}

function summary(): string {
  const rows = existsSync(document) ? readTable(readFileSync(document, "utf8")).rows : [];
  const count = (state: string): number => rows.filter((row) => row.state === state).length;
  return `${rows.length} promises, ${count("met")} met, ${count("in part")} in part, ${count("not yet")} not yet`;
}
