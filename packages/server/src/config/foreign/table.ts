/**
 * The names that operators of other systems have in their environment, each with what it means here. The
 * document about the configuration and `parlance config` are made from this table.
 */
import { isAbsolute, join } from "node:path";
import { bareHost } from "../listen.ts";
import type { SettingName } from "../types.ts";
import { ForeignValueError, parseAmqp, parseDatabaseUrl } from "./dsn.ts";

/** What a name decides: a setting, a part of an endpoint, or a part of a door. */
export type Place =
  | SettingName
  | `listen ${"mmb" | "symfony-chat"} ${"host" | "port"}`
  | `redis ${"host" | "port"}`
  | `rabbitmq ${"host" | "port" | "user" | "password" | "vhost" | "exchange" | "tls"}`;

/** One thing that a name says. Of a setting, `value` is as a variable of ours would have it. */
export interface Fact {
  readonly place: Place;
  readonly value: string | number;
}

/** What the meaning of a name may depend on. */
export interface Context {
  readonly mode: "development" | "production";
  /** Where relative paths begin. */
  readonly directory: string;
  /** What our own name of a setting says, as given; undefined where it says nothing. */
  ours(name: SettingName): unknown;
  /** What another name of the table says. */
  foreign(name: string): string | undefined;
}

/** A name that is not ours and that we understand. */
export interface ForeignName {
  readonly name: string;
  readonly system: "MMB" | "PorticoEstate" | "Symfony chat" | "Reverb" | "soketi";
  /** What it maps to, in a word or two: `listen mmb`. */
  readonly maps: string;
  /** For the document: how. */
  readonly how: string;
  readonly isSecret?: true;
  /** @throws ForeignValueError for values that cannot be used. */
  read(value: string, context: Context): readonly Fact[];
}

type System = ForeignName["system"];

export const foreignNames: readonly ForeignName[] = [
  ...endpoint("MMB", "mmb", "WS", "`0.0.0.0` and `8080`"),
  setting("MMB", "WS_PUBLIC_URL", "mmb_public_url"),
  setting("MMB", "TOKEN_EXPIRY", "mmb_token_expiry_s", "in seconds"),
  setting("MMB", "AUTO_RECONNECT", "mmb_auto_reconnect"),
  setting("MMB", "RECONNECT_DELAY", "mmb_reconnect_delay_ms", "in milliseconds"),
  setting("MMB", "PING_INTERVAL", "mmb_ping_interval_ms", "in milliseconds"),
  setting("MMB", "ENABLE_CHAT", "mmb_chat"),
  setting("MMB", "ENABLE_COLLABORATION", "mmb_collaboration"),
  setting("MMB", "ENABLE_NOTIFICATIONS", "mmb_notifications"),
  {
    name: "WSS_LOG_ENABLED",
    system: "PorticoEstate",
    maps: "log_level",
    how: "`false`: `silent`, whatever the other two say. `true` changes nothing.",
    read(value, { ours }) {
      if (!isYes(value)) return [{ place: "log_level", value: "silent" }];
      // Only where ours says the opposite is there something to tell.
      return ours("log_level") === "silent" ? [{ place: "log_level", value: "auto" }] : [];
    },
  },
  {
    name: "WSS_DEBUG_LOG_ENABLED",
    system: "PorticoEstate",
    maps: "log_level",
    how: "`true`: `debug`. `false`: `essential` in production, `info` in development mode.",
    read(value, { mode, foreign }) {
      const isWanted = isYes(value);
      const master = foreign("WSS_LOG_ENABLED");
      if (master !== undefined && !isYes(master)) return [];
      const quiet = mode === "production" ? "essential" : "info";
      return [{ place: "log_level", value: isWanted ? "debug" : quiet }];
    },
  },
  {
    name: "WSS_LOG_TO_DOCKER",
    system: "PorticoEstate",
    maps: "log_to",
    how: "`true`: `stdout`. `false`: `file`, which is `log_file` or `parlance.log` in the data directory.",
    read: (value) => [{ place: "log_to", value: isYes(value) ? "stdout" : "file" }],
  },
  {
    name: "REDIS_HOST",
    system: "PorticoEstate",
    maps: "redis host",
    how: `One of the two is enough; the other is then \`redis\` or \`6379\`. ${joins()}`,
    read: (value) => [{ place: "redis host", value: hostIn(value) }],
  },
  {
    name: "REDIS_PORT",
    system: "PorticoEstate",
    maps: "redis port",
    how: joins(),
    read: (value) => [{ place: "redis port", value: portIn(value) }],
  },
  {
    name: "APP_ENV",
    system: "Symfony chat",
    maps: "mode",
    how: "`dev`, `test`: `development`. `prod`: `production`.",
    read(value) {
      if (value === "prod") return [{ place: "mode", value: "production" }];
      if (value === "dev" || value === "test") return [{ place: "mode", value: "development" }];
      throw new ForeignValueError("is dev, test or prod");
    },
  },
  { ...setting("Symfony chat", "APP_SECRET", "secret"), isSecret: true },
  ...endpoint("Symfony chat", "symfony-chat", "WEBSOCKET", "`127.0.0.1` and `8080`"),
  {
    name: "DATABASE_URL",
    system: "Symfony chat",
    maps: "database_url",
    how:
      "`sqlite:////directory` or `sqlite:////directory/parlance.db`; or MySQL or PostgreSQL, whose parameters " +
      "`serverVersion` and `charset` are taken and not needed. Our tables there begin with `parlance_`.",
    read: (value, { directory }) => [
      { place: "database_url", value: databaseIn(value, directory) },
    ],
  },
  {
    name: "RABBITMQ_HOST",
    system: "Symfony chat",
    maps: "rabbitmq host",
    how: `One of the five is enough; the others are then \`localhost\`, \`5672\`, \`guest\`, \`guest\` and \`/\`. ${joins()}`,
    read: (value) => [{ place: "rabbitmq host", value: hostIn(value) }],
  },
  {
    name: "RABBITMQ_PORT",
    system: "Symfony chat",
    maps: "rabbitmq port",
    how: joins(),
    read: (value) => [{ place: "rabbitmq port", value: portIn(value) }],
  },
  {
    name: "RABBITMQ_USER",
    system: "Symfony chat",
    maps: "rabbitmq user",
    how: joins(),
    read: (value) => [{ place: "rabbitmq user", value }],
  },
  {
    name: "RABBITMQ_PASSWORD",
    system: "Symfony chat",
    maps: "rabbitmq password",
    how: `${joins()} Never shown.`,
    isSecret: true,
    read: (value) => [{ place: "rabbitmq password", value }],
  },
  {
    name: "RABBITMQ_VHOST",
    system: "Symfony chat",
    maps: "rabbitmq vhost",
    how: joins(),
    read: (value) => [{ place: "rabbitmq vhost", value }],
  },
  {
    name: "MESSENGER_TRANSPORT_DSN",
    system: "Symfony chat",
    maps: "rabbitmq",
    how: `\`amqp:\` only; the last part of its path names the exchange. ${joins()}`,
    read(value) {
      const { host, port, user, password, vhost, exchange, isEncrypted } = parseAmqp(value);
      return [
        { place: "rabbitmq host", value: host },
        { place: "rabbitmq port", value: port },
        { place: "rabbitmq user", value: user },
        { place: "rabbitmq password", value: password },
        { place: "rabbitmq vhost", value: vhost },
        { place: "rabbitmq exchange", value: exchange },
        ...(isEncrypted ? [{ place: "rabbitmq tls", value: "yes" } as const] : []),
      ];
    },
  },
  ...pusherApp("Reverb", "REVERB_APP"),
  ...pusherApp("soketi", "SOKETI_DEFAULT_APP"),
];

