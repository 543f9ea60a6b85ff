import { type LoadedConfig, loadConfig, type SettingName, settings } from "@parlance/server";
import { type Command, Option } from "commander";
import { UsageFailure } from "./output.ts";

/** Options of a command by the names that commander gives them: `dataDir` for `--data-dir`. */
export type Options = Readonly<Record<string, string | boolean | undefined>>;

/** Adds a flag for every setting but secrets. */
export function addSettingFlags(command: Command): Command {
  for (const { flag, meaning } of settings) {
    if (flag !== undefined) {
      command.addOption(new Option(`${flag} <value>`, withoutLinks(meaning)));
    }
  }
  return command.option("--verbose", "the same as --log-level debug");
}

/** Meanings are written for the document, whose links lead nowhere from a terminal. */
function withoutLinks(meaning: string): string {
  return meaning.replace(/ \[[^\]]*\]\([^)]*\)\./g, "").replace(/\[([^\]]*)\]\([^)]*\)/g, "$1");
}

/** For commands about an install that need little of it. */
export function addInstallFlags(command: Command): Command {
  return command
    .option("--data-dir <path>", "directory of the install, ./data if not given")
    .option("--json", "answer in JSON, for scripts");
}

/** Shows one use at the end of a command's help. */
export function withExample(command: Command, ...lines: readonly string[]): Command {
  const title = lines.length === 1 ? "Example:" : "Examples:";
  return command.addHelpText("after", `\n${title}\n${lines.map((line) => `  ${line}`).join("\n")}`);
}

/** A whole number that an option was given. @throws UsageFailure */
export function wholeNumber(
  options: Options,
  name: string,
  [least, most]: readonly [number, number],
  command: string,
): number {
  const given = String(
    options[name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())],
  );
  const value = Number(given);
  if (!/^\d{1,16}$/.test(given) || value < least || value > most) {
    throw new UsageFailure(`--${name}: whole number, ${least}-${most}`, command);
  }
  return value;
}

/**
 * The configuration under a command's flags, where the command was typed.
 *
 * @throws ConfigError for values that are not in order.
 */
export function configFrom(
  options: Options,
  positional: Partial<Record<SettingName, string>> = {},
): LoadedConfig {
  const flags: Partial<Record<SettingName, string>> = {};
  if (options["verbose"] === true) flags.log_level = "debug";
  for (const { name, flag } of settings) {
    const value = flag === undefined ? undefined : options[camelCase(name)];
    const given = typeof value === "string" ? value : positional[name];
    if (given !== undefined) flags[name] = given;
  }
  return loadConfig({ flags, environment: process.env, directory: process.cwd() });
}

function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
