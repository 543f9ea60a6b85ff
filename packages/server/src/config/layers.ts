/** Where settings come from: flags, the environment, `.env.local`, `.env` and `parlance.json`, in this order. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { settings } from "./schema.ts";
import type { SettingName } from "./types.ts";

/** Where a value came from. */
export type Source = "flag" | "environment" | ".env.local" | ".env" | "parlance.json" | "preset";

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

/** A value as somebody gave it. */
export interface Given {
  /** How it was given: `PARLANCE_PORT`, `--port`, `parlance.json: port`, `WS_PORT`. */
  readonly by: string;
  readonly source: Source;
  readonly raw: unknown;
  /** As it may be shown. */
  readonly shown: string;
}

/** Variables of one origin. */
export interface Variables {
  readonly source: Source;
  readonly values: Readonly<Record<string, string | undefined>>;
}

/** @throws ConfigError for files that cannot be read. */
export function variableLayers(options: LoadOptions): readonly Variables[] {
  return [
    { source: "environment", values: options.environment },
    { source: ".env.local", values: readEnvFile(join(options.directory, ".env.local")) },
    { source: ".env", values: readEnvFile(join(options.directory, ".env")) },
  ];
}

/**
 * What our own names say: of each setting the value that wins.
 *
 * @throws ConfigError for a `parlance.json` that is no object of settings.
 */
export function ownValues(
  options: LoadOptions,
  variables: readonly Variables[],
): ReadonlyMap<SettingName, Given> {
  const file = readJsonFile(join(options.directory, "parlance.json"));
  const known: ReadonlySet<string> = new Set(settings.map(({ name }) => name));
  const strangers = Object.keys(file).filter((name) => !known.has(name));
  if (strangers.length > 0) {
    throw new ConfigError(strangers.map((name) => `parlance.json: there is no setting ${name}`));
  }
  const found = new Map<SettingName, Given>();
  for (const { name, environment, flag, isSecret } of settings) {
    const candidates: readonly (readonly [string, Source, unknown])[] = [
      [flag ?? name, "flag", options.flags[name]],
      ...variables.map(
        ({ source, values }) => [environment, source, firstText(values[environment])] as const,
      ),
      [`parlance.json: ${name}`, "parlance.json", file[name]],
    ];
    const winner = candidates.find(([, , raw]) => raw !== undefined);
    if (winner === undefined) continue;
    const [by, source, raw] = winner;
    found.set(name, { by, source, raw, shown: isSecret ? "(hidden)" : shownText(raw) });
  }
  return found;
}

/** The value of a variable that has one, by the layer that wins. Empty values count as not given. */
export function variableOf(
  layers: readonly Variables[],
  name: string,
): { readonly source: Source; readonly value: string } | undefined {
  for (const { source, values } of layers) {
    const value = firstText(values[name]);
    if (value !== undefined) return { source, value };
  }
  return undefined;
}

/** A value as it may be shown: without the password of an address. */
export function shownText(raw: unknown): string {
  const text = typeof raw === "string" ? raw : (JSON.stringify(raw) ?? "");
  // Up to the last `@`, since a password that was not escaped may contain one. Of NATS a name by itself is a token.
  return text
    .replace(/(:\/\/[^:/@]*):.*@/, "$1:(hidden)@")
    .replace(/^((?:nats|tls):\/\/)[^:]*@/i, "$1(hidden)@");
}

/** Empty values count as not given, as in most shells' idea of a variable. */
function firstText(value: string | undefined): string | undefined {
  return value === "" ? undefined : value;
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