function joins(): string {
  return "Opens its door; [joins the nodes](brokers.md#names-of-other-systems) too if it stands alone.";
}

function setting(system: System, name: string, place: SettingName, unit = ""): ForeignName {
  const how = unit === "" ? "The same." : `The same, ${unit}.`;
  return { name, system, maps: place, how, read: (value) => [{ place, value }] };
}

/** The application that a server of Pusher's protocol is for. */
function pusherApp(system: System, prefix: string): readonly ForeignName[] {
  return [
    setting(system, `${prefix}_ID`, "pusher_app_id"),
    setting(system, `${prefix}_KEY`, "pusher_key"),
    { ...setting(system, `${prefix}_SECRET`, "pusher_secret"), isSecret: true },
  ];
}

/** Either name opens the endpoint. */
function endpoint(
  system: System,
  dialect: "mmb" | "symfony-chat",
  prefix: string,
  presets: string,
): readonly ForeignName[] {
  const maps = `listen ${dialect}`;
  return [
    {
      name: `${prefix}_HOST`,
      system,
      maps,
      how: `An endpoint of its own. One of the two is enough; presets are ${presets}.`,
      read: (value) => [{ place: `listen ${dialect} host`, value: hostIn(value) }],
    },
    {
      name: `${prefix}_PORT`,
      system,
      maps,
      how: "Its port; must differ from the main port `PARLANCE_PORT`.",
      read: (value) => [{ place: `listen ${dialect} port`, value: portIn(value) }],
    },
  ];
}

function isYes(value: string): boolean {
  if (/^(true|yes|on|1)$/i.test(value)) return true;
  if (/^(false|no|off|0)$/i.test(value)) return false;
  throw new ForeignValueError("is true or false");
}

function hostIn(value: string): string {
  const host = bareHost(value);
  if (host === undefined) throw new ForeignValueError("is no address and no name");
  return host;
}

function portIn(value: string): number {
  const port = /^\d{1,5}$/.test(value) ? Number(value) : 0;
  if (port < 1 || port > 65_535) throw new ForeignValueError("is a whole number, 1-65535");
  return port;
}

function databaseIn(value: string, directory: string): string {
  const address = parseDatabaseUrl(value);
  if (address.engine !== "sqlite") return address.url;
  const path = isAbsolute(address.path) ? address.path : join(directory, address.path);
  const [, parent = "", file = ""] = /^(.*)[/\\]([^/\\]*)$/.exec(path) ?? [];
  if (file === "parlance.db") return `sqlite:${parent === "" ? "/" : parent}`;
  if (/\.\w+$/.test(file)) {
    throw new ForeignValueError(
      `names a file of another program: the file here is parlance.db, so write ${file} as parlance.db`,
    );
  }
  return `sqlite:${path}`;
}
