/**
 * Addresses of databases and brokers in one text, as Symfony's `.env` has them. What is refused here is never
 * repeated in the message: it may contain a password.
 */
import { bareHost } from "../listen.ts";

/** A value that cannot be used. The message is the end of a line that begins with the name. */
export class ForeignValueError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ForeignValueError";
  }
}

/** Doctrine's and our names for the engines. */
const engines: Readonly<Record<string, "mysql" | "postgresql" | "sqlite">> = {
  mysql: "mysql",
  mysql2: "mysql",
  "pdo-mysql": "mysql",
  mysqli: "mysql",
  postgres: "postgresql",
  postgresql: "postgresql",
  pgsql: "postgresql",
  "pdo-pgsql": "postgresql",
  sqlite: "sqlite",
  sqlite3: "sqlite",
  "pdo-sqlite": "sqlite",
};

export type DatabaseAddress =
  | {
      readonly engine: "mysql" | "postgresql";
      readonly host: string;
      readonly port: number;
      readonly database: string;
      /** As `database_url` has it, password included. */
      readonly url: string;
    }
  /** `path` as it was written: relative ones without a slash in front. */
  | { readonly engine: "sqlite"; readonly path: string };

/** Where a message broker is. */
export interface AmqpAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly vhost: string;
  readonly exchange: string;
  readonly isEncrypted: boolean;
}

/**
 * `mysql://user:password@host:3306/name?serverVersion=8.0.32&charset=utf8mb4`, the same for PostgreSQL, and
 * `sqlite:////absolute/path` or `sqlite:///relative/path` as Doctrine reads them.
 *
 * @throws ForeignValueError for what is none of these.
 */
export function parseDatabaseUrl(text: string): DatabaseAddress {
  refuseReferences(text);
  const engine = engines[schemeOf(text)];
  if (engine === undefined) throw new ForeignValueError("is no mysql:, postgresql: or sqlite: DSN");
  if (engine === "sqlite") return { engine, path: sqlitePath(text) };
  const url = parseUrl(text);
  refuseParameters(url, { serverVersion: /^[\w.-]{1,64}$/, charset: /^\w{1,32}$/ });
  const database = decode(url.pathname.slice(1));
  if (!/^[^/\s]{1,64}$/.test(database)) {
    throw new ForeignValueError("names no database, or more than one");
  }
  const port = url.port === "" ? (engine === "mysql" ? 3306 : 5432) : Number(url.port);
  const login = url.username === "" ? "" : `${url.username}${password(url)}@`;
  const place = `${login}${url.hostname}:${port}${url.pathname}`;
  const scheme = engine === "mysql" ? "mysql" : "postgres";
  return { engine, host: hostOf(url), port, database, url: `${scheme}://${place}` };
}

/**
 * `amqp://user:password@host:5672/vhost/exchange`, as Symfony's Messenger reads it: `%2f` is the virtual host `/`,
 * and without a last part the exchange is `messages`.
 *
 * @throws ForeignValueError for anything else, other transports included.
 */
export function parseAmqp(text: string): AmqpAddress {
  refuseReferences(text);
  const scheme = schemeOf(text);
  if (scheme !== "amqp" && scheme !== "amqps") {
    throw new ForeignValueError("is no amqp: DSN, and no other transport is understood");
  }
  const url = parseUrl(text);
  refuseParameters(url, {
    auto_setup: /^(true|false|0|1)$/,
    heartbeat: /^\d+$/,
    "exchange[name]": /^[\w.:-]+$/,
  });
  const [vhost, exchange, ...more] = url.pathname.slice(1).split("/").map(decode);
  if (more.length > 0) throw new ForeignValueError("has more than a virtual host and an exchange");
  return {
    host: hostOf(url),
    port: url.port === "" ? (scheme === "amqp" ? 5672 : 5671) : Number(url.port),
    user: decode(url.username) || "guest",
    password: url.username === "" ? "guest" : decode(url.password),
    vhost: vhost === undefined || vhost === "" ? "/" : vhost,
    exchange: url.searchParams.get("exchange[name]") ?? (exchange || "messages"),
    isEncrypted: scheme === "amqps",
  };
}

function password(url: URL): string {
  return url.password === "" ? "" : `:${url.password}`;
}

function sqlitePath(text: string): string {
  const [, path = "", query] = /^[\w-]+:(?:\/\/\/)?([^?]*)(?:\?(.*))?$/.exec(text) ?? [];
  refuseParameters(new URL(`sqlite:?${query ?? ""}`), {
    serverVersion: /^[\w.-]{1,64}$/,
    charset: /^\w{1,32}$/,
  });
  if (path === "" || path.startsWith("//")) {
    throw new ForeignValueError("names no file: write sqlite:////absolute/path");
  }
  if (path.includes(":memory:")) {
    throw new ForeignValueError("keeps nothing: a database in memory is none");
  }
  return decode(path);
}

/** Symfony would put values of its own there; we would make a directory with a percent sign in its name. */
function refuseReferences(text: string): void {
  const [reference] = /%kernel\.\w+%|%env\([^)]*\)%|\$\{\w+\}/.exec(text) ?? [];
  if (reference === undefined) return;
  throw new ForeignValueError(
    `refers to ${reference}, which only Symfony can resolve: write the value itself`,
  );
}

/** Names are not repeated either: what stands behind a `?` may be the rest of a password. */
function refuseParameters(url: URL, known: Readonly<Record<string, RegExp>>): void {
  for (const [name, value] of url.searchParams) {
    if (known[name]?.test(value) === true) continue;
    throw new ForeignValueError(
      `may have no parameters but ${Object.keys(known).join(", ")}, in order (a ? in a password is %3F)`,
    );
  }
}

function schemeOf(text: string): string {
  return /^([a-z0-9-]+):/i.exec(text)?.[1]?.toLowerCase() ?? "";
}

function parseUrl(text: string): URL {
  const url = /^[\w-]+:\/\//.test(text) && URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.hash !== "") {
    throw new ForeignValueError(
      "cannot be read: its form is scheme://user:password@host:port/name, special characters as %XX",
    );
  }
  return url;
}

function hostOf(url: URL): string {
  const host = bareHost(decode(url.hostname));
  if (host === undefined) throw new ForeignValueError("has no host");
  return host;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new ForeignValueError("has a % that is not followed by two hexadecimal digits");
  }
}
