/**
 * `npm run capabilities [-- --root <folder>]`: checks `docs/web.md`, the table of what people can do and where. One
 * line for each thing that is wrong.
 */
import { existsSync, globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { commandSchemas } from "@parlance/protocol";
import {
  capabilityProblems,
  readCapabilities,
  routeOf,
  type Things,
} from "./capabilities-table.ts";

const { values } = parseArgs({ options: { root: { type: "string" } } });
const root = resolve(values.root ?? join(import.meta.dirname, ".."));
const read = (path: string): string => readFileSync(join(root, path), "utf8");

const things: Things = {
  commands: new Set(Object.keys(commandSchemas)),
  routes: new Set(
    globSync("packages/http/src/routes/*.ts", { cwd: root }).flatMap((path) =>
      routesIn(read(path)),
    ),
  ),
  methods: new Set(
    globSync("packages/client/src/types*.ts", { cwd: root }).flatMap((path) =>
      [...read(path).matchAll(/^ {2}(\w+)(?:<[^(]*>)?\(/gmu)].map((found) => found[1] ?? ""),
    ),
  ),
  titlesIn: (file) => {
    if (!existsSync(join(root, file))) return undefined;
    return [...read(file).matchAll(/^\s*(?:test|it)(?:\.\w+)*\(\s*"((?:[^"\\]|\\.)+)"/gmu)].map(
      (found) => found[1] ?? "",
    );
  },
};

/** `app.get("/rooms", …)`, and `app.route({ method, url: "/rooms" })` for any method. A path may begin with one that has a name. */
function routesIn(file: string): readonly string[] {
  let source = file;
  for (const [, name = "", path = ""] of file.matchAll(/const (\w+) =\s+"(\/[^"]*)"/gu)) {
    source = source
      .replaceAll(
        new RegExp(`\`\\$\\{${name}\\}([^\`]*)\``, "gu"),
        (_, rest: string) => `"${path}${rest}"`,
      )
      .replaceAll(
        new RegExp(`(\\burl: |\\(\\s*)${name}\\b`, "gu"),
        (_, before: string) => `${before}"${path}"`,
      );
  }
  const named = [...source.matchAll(/\.(get|post|put|patch|delete)\(\s*"(\/[^"]*)"/gu)].map(
    ([, method = "", route = ""]) => `${method.toUpperCase()} ${route}`,
  );
  const open = [...source.matchAll(/\burl: "(\/[^"]*)"/gu)].flatMap(([, route = ""]) =>
    ["GET", "POST", "PUT", "PATCH", "DELETE"].map((method) => `${method} ${route}`),
  );
  return [...named, ...open].map(routeOf);
}

const document = read("docs/web.md");
const problems = capabilityProblems(document, things);
for (const problem of problems) console.log(problem);
console.log(
  `capabilities: ${readCapabilities(document).rows.length} rows, ${problems.length} problems`,
);
process.exitCode = problems.length === 0 ? 0 : 1;
