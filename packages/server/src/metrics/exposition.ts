/** Prometheus' text format, version 0.0.4: https://prometheus.io/docs/instrumenting/exposition_formats/ */
import type { HistogramView } from "@parlance/core";
import type { Sample, Samples } from "./samples.ts";
import { metricNames, metricOf } from "./table.ts";

export const expositionType = "text/plain; version=0.0.4; charset=utf-8";

/** Writes samples in the order of the table. */
export function writeExposition(samples: Samples): string {
  const lines: string[] = [];
  for (const name of metricNames) {
    const { type, help } = metricOf(name);
    const list = samples[name];
    if (list === undefined || list.length === 0) continue;
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
    for (const sample of list) writeSample(lines, name, sample);
  }
  return `${lines.join("\n")}\n`;
}

function writeSample(lines: string[], name: string, { labels, value }: Sample): void {
  if (typeof value === "number") lines.push(`${name}${braced(labels)} ${numeral(value)}`);
  else writeHistogram(lines, name, labels, value);
}

function writeHistogram(
  lines: string[],
  name: string,
  labels: Sample["labels"],
  { bounds, counts, sum, count }: HistogramView,
): void {
  let below = 0;
  for (const [index, bound] of bounds.entries()) {
    below += counts[index] ?? 0;
    lines.push(`${name}_bucket${braced({ ...labels, le: String(bound) })} ${below}`);
  }
  lines.push(`${name}_bucket${braced({ ...labels, le: "+Inf" })} ${count}`);
  lines.push(
    `${name}_sum${braced(labels)} ${numeral(sum)}`,
    `${name}_count${braced(labels)} ${count}`,
  );
}

function braced(labels: Sample["labels"]): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escaped(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function numeral(value: number): string {
  return Number.isFinite(value) ? String(value) : "NaN";
}
