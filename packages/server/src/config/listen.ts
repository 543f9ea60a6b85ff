/** Endpoints of the dialects: how they are written, and which of them a configuration asks for. */
import { isIP } from "node:net";
import {
  type Config,
  type DialectName,
  dialectNames,
  type ListenEntry,
  type SettingName,
} from "./types.ts";

/** The automatic endpoints: the ports that the authors' own pages are written for, as far as they differ. */
const automaticPorts: readonly (readonly [DialectName, number])[] = [
  ["chatlogger", 8081],
  ["mmb", 8082],
  ["symfony-chat", 8083],
];

/** Paths of the main port that are taken already. */
const ownPaths: ReadonlySet<string> = new Set(["/ws", "/socket.io", "/apps"]);

/** `host:port/path`, each of them optional; IPv6 in brackets. */
const targetForm = /^(?:(\[[^\]]*\]|[^:/[\]]*):(?=\d))?(\d{1,6})?(\/.*)?$/;
const pathForm = /^(?:\/[\w.~!$&'()*+;=:@%-]+)+\/?$|^\/$/;

/**
 * One endpoint as text: `mmb=8082`, `mmb=0.0.0.0:8082`, `chatlogger=/chat`, `portico=:9000/wss`, `native=[::1]:9001`.
 *
 * @returns the entry, or what is wrong with the text.
 */
export function parseEntry(text: string): ListenEntry | string {
  const [, dialect = "", target = ""] = /^([^=]*)=(.*)$/.exec(text) ?? [];
  const [whole, host, port, path] = targetForm.exec(target) ?? [];
  if (whole === undefined || target === "") {
    return `"${text}" is not dialect=port, dialect=host:port or dialect=/path (IPv6 in brackets)`;
  }
  return checkEntry({
    dialect,
    ...(host === undefined || host === "" ? {} : { host }),
    ...(port === undefined ? {} : { port: Number(port) }),
    ...(path === undefined ? {} : { path }),
  });
}

/** An endpoint as it stands in a file. @returns the entry, or what is wrong with it. */
export function checkEntry(value: unknown): ListenEntry | string {
  if (typeof value !== "object" || value === null) return "an entry is an object or a text";
  const { dialect, host, port, path, ...others } = value as Record<string, unknown>;
  const [stranger] = Object.keys(others);
  if (stranger !== undefined) return `an entry has no ${stranger}`;
  if (!isDialect(dialect)) {
    return `there is no dialect "${String(dialect)}", only ${dialectNames.join(", ")}`;
  }
  if (port === undefined && path === undefined) return `${dialect}: a port or a path is missing`;
  if (port === undefined && host !== undefined) return `${dialect}: a host needs a port`;
  if (port !== undefined && !isPort(port)) return `${dialect}: a port is a whole number, 0-65535`;
  const bare = host === undefined ? undefined : bareHost(host);
  if (host !== undefined && bare === undefined) {
    return `${dialect}: the host is no address and no name`;
  }
  if (path !== undefined && (typeof path !== "string" || !pathForm.test(path))) {
    return `${dialect}: a path is such as /chat, without spaces, ? and #`;
  }
  return {
    dialect,
    ...(bare === undefined ? {} : { host: bare }),
    ...(port === undefined ? {} : { port }),
    ...(path === undefined ? {} : { path: path === "/" ? path : path.replace(/\/$/, "") }),
  };
}

/** The entry as text, as `parseEntry` reads it. */
export function showEntry({ dialect, host, port, path }: ListenEntry): string {
  const address = host === undefined ? "" : `${host.includes(":") ? `[${host}]` : host}:`;
  return `${dialect}=${address}${port ?? ""}${path ?? ""}`;
}

/**
 * The endpoints to open beside the native one, ready to use: every entry with a port has its host, and what lies on
 * the main port has neither. `auto` is the automatic ports in development mode while the main port is at its preset,
 * and none otherwise.
 */
export function listenEntries(
  config: Pick<Config, "listen" | "mode" | "host" | "port">,
  sources: Readonly<Partial<Record<SettingName, string>>>,
): readonly ListenEntry[] {
  const { listen, mode, host, port: mainPort } = config;
  if (listen !== "auto") {
    return listen.map((entry) => {
      const { dialect, path, port } = entry;
      if (path !== undefined && isMain(entry, mainPort)) return { dialect, path };
      return port === undefined ? entry : { host, ...entry };
    });
  }
  if (mode !== "development" || sources.port !== "preset") return [];
  return automaticPorts.map(([dialect, port]) => ({ dialect, host, port, isOptional: true }));
}

/**
 * What cannot be opened together.
 *
 * @param labelOf Where an entry comes from, for the lines: `PARLANCE_LISTEN`, `WS_PORT`.
 */
export function listenTrouble(
  config: Pick<Config, "listen" | "host" | "port">,
  labelOf: (entry: ListenEntry) => string,
): readonly string[] {
  if (config.listen === "auto") return [];
  const lines: string[] = [];
  const earlier: ListenEntry[] = [];
  for (const entry of config.listen) {
    const trouble = troubleOf(entry, earlier, config);
    if (trouble !== undefined) lines.push(`${labelOf(entry)}: ${showEntry(entry)} ${trouble}`);
    earlier.push(entry);
  }
  return lines;
}

function troubleOf(
  entry: ListenEntry,
  earlier: readonly ListenEntry[],
  { host, port }: Pick<Config, "host" | "port">,
): string | undefined {
  if (isMain(entry, port)) {
    if (entry.path === undefined) {
      return `takes the main port ${port}. Give one of them another port, such as PARLANCE_PORT=8000`;
    }
    if ((entry.host ?? host) !== host) return `has the main port's number and another host`;
    if (ownPaths.has(entry.path)) return "is a path of the server's own";
  }
  for (const other of earlier) {
    if (entry.port === 0 || other.port === 0) continue;
    if ((entry.port ?? port) !== (other.port ?? port)) continue;
    if ((entry.host ?? host) !== (other.host ?? host)) {
      return `has the port of ${showEntry(other)} and another host`;
    }
    if (entry.path === other.path) return `is taken by ${showEntry(other)} already`;
    if (entry.path === undefined || other.path === undefined) {
      return `shares a port with ${showEntry(other)}, and one of them is for every path of it`;
    }
  }
  return undefined;
}

function isMain({ port }: ListenEntry, mainPort: number): boolean {
  return port === undefined || (port !== 0 && port === mainPort);
}

function isDialect(value: unknown): value is DialectName {
  return dialectNames.some((name) => name === value);
}

function isPort(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 65_535;
}

/** A host without brackets; undefined for what is neither an address nor a name. */
export function bareHost(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  const [, inner] = /^\[(.*)\]$/.exec(value) ?? [];
  if (inner !== undefined) return isIP(inner) === 6 ? inner : undefined;
  if (isIP(value) !== 0) return value;
  const isName = /^(?!-)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*$/.test(value);
  // `300.1.1.1` and `127.1` are slips, not names.
  return isName && /[A-Za-z]/.test(value) ? value : undefined;
}
