/**
 * The next version of the product, as far as its neighbours can tell: a copy of the program whose schema has a table and a
 * column more, and which says more to other nodes than this version knows. For tests of nodes of both versions side by side.
 */
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../../../..");

export interface NextVersion {
  /** The program of its command line. */
  readonly cli: string;
  /** What it calls itself. */
  readonly version: string;
  remove(): void;
}

/** What differs: a file, a text in it, and what stands there in the next version. */
type Change = readonly [file: string, before: string, after: string];

const version = "0.2.0-next";
const migration = (more: string): string => `  [
    "CREATE TABLE {next_things} (name VARCHAR(64) PRIMARY KEY)",
    "ALTER TABLE {rooms} ADD COLUMN ${more}next_note VARCHAR(64)",
    "INSERT INTO {next_things} (name) VALUES ('made by the next version')",
  ],
];
`;

const changes: readonly Change[] = [
  ["server/package.json", '"version": "0.1.0"', `"version": "${version}"`],
  ["storage/src/postgres/migrations.ts", "\n];\n", `\n${migration("")}`],
  ["storage/src/mysql/migrations.ts", "\n];\n", `\n${migration("IF NOT EXISTS ")}`],
  // A row of a kind that this version does not know, before each; and a field more in each row.
  [
    "broker/src/line/notices.ts",
    "return JSON.stringify(rowOf(subject, notice));",
    'return JSON.stringify(["next", { since: 2 }]) + "," + JSON.stringify([...rowOf(subject, notice), ...more(notice)]);',
  ],
  [
    "broker/src/line/notices.ts",
    "function rowOf(",
    `const more = (notice: Notice): readonly unknown[] =>
  notice.type === "ephemeral" && notice.to === undefined ? [] : notice.type === "present" && notice.isClosing !== true ? [0, "more"] : ["more"];

function rowOf(`,
  ],
];

/** Makes the copy, in a directory of its own. */
export function makeNextVersion(): NextVersion {
  const directory = mkdtempSync(join(tmpdir(), "parlance-next-"));
  const packages = join(directory, "packages");
  cpSync(join(root, "packages"), packages, { recursive: true });
  // What is installed is shared; our own packages are the copies.
  const modules = join(directory, "node_modules");
  mkdirSync(join(modules, "@parlance"), { recursive: true });
  for (const name of readdirSync(join(root, "node_modules"))) {
    if (name !== "@parlance") symlinkSync(join(root, "node_modules", name), join(modules, name));
  }
  for (const name of readdirSync(packages)) {
    symlinkSync(join(packages, name), join(modules, "@parlance", name));
  }
  for (const [file, before, after] of changes) {
    const path = join(packages, file);
    const text = readFileSync(path, "utf8");
    if (text.split(before).length !== 2) throw new Error(`${file} has not one "${before}"`);
    writeFileSync(
      path,
      text.replace(before, () => after),
    );
  }
  return {
    cli: join(packages, "cli/bin/parlance.js"),
    version,
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}
