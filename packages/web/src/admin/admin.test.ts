import { expect, test } from "vitest";
import { niceTop } from "./chart.tsx";
import { formatAge, formatNumber } from "./format.ts";
import { type NodeOverview, type Overview, seriesOf, sumNow, troublesOf } from "./overview.ts";
import { adminTexts } from "./texts.ts";

function node(over: Partial<NodeOverview> = {}): NodeOverview {
  return {
    node: "n1",
    url: "http://127.0.0.1:8080",
    host: "a",
    version: "1",
    started_at: "2026-01-01T00:00:00.000Z",
    draining: false,
    database: "sqlite",
    broker: "memory",
    now: { connections: 2, database_up: 1, broker_connected: 1, event_loop_ms: 1 },
    connections: {},
    errors: {},
    doors: [],
    ...over,
  };
}
const overview = (...nodes: NodeOverview[]): Overview => ({ time: "", nodes, silent: [] });

test("numbers have units that fit their size", () => {
  const shown = (value: number, unit: Parameters<typeof formatNumber>[1]) =>
    formatNumber(value, unit, "en");
  expect(shown(1_234, "count")).toBe("1,234");
  expect(shown(0.25, "per second")).toBe("0.3 /s");
  expect(shown(3.21, "ms")).toBe("3.2 ms");
  expect(shown(2_500, "ms")).toBe("2.5 s");
  expect(shown(41_300_000, "bytes")).toBe("41 MB");
  expect(shown(0.12, "share")).toBe("12 %");
  expect([30_000, 90_000, 7_200_000, 900_000_000].map(formatAge)).toEqual([
    "30 s",
    "1 min",
    "2 h",
    "10 d",
  ]);
  expect([0, 0.3, 1, 7, 12, 99].map(niceTop)).toEqual([1, 0.5, 1, 10, 20, 100]);
});

test("each node has a line of its own, and the figures are sums", () => {
  const points = [{ at: 1, connections: 3 }, { at: 2 }];
  const nodes = [node({ points }), node({ node: "n2", host: "b" })];
  expect(sumNow(nodes, "connections")).toBe(4);
  expect(seriesOf(nodes, "connections")).toEqual([
    { name: "a:8080", points: [{ at: 1, value: 3 }] },
    { name: "b:8080", points: [] },
  ]);
});

test("what is wrong is named with where, and a door is open if one node has it open", () => {
  expect(troublesOf(overview(node()))).toEqual([]);
  const closed = { door: "redis", open: false, under_way: 0, published: 0, refused: 0 };
  const now = { database_up: 0, broker_connected: 0, event_loop_ms: 900 };
  const bad = node({ now, draining: true, errors: { internal: 1 }, doors: [closed] });
  expect(troublesOf({ ...overview(bad), silent: ["n9"] }).map(({ kind }) => kind)).toEqual([
    "silent",
    "database",
    "broker",
    "draining",
    "late",
    "internal",
    "door",
  ]);
  const other = node({ doors: [{ ...closed, open: true }] });
  expect(troublesOf(overview(node({ doors: [closed] }), other))).toEqual([]);
});

test("a hook that is not answered and a webhook that is behind, paused or gave something up need somebody", () => {
  const counts = { paused: false, under_way: 0, answered: 1, refused: 0, silent: 9, unasked: 0 };
  const hook = { hook: "connect", down: true, ...counts };
  const webhook = { id: "wh_1", name: "shop", lag: 0, oldest_ms: 0, dead: 0, events: 1, failed: 0 };
  const well = node({ hooks: [{ ...hook, down: false }], webhooks: [webhook] });
  expect(troublesOf(overview(well))).toEqual([]);
  const { lag: _, oldest_ms: __, ...stopped } = webhook;
  const bad = node({
    hooks: [hook],
    webhooks: [
      { ...webhook, oldest_ms: 700_000, lag: 3 },
      { ...stopped, id: "wh_2", name: "till", dead: 2, paused_because: "answered 410" },
    ],
  });
  // Each node asks by itself; the hook is one.
  const other = node({ node: "n2", hooks: [hook] });
  expect(troublesOf(overview(bad, other))).toEqual([
    { kind: "hook", where: "connect" },
    { kind: "behind", where: "shop" },
    { kind: "dead", where: "till (2)" },
    { kind: "paused", where: "till (answered 410)" },
  ]);
});

test.each(Object.entries(adminTexts))("%s has every text, with its placeholders", (_, texts) => {
  const byText = (a: string, b: string) => a.localeCompare(b);
  const placeholders = (text: string) =>
    [...text.matchAll(/\{\{(\w+)\}\}/g)].map(([, name = ""]) => name).toSorted(byText);
  const shape = (of: Readonly<Record<string, string>>) =>
    Object.entries(of).map(([name, text]) => [name, placeholders(text)]);
  expect(shape(texts)).toEqual(shape(adminTexts.en));
  expect(Object.values(texts).filter((text) => text.trim() === "")).toEqual([]);
});
