/** The dashboard, the alerts and the document of the metrics against the metrics that a server really has. */
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { metricNames, metricOf } from "@parlance/server";
import { describe, expect, test } from "vitest";
import { deployFolder } from "./proxy-program.ts";

const root = resolve(deployFolder, "..");
const read = (file: string): string => readFileSync(join(root, file), "utf8");

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}
const dashboard = JSON.parse(read("deploy/grafana/parlance.json")) as {
  readonly panels: readonly Panel[];
};

/** Labels that Prometheus adds, `worker` of a server of several processes, and a histogram's bound. */
const common = ["job", "instance", "worker", "le"];

/** What is wrong with a query: names and labels that no server has, a counter that is not asked for its growth. */
function problemsOf(query: string): readonly string[] {
  const problems: string[] = [];
  const labels = new Set(common);
  for (const [name] of query.matchAll(/\b(?:parlance|process)_[a-z0-9_]+\b/g)) {
    const base = name.replace(/_(?:bucket|sum|count)$/, "");
    const found = metricNames.find((one) => one === name || one === base);
    if (found === undefined) {
      problems.push(`there is no ${name}`);
      continue;
    }
    const { type, labels: own } = metricOf(found);
    for (const label of own) labels.add(label);
    if ((type === "histogram") !== (found !== name)) problems.push(`${name} is a ${type}`);
    const grows = new RegExp(`(?:rate|increase)\\(${name}(?:\\{[^}]*\\})?\\[`);
    if (type !== "gauge" && !grows.test(query)) problems.push(`${name} only grows`);
  }
  const named = [
    ...[...query.matchAll(/\{([^}]*)\}/g)].flatMap(([, inner = ""]) =>
      [...inner.matchAll(/([a-z_]+)(?==|!)/g)].map(([, label = ""]) => label),
    ),
    ...[...query.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, inner = ""]) => inner.split(/, */)),
  ];
  for (const label of named) if (!labels.has(label)) problems.push(`there is no label ${label}`);
  return problems;
}

test("queries of names, labels or kinds that are not there are found", () => {
  expect(problemsOf("parlance_rooms")).toEqual([]);
  expect(problemsOf("parlance_room")).toEqual(["there is no parlance_room"]);
  expect(problemsOf('parlance_rooms{room="x"}')).toEqual(["there is no label room"]);
  expect(problemsOf("sum by (user) (parlance_rooms)")).toEqual(["there is no label user"]);
  expect(problemsOf("sum(parlance_errors_total)")).toEqual(["parlance_errors_total only grows"]);
  expect(problemsOf("rate(parlance_gc_duration_seconds[5m])")).toEqual([
    "parlance_gc_duration_seconds is a histogram",
  ]);
});

describe("[SC-12] the Grafana dashboard", () => {
  const queries = dashboard.panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => [title, expr] as const),
  );

  test("asks for metrics that a server has, and has a place for every one of them", () => {
    expect(queries.length).toBeGreaterThan(30);
    expect(queries.map(([title, query]) => [title, problemsOf(query)])).toEqual(
      queries.map(([title]) => [title, []]),
    );
    const shown = queries.map(([, query]) => query).join("\n");
    expect(metricNames.filter((name) => !shown.includes(name))).toEqual([]);
  });

  test("has panels that Grafana can tell apart", () => {
    const ids = dashboard.panels.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { title } of dashboard.panels) expect(title).not.toBe("");
  });
});

test("[SC-12] the alerts ask for metrics that a server has, and lead to documents that are there", () => {
  const alerts = read("deploy/prometheus/alerts.yml");
  const queries = [...alerts.matchAll(/^ +expr: (.*)$/gm)].map(([, query = ""]) => query);
  expect(queries.length).toBeGreaterThan(7);
  for (const query of queries) expect([query, problemsOf(query)]).toEqual([query, []]);
  const runbooks = [...alerts.matchAll(/runbook: (\S+)/g)].map(([, path = ""]) => path);
  expect(runbooks).toHaveLength(queries.length);
  expect(runbooks.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});

test("[SC-12] docs/operations/metrics.md lists every metric as it is", () => {
  const rows = read("docs/operations/metrics.md")
    .split("\n")
    .filter((line) => /^\| `(?:parlance|process)_\w+` \| (?:gauge|counter|histogram) /.test(line));
  expect(rows).toEqual(
    metricNames.map((name) => {
      const { type, help, labels } = metricOf(name);
      const listed = labels.map((label) => `\`${label}\``).join(", ");
      return `| \`${name}\` | ${type} | ${listed} | ${help} |`;
    }),
  );
});

test("[AD2] no operations file lets the public reach the metrics", () => {
  const compose = read("deploy/compose.yaml");
  const published = [...compose.matchAll(/ports: \[(.*)\]/g)].map(([, ports = ""]) => ports);
  expect(published.length).toBeGreaterThan(1);
  for (const ports of published) expect(ports).not.toMatch(/94\d\d/);
  for (const unit of ["parlance.service", "parlance@.service"]) {
    const text = read(`deploy/systemd/${unit}`);
    expect(text).toMatch(/(?:METRICS_LISTEN=|--metrics-listen )127\.0\.0\.1:/);
  }
  for (const proxy of ["nginx/parlance.conf", "apache/parlance.conf", "haproxy/haproxy.cfg"]) {
    expect(read(`deploy/${proxy}`)).not.toContain("metrics");
  }
});
