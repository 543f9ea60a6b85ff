import { resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { z } from "zod";
import { type DoorName, joiningDoor } from "./broker.ts";
import { doorService, doorSettings, isDoor, joiningService, readDoors } from "./foreign/doors.ts";
import { joinEndpoints } from "./foreign/endpoints.ts";
import { type Claim, disagreement, type ForeignGiven, readForeign } from "./foreign/read.ts";
import {
  ConfigError,
  type Given,
  type LoadOptions,
  ownValues,
  type Source,
  type Variables,
  variableLayers,
} from "./layers.ts";
import { listenTrouble } from "./listen.ts";
import { weaknessOf } from "./safety.ts";
import { checkSetting, configSchema, settings } from "./schema.ts";
import type { Config, ListenEntry, SettingName, Settings } from "./types.ts";

export type { LoadOptions, Source } from "./layers.ts";
export { ConfigError } from "./layers.ts";

/** A name of another system that was given. */
export interface ForeignUse {
  readonly name: string;
  readonly system: string;
  readonly source: Source;
  /** Without secrets. */
  readonly value: string;
  /** What it maps to: `listen mmb`. */
  readonly maps: string;
  /** The setting that it decides, if it is one. */
  readonly setting?: SettingName;
  /** Where it has no effect: why. */
  readonly note?: string;
}

/** A configuration with the origin of each value. */
export interface LoadedConfig {
  readonly config: Config;
  readonly sources: Readonly<Record<SettingName, Source>>;
  /** Names that look like ours and are not: `PARLANCE_PROT`. Worth a line in the log. */
  readonly unknown: readonly string[];
  readonly foreign: readonly ForeignUse[];
  /** What is taken and worth saying at the start: a weak secret, doors that stay closed. One sentence each. */
  readonly warnings: readonly string[];
}

/**
 * Reads the configuration: flags over environment over files (`.env.local` over `.env` over `parlance.json`)
 * over presets. Names of other systems are read from the same variables; where two names give one setting
 * different values, neither wins.
 *
 * @throws ConfigError for values that are not in order, for names that disagree, and for files that cannot be read.
 */
export function loadConfig(options: LoadOptions): LoadedConfig {
  const variables = variableLayers(options);
  const own = ownValues(options, variables);
  const reading = readForeign(variables, {
    mode: modeOf(own, variables),
    directory: options.directory,
    ours: (name) => own.get(name)?.raw,
  });
  const merged = mergeSettings(own, reading.claims);
  const {
    listen,
    labels,
    lines: endpointLines,
  } = joinEndpoints(reading.claims, own.get("listen"), own.get("host")?.raw ?? "127.0.0.1");
  const { doors, urls, lines: doorLines } = readDoors(reading.claims);
  const joining = joiningDoor(urls, own.get("broker_url")?.raw);
  const lines = [...reading.lines, ...merged.lines, ...endpointLines, ...doorLines];

  const values = Object.fromEntries([...merged.winners].map(([name, { raw }]) => [name, raw]));
  if (listen !== undefined) values["listen"] = listen;
  if (joining !== undefined) values["broker_url"] ??= urls[joining];
  for (const door of ["redis", "rabbitmq"] as const) {
    if (urls[door] !== undefined) values[doorSettings[door]] ??= urls[door];
  }
  const { exchange } = doors.rabbitmq ?? {};
  if (exchange !== undefined) {
    values["rabbitmq_door_exchange"] ??= exchange;
    // As Symfony's Messenger makes its exchanges.
    values["rabbitmq_door_exchange_type"] ??= "fanout";
  }
  const moved = merged.winners.has("port") ? undefined : makeRoom([...labels]);
  if (moved !== undefined) values["port"] = moved.port;
  const parsed = configSchema.safeParse(values);
  if (!parsed.success) {
    lines.push(...parsed.error.issues.map((issue) => describeIssue(issue, merged.winners)));
  } else {
    const byText = new Map([...labels].map(([entry, label]) => [JSON.stringify(entry), label]));
    const labelOf = (entry: ListenEntry): string =>
      byText.get(JSON.stringify(entry)) ?? own.get("listen")?.by ?? "PARLANCE_LISTEN";
    lines.push(...listenTrouble(parsed.data, labelOf), ...pusherTrouble(parsed.data));
  }
  if (!parsed.success || lines.length > 0) throw new ConfigError(lines);

  const config = complete(parsed.data, options.directory, doors);
  return {
    config,
    sources: sourcesOf(merged.winners, reading.claims, joining),
    unknown: unknownNames(options.environment),
    foreign: reading.names.map((given) => describeUse(given, joining)),
    warnings: [
      ...(moved === undefined ? [] : [moved.warning]),
      ...secretWarning(config, merged.winners.get("secret")),
      ...doorWarnings(doors, reading.names, joining),
    ],
  };
}

/** The main port where nobody names another. */
const presetPort = 8080;

/**
 * Authors of other systems had the sockets on the port that is our preset, and their pages beside it on 8000. Where only
 * theirs is named, ours makes room: their settings do what they did.
 */
function makeRoom(
  asked: readonly (readonly [ListenEntry, string])[],
): { readonly port: number; readonly warning: string } | undefined {
  const [, label] = asked.find(([{ port }]) => port === presetPort) ?? [];
  if (label === undefined) return undefined;
  let port = 8000;
  while (asked.some(([entry]) => entry.port === port)) port += 1;
  const warning = `The main port is ${port}, since ${label} asks for ${presetPort}. PARLANCE_PORT names another.`;
  return { port, warning };
}

/** The mode that decides what `WSS_DEBUG_LOG_ENABLED` means. If names disagree about it, that is told anyway. */
function modeOf(
  own: ReadonlyMap<SettingName, Given>,
  variables: readonly Variables[],
): Config["mode"] {
  const given = own.get("mode")?.raw;
  if (given !== undefined) return given === "production" ? "production" : "development";
  const reading = readForeign(
    variables.map(({ source, values }) => ({ source, values: { APP_ENV: values["APP_ENV"] } })),
    { mode: "development", directory: "", ours: () => undefined },
  );
  const claim = reading.claims.find(({ place }) => place === "mode");
  return claim?.value === "production" ? "production" : "development";
}

/** Of each setting the value that counts, and a line for each two that do not agree. Endpoints are joined elsewhere. */
function mergeSettings(
  own: ReadonlyMap<SettingName, Given>,
  claims: readonly Claim[],
): { readonly winners: ReadonlyMap<SettingName, Given>; readonly lines: readonly string[] } {
  const winners = new Map(own);
  const lines: string[] = [];
  for (const { place, value, given } of claims) {
    const name = settings.find((setting) => setting.name === place)?.name;
    if (name === undefined) continue;
    const candidate: Given = { ...given, raw: value };
    const winner = winners.get(name);
    if (winner === undefined) {
      winners.set(name, candidate);
      continue;
    }
    const [one, other] = [checkSetting(name, winner.raw), checkSetting(name, value)];
    if ("trouble" in other) lines.push(`${given.by}: ${other.trouble}`);
    else if ("value" in one && !isDeepStrictEqual(one.value, other.value)) {
      lines.push(disagreement(winner, given, name));
    }
  }
  return { winners, lines };
}

function complete(parsed: Settings, directory: string, doors: Config["doors"]): Config {
  const { embed, files_dir: filesDir, log_file: logFile, spool_dir: spoolDir, origins } = parsed;
  return {
    ...parsed,
    data_dir: resolve(directory, parsed.data_dir),
    ...(embed === undefined ? {} : { embed: resolve(directory, embed) }),
    plugins: parsed.plugins.map((plugin) => resolve(directory, plugin)),
    ...(filesDir === undefined ? {} : { files_dir: resolve(directory, filesDir) }),
    ...(logFile === undefined ? {} : { log_file: resolve(directory, logFile) }),
    ...(spoolDir === undefined ? {} : { spool_dir: resolve(directory, spoolDir) }),
    origins: origins.filter((origin) => origin !== "null"),
    null_origin: origins.includes("null"),
    doors,
  };
}

function sourcesOf(
  winners: ReadonlyMap<SettingName, Given>,
  claims: readonly Claim[],
  joining: DoorName | undefined,
): Readonly<Record<SettingName, Source>> {
  const sources = {} as Record<SettingName, Source>;
  for (const { name } of settings) sources[name] = winners.get(name)?.source ?? "preset";
  if (sources.listen === "preset") {
    const claim = claims.find(({ place }) => place.startsWith("listen "));
    if (claim !== undefined) sources.listen = claim.given.source;
  }
  const sourceOf = (service: string): Source | undefined =>
    claims.find(({ place }) => place.startsWith(`${service} `))?.given.source;
  for (const service of ["redis", "rabbitmq"] as const) {
    const setting = doorSettings[service];
    if (sources[setting] === "preset") sources[setting] = sourceOf(service) ?? "preset";
  }
  const exchange = claims.find(({ place }) => place === "rabbitmq exchange");
  if (sources.rabbitmq_door_exchange === "preset" && exchange !== undefined) {
    sources.rabbitmq_door_exchange = exchange.given.source;
  }
  if (sources.broker_url === "preset" && joining !== undefined) {
    sources.broker_url = sourceOf(joining) ?? "preset";
  }
  return sources;
}

function describeUse(
  { row, source, shown }: ForeignGiven,
  joining: DoorName | undefined,
): ForeignUse {
  const service = (["redis", "rabbitmq"] as const).find((door) => row.maps.startsWith(door));
  if (service !== undefined) {
    const { name, system, maps } = row;
    const isJoining = service === joining;
    return {
      name,
      system,
      source,
      value: shown,
      maps,
      setting: isJoining ? "broker_url" : doorSettings[service],
      note: isJoining ? joiningService : doorService,
    };
  }
  const isListen = row.maps.startsWith("listen ");
  const setting = settings.find(({ name }) => name === (isListen ? "listen" : row.maps))?.name;
  return {
    name: row.name,
    system: row.system,
    source,
    value: shown,
    maps: row.maps,
    ...(setting === undefined ? {} : { setting }),
  };
}

/** Half an app would be none, silently. */
function pusherTrouble(config: Settings): readonly string[] {
  const names = ["pusher_app_id", "pusher_key", "pusher_secret"] as const;
  const missing = names.filter((name) => config[name] === undefined);
  if (missing.length === 0) return [];
  if (missing.length === names.length && config.pusher_webhook_url === undefined) return [];
  return missing.map(
    (name) => `PARLANCE_${name.toUpperCase()} is missing beside the other settings of Pusher`,
  );
}

/** Production refuses such a secret. In development it is good enough to try things out, if one knows. */
function secretWarning(config: Config, given: Given | undefined): readonly string[] {
  if (given === undefined || config.mode === "production") return [];
  const trouble = weaknessOf(config.secret);
  if (trouble === undefined) return [];
  return [`${given.by} ${trouble}; production mode would refuse it.`];
}

function doorWarnings(
  doors: Config["doors"],
  names: readonly ForeignGiven[],
  joining: DoorName | undefined,
): readonly string[] {
  const told = (["redis", "rabbitmq"] as const).map((door) => {
    const place = doors[door];
    if (place === undefined) return undefined;
    const by = names.filter(({ facts }) => {
      return facts.some((fact) => isDoor(fact.place) && fact.place.startsWith(door));
    });
    const list = by.map((given) => given.by).join(", ");
    const told = door === joining ? joiningService : doorService;
    return `${list}: ${told} (${door} at ${place.host}:${place.port}).`;
  });
  return told.filter((line) => line !== undefined);
}

function unknownNames(environment: Readonly<Record<string, string | undefined>>): string[] {
  const known = new Set(settings.map((setting) => setting.environment));
  return Object.keys(environment).filter(
    (name) => name.startsWith("PARLANCE_") && !known.has(name),
  );
}

function describeIssue(issue: z.core.$ZodIssue, winners: ReadonlyMap<SettingName, Given>): string {
  const [name, ...inner] = issue.path.map(String);
  const given = winners.get(name as SettingName);
  if (given === undefined) return issue.message;
  const place = inner.length === 0 ? "" : ` (at ${inner.join(".")})`;
  return `${given.by}${place}: ${issue.message}`;
}
