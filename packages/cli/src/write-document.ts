/** Writes `docs/operations/command-line.md`. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { commandLineMarkdown } from "./document.ts";

const path: string = join(import.meta.dirname, "../../../docs/operations/command-line.md");
writeFileSync(path, commandLineMarkdown());
