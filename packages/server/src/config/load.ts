import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseEnv } from "node:util";
import type { z } from "zod";
import { type Config, configSchema, type SettingName, settings } from "./schema.ts";

/** Where a value came from. */
export type Source = "flag" | "environment" | ".env.local" | ".env" | "parlance.json" | "preset";

/** A configuration with the origin of each value. */
export interface LoadedConfig {
  readonly config: Config;
  readonly sources: Readonly<Record<SettingName, Source>>;
  /** Names that look like ours and are not: `PARLANCE_PROT`. Worth a line in the log. */
  readonly unknown: readonly string[];
}

/** The configuration cannot be used. `lines` say what to change, one each. */
export class ConfigError extends Error {
  readonly lines: readonly string[];

  constructor(lines: readonly string[]) {
    super(lines.join("\n"));
    this.name = "ConfigError";
    this.lines = lines;
  }
}

export interface LoadOptions {
  /** By setting's name, as given. */
  readonly flags: Readonly<Partial<Record<SettingName, string>>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where `.env`, `.env.local` and `parlance.json` are looked for. Relative paths are resolved from here. */
  readonly directory: string;
}

/**
 * Reads the configuration: flags over environment over files (`.env.local` over `.env` over `parlance.json`)
 * over presets.
 *
 * @throws ConfigError for values that are not in order, and for files that cannot be read.
 */
export function loadConfig(options: LoadOptions): LoadedConfig {
  const { directory } = options;
  const file = readJsonFile(join(directory, "parlance.json"));
  const layers: readonly (readonly [Source, Readonly<Record<string, unknown>>])[] = [
    ["flag", options.flags],
    ["environment", fromEnvironment(options.environment)],
    [".env.local", fromEnvironment(readEnvFile(join(directory, ".env.local")))],
    [".env", fromEnvironment(readEnvFile(join(directory, ".env")))],
    ["parlance.json", file],
  ];
  const known: ReadonlySet<string> = new Set(settings.map(({ name }) => name));
  const strangers = Object.keys(file).filter((name) => !known.has(name));
  if (strangers.length > 0) {
    throw new ConfigError(strangers.map((name) => `parlance.json: there is no setting ${name}`));
  }

  const values: Record<string, unknown> = {};
  const sources = {} as Record<SettingName, Source>;
  for (const { name } of settings) {
    const layer = layers.find(([, given]) => given[name] !== undefined);
    sources[name] = layer?.[0] ?? "preset";
    if (layer !== undefined) values[name] = layer[1][name];
  }
  const parsed = configSchema.safeParse(values);
  if (!parsed.success) {
    throw new ConfigError(parsed.error.issues.map((issue) => describeIssue(issue, sources)));
  }
  const config = { ...parsed.data, data_dir: resolve(directory, parsed.data.data_dir) };
  return { config, sources, unknown: unknownNames(options.environment) };
}

/** Empty values count as not given, as in most shells' idea of a variable. */
function fromEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const values: Record<string, string> = {};
  for (const { name, environment: variable } of settings) {
    const value = environment[variable];
    if (value !== undefined && value !== "") values[name] = value;
  }
  return values;
}

function unknownNames(environment: Readonly<Record<string, string | undefined>>): string[] {
  const known = new Set(settings.map((setting) => setting.environment));
  return Object.keys(environment).filter(
    (name) => name.startsWith("PARLANCE_") && !known.has(name),
  );
}

function describeIssue(
  issue: z.core.$ZodIssue,
  sources: Readonly<Record<SettingName, Source>>,
): string {
  const [name, ...inner] = issue.path.map(String);
  const setting = settings.find((row) => row.name === name);
  if (setting === undefined) return issue.message;
  const place = inner.length === 0 ? "" : ` (at ${inner.join(".")})`;
  const source = sources[setting.name];
  const spelling = source === "flag" ? (setting.flag ?? setting.name) : setting.environment;
  const shown = source === "parlance.json" ? `parlance.json: ${setting.name}` : spelling;
  return `${shown}${place}: ${issue.message}`;
}

function readEnvFile(path: string): Record<string, string | undefined> {
  const text = readIfThere(path);
  return text === undefined ? {} : parseEnv(text);
}

function readJsonFile(path: string): Record<string, unknown> {
  const text = readIfThere(path);
  if (text === undefined) return {};
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      return value as Record<string, unknown>;
    }
  } catch {
    // Told below, like any other content that is no object.
  }
  throw new ConfigError([`${path}: not a JSON object`]);
}

function readIfThere(path: string): string | undefined {
  if (!existsSync(path)) return undefined;
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new ConfigError([`${path}: cannot be read (${(error as NodeJS.ErrnoException).code})`]);
  }
}
