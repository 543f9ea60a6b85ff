import { expect, test } from "vitest";
import { capabilityProblems, routeOf, type Things } from "../../scripts/capabilities-table.ts";

const things: Things = {
  commands: new Set(["react"]),
  routes: new Set(["PUT /rooms/:/reactions"]),
  methods: new Set(["react"]),
  titlesIn: (file) => (file === "test/e2e/a.test.ts" ? ["somebody reacts"] : undefined),
};
const head =
  "| capability | command | REST | SDK | in the app | shown by |\n|---|---|---|---|---|---|\n";
const good = {
  name: "React",
  command: "`react`",
  rest: "`PUT /api/v1/rooms/<room>/reactions`",
  sdk: "`room.react(id, emoji)`",
  place: "bar of a message",
  test: '`test/e2e/a.test.ts` "somebody reacts"',
};
const problems = (change: Partial<typeof good>): readonly string[] =>
  capabilityProblems(
    `${head}| ${Object.values({ ...good, ...change }).join(" | ")} |\n\nOther commands: \`react\`\n`,
    things,
  );

test("a row whose things exist passes", () => {
  expect(problems({})).toEqual([]);
});

test.each([
  [{ command: "" }, "command: empty, without a reason"],
  [{ command: "`reakt`" }, "no command reakt"],
  [{ rest: "`GET /api/v1/rooms/<room>/reactions`" }, "no route GET /api/v1/rooms/<room>/reactions"],
  [{ sdk: "`room.reakt()`" }, "no method room.reakt()"],
  [{ place: "" }, "place: empty, without a reason"],
  [{ test: "" }, "test: empty, without a reason"],
  [{ test: '`test/e2e/b.test.ts` "somebody reacts"' }, "no file test/e2e/b.test.ts"],
  [
    { test: '`test/e2e/a.test.ts` "nobody reacts"' },
    'no test "nobody reacts" in test/e2e/a.test.ts',
  ],
  [{ rest: "none: why" }, "REST: empty, without a reason"],
])("found: %o", (change, problem) => {
  expect(problems(change)).toEqual([`React: ${problem}`]);
});

test("a reason stands in place of what there is not", () => {
  expect(problems({ sdk: "none: only the operator may, by the command line" })).toEqual([]);
});

test("a document without a table, a row twice and a row with too few cells are found", () => {
  expect(capabilityProblems("# Web\nOther commands: `react`\n", things)).toEqual([
    "there is no table of capabilities",
  ]);
  const row = `| ${Object.values(good).join(" | ")} |\n`;
  expect(capabilityProblems(head + row + row, things)).toEqual(["React: stands there twice"]);
  expect(capabilityProblems(`${head}${row}| Pin | x |\n`, things)).toEqual([
    "Pin: 2 cells in place of 6",
  ]);
});

test("a command in no row is found, unless it is among the others", () => {
  const more = { ...things, commands: new Set(["react", "ping"]) };
  const document = `${head}| ${Object.values(good).join(" | ")} |\n`;
  expect(capabilityProblems(document, more)).toEqual(["ping: a command in no row"]);
  expect(capabilityProblems(`${document}\nOther commands: \`ping\`\n`, more)).toEqual([]);
});

test("a route is the same by every way to write it", () => {
  expect(routeOf("GET /api/v1/rooms/<room>/files?before=3")).toBe("GET /rooms/:/files");
  expect(routeOf("GET /rooms/:room/files")).toBe("GET /rooms/:/files");
});
