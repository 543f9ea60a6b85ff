import { settings } from "@parlance/server";
import { Command } from "commander";
import { addSettingFlags, configFrom, type Options } from "../flags.ts";
import { sayJson, sayTable } from "../output.ts";

export function configCommand(): Command {
  const command = new Command("config")
    .description("Show every setting, its value and where it comes from.")
    .option("--json", "answer in JSON, for scripts")
    .action(showConfig);
  return addSettingFlags(command);
}

function showConfig(options: Options): void {
  const { config, sources, unknown } = configFrom(options);
  const rows = settings.map(({ name, environment, isSecret }) => ({
    name,
    environment,
    value: isSecret ? hide(config[name]) : config[name],
    source: sources[name],
  }));
  if (options["json"] === true) {
    sayJson({ settings: rows, unknown });
    return;
  }
  sayTable(rows.map((row) => [row.environment, show(row.value), row.source]));
  for (const name of unknown) process.stderr.write(`There is no setting ${name}.\n`);
}

function hide(value: unknown): string | undefined {
  const isGiven = Array.isArray(value) ? value.length > 0 : value !== undefined;
  return isGiven ? "(hidden)" : undefined;
}

function show(value: unknown): string {
  if (value === undefined) return "-";
  if (Array.isArray(value)) return value.length === 0 ? "-" : value.join(",");
  return typeof value === "string" ? value : JSON.stringify(value);
}
