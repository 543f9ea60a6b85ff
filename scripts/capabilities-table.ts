/**
 * What must be true of `docs/web.md`: each capability has a command, a REST route, a method of the SDK, a place in the
 * web app and an end-to-end test that exist, or says why it has none.
 */

/** One capability, as a row of the document tells it. Cells as they stand there. */
export interface Capability {
  readonly name: string;
  readonly command: string;
  readonly rest: string;
  readonly sdk: string;
  readonly place: string;
  readonly test: string;
}

/** What there is. */
export interface Things {
  /** Types of commands. */
  readonly commands: ReadonlySet<string>;
  /** `GET /rooms/:/files`: without the prefix and the names of what is filled in. */
  readonly routes: ReadonlySet<string>;
  /** Names of the SDK's methods. */
  readonly methods: ReadonlySet<string>;
  /** Titles of the tests in a file, from the root of the repository; undefined if there is no such file. */
  titlesIn(file: string): readonly string[] | undefined;
}

/** A cell that is empty on purpose. */
const reason = /^none: .{10,}$/u;
const columns = 6;

/** The rows of every table that begins with the column `capability`. */
export function readCapabilities(document: string): {
  readonly rows: readonly Capability[];
  readonly problems: readonly string[];
} {
  const rows: Capability[] = [];
  const problems: string[] = [];
  let isTable = false;
  for (const line of document.split("\n")) {
    if (!line.startsWith("|")) isTable = false;
    const cells = line
      .split(/(?<!\\)\|/u)
      .slice(1, -1)
      .map((cell) => cell.trim());
    if (cells[0] === "capability") isTable = true;
    else if (isTable && !line.startsWith("|---")) {
      const [name = "", command = "", rest = "", sdk = "", place = "", test = ""] = cells;
      if (cells.length === columns) rows.push({ name, command, rest, sdk, place, test });
      else problems.push(`${name}: ${cells.length} cells in place of ${columns}`);
    }
  }
  return { rows, problems };
}

/** What is wrong, one line each. */
export function capabilityProblems(document: string, things: Things): readonly string[] {
  const { rows, problems } = readCapabilities(document);
  const names = rows.map((row) => row.name);
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  return [
    ...(rows.length === 0 ? ["there is no table of capabilities"] : []),
    ...problems,
    ...twice.map((name) => `${name}: stands there twice`),
    ...forgotten(document, rows, things.commands).map((name) => `${name}: a command in no row`),
    ...rows.flatMap((row) =>
      problemsOfRow(row, things).map((problem) => `${row.name}: ${problem}`),
    ),
  ];
}

/** Commands that are neither in a row nor in the list of the others, which begins with `Other commands:`. */
function forgotten(
  document: string,
  rows: readonly Capability[],
  commands: ReadonlySet<string>,
): readonly string[] {
  const others = document.split("\n").find((line) => line.startsWith("Other commands:")) ?? "";
  const named = new Set(
    [others, ...rows.map(({ command }) => command)].flatMap((text) =>
      [...text.matchAll(/`([^`]+)`/gu)].map((found) => found[1] ?? ""),
    ),
  );
  return [...commands].filter((command) => !named.has(command));
}

function problemsOfRow(row: Capability, things: Things): readonly string[] {
  return [
    ...check("command", row.command, (quoted) =>
      things.commands.has(quoted) ? undefined : `no command ${quoted}`,
    ),
    ...check("REST", row.rest, (quoted) =>
      things.routes.has(routeOf(quoted)) ? undefined : `no route ${quoted}`,
    ),
    ...check("SDK", row.sdk, (quoted) => {
      const method = /(?:^|\.)(\w+)\(/u.exec(quoted)?.[1] ?? "";
      return things.methods.has(method) ? undefined : `no method ${quoted}`;
    }),
    ...(row.place === "" ? ["place: empty, without a reason"] : []),
    ...checkTests(row.test, things),
  ];
}

/** A cell is a reason, or has quoted things that all exist. */
function check(
  column: string,
  cell: string,
  problemOf: (quoted: string) => string | undefined,
): readonly string[] {
  if (reason.test(cell)) return [];
  const quoted = [...cell.matchAll(/`([^`]+)`/gu)].map((found) => found[1] ?? "");
  if (quoted.length === 0) return [`${column}: empty, without a reason`];
  return quoted.flatMap((one) => problemOf(one) ?? []);
}

/** `` `test/e2e/web.test.ts` "title", "title" ``, several of them beside each other. */
function checkTests(cell: string, things: Things): readonly string[] {
  if (reason.test(cell)) return [];
  const files = [...cell.matchAll(/`([^`]+)`((?:,? *"[^"]+")+)/gu)];
  if (files.length === 0) return ["test: empty, without a reason"];
  return files.flatMap(([, file = "", quoted = ""]) => {
    const titles = things.titlesIn(file);
    if (titles === undefined) return [`no file ${file}`];
    return [...quoted.matchAll(/"([^"]+)"/gu)]
      .map((found) => found[1] ?? "")
      .filter((title) => !titles.includes(title))
      .map((title) => `no test "${title}" in ${file}`);
  });
}

/** A route as it is compared: `GET /api/v1/rooms/<room>/files` and `GET /rooms/:id/files` are the same. */
export function routeOf(text: string): string {
  return text
    .replace(/\/api(?:\/v1)?(?=\/)/u, "")
    .replaceAll(/<[^>]+>|:\w+/gu, ":")
    .replace(/\?.*$/u, "");
}
