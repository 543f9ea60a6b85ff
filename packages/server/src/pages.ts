/** Scripts and pages for the users of the dialects, the playground, and Socket.IO's client for browsers. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { HttpServer } from "@parlance/http";
import {
  files,
  inlineHashes,
  mmbClientScript,
  type PageFeatures,
  readServed,
  type ServedFile,
} from "@parlance/pages";

/** Dialects that the playground speaks. */
export type PlaygroundDialect =
  | "native"
  | "sse"
  | "mmb"
  | "portico"
  | "symfony-chat"
  | "chatlogger"
  | "socketio"
  | "pusher"
  | "yjs";

export interface PagesOptions {
  readonly features: PageFeatures;
  readonly mmb: {
    /** Whole address that pages connect to. Absent: the dialect's endpoint at the script's host. */
    readonly url?: string;
    readonly reconnect: boolean;
    readonly reconnectDelayMs: number;
    readonly pingIntervalMs: number;
  };
  readonly isDevelopment: boolean;
  /**
   * Where each dialect is spoken: `/path` on the port of the page, `:port/path` on another one of its host, or a whole
   * address. Dialects that are not named are not offered. Absent: as development mode opens them.
   */
  readonly endpoints?: Partial<Readonly<Record<PlaygroundDialect, string>>>;
  /** Folder of Socket.IO's client for browsers. Absent: that of the installed package. */
  readonly socketIoClient?: string;
}

const developmentEndpoints: NonNullable<PagesOptions["endpoints"]> = {
  native: "/ws",
  sse: "/sse?room=general",
  mmb: ":8082/",
  portico: "/wss",
  "symfony-chat": ":8083/",
  chatlogger: ":8081/",
  socketio: "/",
  yjs: "/yjs/doc_playground",
};

/** Nothing from elsewhere; inline only what `inline` names by its hash. As the web app's, see web-app.ts. */
function pagePolicy(page: string): string {
  const scripts = ["'self'", ...inlineHashes(page, "script")].join(" ");
  const styles = ["'self'", ...inlineHashes(page, "style")].join(" ");
  return [
    "default-src 'self'",
    `script-src ${scripts}`,
    `style-src ${styles}`,
    "connect-src 'self' ws: wss:",
    "img-src 'self' data: blob:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join("; ");
}

const types = {
  page: "text/html; charset=utf-8",
  script: "text/javascript; charset=utf-8",
  style: "text/css; charset=utf-8",
  settings: "application/json; charset=utf-8",
} as const;

/** Files that pages load from a Socket.IO server; Socket.IO's own has them at these addresses. */
const socketIoFiles = [
  "socket.io.js",
  "socket.io.min.js",
  "socket.io.esm.min.js",
  "socket.io.msgpack.min.js",
] as const;

/**
 * Serves `/playground`, `/websocket-test`, `/chatlogger`, and the scripts that pages of the dialects' users load:
 * `/mmb/client.js`, `/portico/client.js` (also at `/src/WebSocket/client.js`), `/socket.io/socket.io.min.js`.
 */
export function servePages(http: HttpServer, options: PagesOptions): void {
  const { socketIoClient = findSocketIoClient() } = options;
  const hasSocketIo = socketIoClient !== undefined && existsSync(socketIoClient);
  const { socketio, ...others } = options.endpoints ?? developmentEndpoints;
  const endpoints = hasSocketIo && socketio !== undefined ? { ...others, socketio } : others;

  for (const served of files) serveFile(http, served, readServed(served.file));
  const { mmb } = endpoints;
  const script = mmbClientScript({
    ...options.mmb,
    features: options.features,
    ...(mmb === undefined ? {} : { endpoint: mmb }),
  });
  serveScriptForOthers(http, "/mmb/client.js", script);
  serveText(http, "/pages/settings.json", {
    type: types.settings,
    text: JSON.stringify({ endpoints, isDevelopment: options.isDevelopment }),
  });
  if (!hasSocketIo) return;
  for (const name of socketIoFiles) {
    serveScriptForOthers(
      http,
      `/socket.io/${name}`,
      readFileSync(join(socketIoClient, name), "utf8"),
    );
  }
}

/** The parts of plug-ins that run in pages: modules at `/plugins/<name>/client.js`. */
export function servePluginClients(
  http: HttpServer,
  plugins: readonly { readonly name: string; readonly client?: string }[],
): void {
  for (const { name, client } of plugins) {
    if (client !== undefined) serveScriptForOthers(http, `/plugins/${name}/client.js`, client);
  }
}

/** The server's package brings the client for browsers along. */
function findSocketIoClient(): string | undefined {
  try {
    const found = createRequire(import.meta.url).resolve("socket.io/package.json");
    return join(dirname(found), "client-dist");
  } catch {
    return undefined;
  }
}

function serveFile(http: HttpServer, { path, kind, isForOthers }: ServedFile, text: string): void {
  if (isForOthers) serveScriptForOthers(http, path, text);
  else serveText(http, path, { type: types[kind], text });
}

function serveScriptForOthers(http: HttpServer, path: string, text: string): void {
  serveText(http, path, {
    type: types.script,
    text,
    headers: {
      "access-control-allow-origin": "*",
      "cross-origin-resource-policy": "cross-origin",
    },
  });
}

interface Text {
  readonly type: string;
  readonly text: string;
  readonly headers?: Readonly<Record<string, string>>;
}

function serveText(http: HttpServer, path: string, { type, text, headers = {} }: Text): void {
  const body = Buffer.from(text, "utf8");
  const tag = `"${createHash("sha256").update(body).digest("base64url")}"`;
  const all = {
    ...headers,
    "cache-control": "no-cache",
    etag: tag,
    "content-security-policy": pagePolicy(type === types.page ? text : ""),
  };
  http.get(path, async (request, reply) => {
    reply.headers(all);
    if (request.headers["if-none-match"] === tag) return reply.code(304).send();
    return reply.type(type).send(body);
  });
}
