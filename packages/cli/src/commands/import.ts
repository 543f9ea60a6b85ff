import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "@parlance/server";
import { Command } from "commander";
import { addInstallFlags, configFrom, type Options, withExample } from "../flags.ts";
import { openJsonLines } from "../imports/json-lines.ts";
import { type ImportCounts, type ItemResult, runImport } from "../imports/run.ts";
import { openSlack } from "../imports/slack.ts";
import type { Source } from "../imports/source.ts";
import { CommandFailure, duration, say, sayJson, UsageFailure } from "../output.ts";
import { grouped, progressLine } from "../progress.ts";
import { askAsOperator, serverUrl } from "../running.ts";

const formats = ["json-lines", "slack"] as const;
/** A batch is a few commits, and may stand behind others. */
const batchMs = 120_000;

type Format = (typeof formats)[number];

export function importCommand(): Command {
  const command = new Command("import")
    .description(
      "Import users, rooms and messages with their times, from JSON lines or a Slack export.",
    )
    .argument("<path>", "file, folder or zip file")
    .option("--format <format>", `${formats.join(" or ")}; seen from the path if not given`)
    .option("--dry-run", "only look at every item")
    .option(
      "--report <file>",
      "what became of each item, as JSON lines; <path>.report.jsonl if not given",
    )
    .option("--anew", "look at everything again, also where an import before this one was ended")
    .action(importFrom);
  return withExample(
    addInstallFlags(command),
    "parlance import history.jsonl --dry-run",
    "parlance import slack-export.zip",
  );
}

async function importFrom(path: string, options: Options): Promise<void> {
  const { config } = configFrom(options);
  const isTrial = options["dryRun"] === true;
  const isJson = options["json"] === true;
  const source = await open(path, options["format"]);
  const beside = path.replace(/[/\\]+$/, "");
  const given = options["report"];
  const report = typeof given === "string" ? given : `${beside}.report.jsonl`;
  const place = `${beside}.import`;
  const isAnew = options["anew"] === true;
  const line = progressLine(isJson);
  const began = performance.now();
  let first: ImportCounts | undefined;
  const counts = await runImport({
    source,
    send: (items) => send(config, items, isTrial),
    report,
    ...(isTrial || isAnew ? {} : { place }),
    onProgress: (now) => {
      first ??= { ...now };
      line.show(progress(source, now, now.items - first.items, performance.now() - began));
    },
  });
  line.end();
  if (counts.refused > 0) process.exitCode = 1;
  if (isJson) {
    sayJson({ ...counts, dry_run: isTrial, report });
    return;
  }
  const did = isTrial ? "would be imported or are there" : "imported";
  say(
    `${grouped(counts.imported)} ${did}, ${grouped(counts.repeated)} were there before, ` +
      `${grouped(counts.refused)} refused. Each item: ${report}`,
  );
}

/** @throws UsageFailure, CommandFailure */
async function open(path: string, given: Options[string]): Promise<Source> {
  if (!existsSync(path)) throw new CommandFailure(`There is no ${path}.`);
  const format = given ?? formatOf(path);
  switch (format as Format) {
    case "json-lines":
      return openJsonLines(path);
    case "slack":
      return openSlack(path);
    default:
      throw new UsageFailure(`--format: ${formats.join(" or ")}`, "import");
  }
}

function formatOf(path: string): Format {
  const isSlack =
    path.endsWith(".zip") || (statSync(path).isDirectory() && existsSync(join(path, "users.json")));
  return isSlack ? "slack" : "json-lines";
}

async function send(
  config: Config,
  items: readonly unknown[],
  isTrial: boolean,
): Promise<readonly ItemResult[]> {
  const body = { items, ...(isTrial ? { dry_run: true } : {}) };
  const answer = await askAsOperator(config, "POST", "/import", body, batchMs);
  if (answer === undefined) {
    throw new CommandFailure(
      `No server answers at ${serverUrl(config)}. What was imported stays; the same command goes on from there.`,
    );
  }
  return (answer.body as { readonly results: readonly ItemResult[] }).results;
}

/** `12,000 items, 4,100 a second, 35 % done, 2 min left`. */
function progress(source: Source, counts: ImportCounts, since: number, tookMs: number): string {
  const share = source.bytes === 0 ? 1 : Math.min(1, source.done() / source.bytes);
  const rate = Math.round((since / Math.max(1, tookMs)) * 1_000);
  const left = share > 0 && share < 1 ? `, ${duration((tookMs / share) * (1 - share))} left` : "";
  const refused = counts.refused === 0 ? "" : `, ${grouped(counts.refused)} refused`;
  const done = `${Math.floor(share * 100)} % done`;
  return `${grouped(counts.items)} items${refused}, ${grouped(rate)} a second, ${done}${left}`;
}
