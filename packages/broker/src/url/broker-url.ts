/** Addresses of brokers as one text. What is wrong with one is told without repeating it: it may contain a password. */

/** A URL that cannot be used. */
export class BrokerUrlError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "BrokerUrlError";
  }
}

/** What a broker's URL may begin with, and the port that is meant where none is given. */
const presetPorts = {
  "redis:": 6379,
  "rediss:": 6379,
  "redis-sentinel:": 26379,
  "redis-cluster:": 6379,
  "amqp:": 5672,
  "amqps:": 5671,
  "nats:": 4222,
  "tls:": 4222,
} as const;

export type BrokerScheme = keyof typeof presetPorts;

export interface BrokerHost {
  /** A name or address, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

export interface BrokerUrl {
  readonly scheme: BrokerScheme;
  readonly user?: string;
  readonly password?: string;
  readonly hosts: readonly BrokerHost[];
  /** What stands behind the hosts, without the slash; absent where there is no slash. Decoded. */
  readonly path?: string;
}

/**
 * `scheme://user:password@host:port,host:port/path`, special characters as `%XX`.
 *
 * @throws BrokerUrlError
 */
export function parseBrokerUrl(url: string): BrokerUrl {
  const scheme = schemeOf(url);
  if (!isNetwork(scheme)) throw new BrokerUrlError(`begins with none of ${schemes}`);
  const [, userinfo, places, path, rest] =
    /^[a-z-]+:\/\/(?:([^/]*)@)?([^/?#@]*)(?:\/([^?#]*))?([?#].*)?$/i.exec(url) ?? [];
  if (places === undefined) {
    throw new BrokerUrlError(
      "cannot be read: its form is scheme://user:password@host:port,host:port/name, special characters as %XX",
    );
  }
  if (rest !== undefined)
    throw new BrokerUrlError("may have no parameters (a ? is %3F, a # is %23)");
  if (scheme === "redis-sentinel:" && (path ?? "") === "") {
    throw new BrokerUrlError("names no primary: redis-sentinel://host,host/name");
  }
  const [user, password] = /^([^:]*)(?::(.*))?$/.exec(userinfo ?? "")?.slice(1) ?? [];
  return {
    scheme,
    ...(user === undefined || user === "" ? {} : { user: decode(user) }),
    ...(password === undefined || password === "" ? {} : { password: decode(password) }),
    hosts: places.split(",").map((place) => hostOf(place, presetPorts[scheme])),
    ...(path === undefined ? {} : { path: decode(path) }),
  };
}

const schemes = Object.keys(presetPorts).join(", ");

function schemeOf(url: string): string {
  return /^[a-z-]+:/i.exec(url)?.[0].toLowerCase() ?? "";
}

function isNetwork(scheme: string): scheme is BrokerScheme {
  return Object.hasOwn(presetPorts, scheme);
}

function hostOf(place: string, presetPort: number): BrokerHost {
  const [, six, name, port] = /^(?:\[([0-9a-f:.]+)\]|([\w.-]+))(?::(\d{1,5}))?$/i.exec(place) ?? [];
  const host = six ?? name;
  if (host === undefined) throw new BrokerUrlError("has a host that is no name and no address");
  const number = port === undefined ? presetPort : Number(port);
  if (number < 1 || number > 65_535) throw new BrokerUrlError("has a port that is not 1-65535");
  return { host, port: number };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new BrokerUrlError("has a % that is not followed by two hexadecimal digits");
  }
}
