import {
  type Config,
  type ForeignUse,
  type LoadedConfig,
  type Setting,
  settings,
  shownValue,
} from "@parlance/server";
import { Command } from "commander";
import { addSettingFlags, configFrom, type Options, withExample } from "../flags.ts";
import { say, sayJson, sayTable } from "../output.ts";

export function configCommand(): Command {
  const command = new Command("config")
    .description("Show every setting, its value and where it comes from.")
    .option("--json", "answer in JSON, for scripts")
    .action(showConfig);
  return withExample(addSettingFlags(command), "parlance config --mode production");
}

function showConfig(options: Options): void {
  const loaded = configFrom(options);
  const { config, sources, foreign, unknown, warnings } = loaded;
  if (options["json"] === true) {
    const rows = settings.map((setting) => ({
      name: setting.name,
      environment: setting.environment,
      value: jsonValue(config, setting),
      source: sources[setting.name],
      names: namesFor(setting, foreign),
    }));
    sayJson({ settings: rows, foreign, doors: config.doors, unknown, warnings });
    return;
  }
  sayTable(
    settings.map((setting) => [
      setting.environment,
      shownValue(config, setting) ?? "-",
      sourceCell(setting, loaded),
    ]),
  );
  if (foreign.length > 0) {
    say("");
    sayTable(
      foreign.map(({ name, maps, value, source, system, note }) => [
        `${name} → ${maps}`,
        value,
        source,
        note === undefined ? system : `${system}; ${note}`,
      ]),
    );
  }
  for (const name of unknown) process.stderr.write(`There is no setting ${name}.\n`);
  for (const warning of warnings) process.stderr.write(`${warning}\n`);
}

/** `.env (WS_PORT)` where a name of another system gave the value. */
function sourceCell(setting: Setting, { sources, foreign }: LoadedConfig): string {
  const names = namesFor(setting, foreign);
  return names.length === 0
    ? sources[setting.name]
    : `${sources[setting.name]} (${names.join(", ")})`;
}

function namesFor({ name }: Setting, foreign: readonly ForeignUse[]): readonly string[] {
  return foreign.filter(({ setting }) => setting === name).map((use) => use.name);
}

/** In its own type for scripts, but nothing that the table would hide. */
function jsonValue(config: Config, setting: Setting): unknown {
  const value = config[setting.name];
  if (setting.isSecret || typeof value === "string") return shownValue(config, setting);
  return setting.name === "origins" && config.null_origin ? [...config.origins, "null"] : value;
}
