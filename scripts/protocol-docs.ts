/**
 * Writes what is generated in `docs/protocol/`: the JSON Schema, the AsyncAPI document and the table in
 * `errors.md`. With `--check` it writes nothing and fails where a file is not current. Either way it tells
 * the schema's hash where that is not the one pinned in `packages/protocol/src/schema-hash.ts`.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { canonicalize } from "@parlance/protocol";
import {
  asyncApiDocument,
  errorTableMarkdown,
  nativeJsonSchema,
  pinnedSchema,
} from "@parlance/protocol/documents";

const folder = resolve(import.meta.dirname, "../docs/protocol");
const begin = "<!-- generated: error table -->\n";
const end = "<!-- end of generated -->\n";

function withTable(text: string): string {
  const [before, rest] = text.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) throw new Error("errors.md has lost its marks");
  return `${before}${begin}${errorTableMarkdown()}${end}${after}`;
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
const read = (name: string): string =>
  existsSync(join(folder, name)) ? readFileSync(join(folder, name), "utf8") : "";

const files: Readonly<Record<string, string>> = {
  "native.schema.json": json(nativeJsonSchema()),
  "asyncapi.json": json(asyncApiDocument()),
  "errors.md": withTable(read("errors.md")),
};

const checking = process.argv.includes("--check");
for (const [name, text] of Object.entries(files)) {
  const current = read(name) === text;
  if (!current && !checking) writeFileSync(join(folder, name), text);
  if (!current && checking) process.exitCode = 1;
  console.log(
    `docs/protocol/${name}: ${current ? "current" : checking ? "NOT CURRENT" : "written"}`,
  );
}
const sha256 = createHash("sha256").update(canonicalize(nativeJsonSchema())).digest("hex");
if (sha256 !== pinnedSchema.sha256) {
  console.log(`the schema is not the pinned one; its hash is ${sha256}`);
  process.exitCode = 1;
}
