/** Socket.IO on the main port: the one upgrade listener and the requests of one exact path lead to the library. */
import { randomBytes } from "node:crypto";
import type { RequestListener } from "node:http";
import { pathToFileURL } from "node:url";
import type { Clock, Node, Report } from "@parlance/core";
import {
  createSocketIo,
  type SocketIo,
  type SocketIoServer,
  socketIoPath,
} from "@parlance/dialects/socketio";
import type { Gateway, HandlerEndpoint } from "@parlance/gateway";
import { plainWire } from "@parlance/gateway";
import { ConfigError } from "./config/load.ts";
import type { Config } from "./config/schema.ts";
import type { HandOver } from "./processes/hand-over.ts";

/** The library's own presets are 25 s and 20 s; a shorter heartbeat does not wait longer than itself. */
const longestPongMs = 20_000;
const sessionNameBytes = 18;

/** What an application's module gets: the library's server, for namespaces of its own beside the chat's. */
export interface EmbedHost {
  readonly io: SocketIoServer;
}

/** Puts an application's own events beside the chat. Awaited before anybody is let in. */
export type Embed = (host: EmbedHost) => void | Promise<void>;

/** The dialect and where it is reached. */
export interface SocketIoPart {
  readonly socketIo: SocketIo;
  readonly endpoint: HandlerEndpoint;
  /** Takes what is Socket.IO's before `next` reads anything of it. */
  routing(next: RequestListener): RequestListener;
}

/** @param gateway Asked when somebody comes; the gateway is made with this part's endpoint. */
export function openSocketIo(
  config: Config,
  parts: {
    readonly node: Node;
    readonly clock: Clock;
    readonly report: Report;
    readonly gateway: () => Gateway;
    /** Where sessions may be another process's. */
    readonly handOver: HandOver | undefined;
  },
): SocketIoPart {
  const { node, clock, report, gateway, handOver } = parts;
  const socketIo = createSocketIo({
    node,
    clock,
    report,
    wireOf: plainWire,
    newSessionName: () => randomBytes(sessionNameBytes).toString("base64url"),
    examine: (request) => gateway().examine(request, "socketio"),
    admit: (request) => gateway().admit(request),
    pingIntervalMs: config.heartbeat_ms,
    pingTimeoutMs: Math.min(longestPongMs, config.heartbeat_ms),
    signInTimeoutMs: config.sign_in_timeout_ms,
    ...(handOver === undefined ? {} : { sidPrefix: handOver.namePrefix }),
  });
  return {
    socketIo,
    endpoint: {
      port: config.port,
      path: socketIoPath,
      handler: ({ request, socket, head }) => {
        if (handOver?.upgrade(request, socket, head) === true) return undefined;
        return socketIo.upgrade(request, socket, head);
      },
    },
    routing: (next) => (request, response) => {
      if (pathOf(request.url) !== socketIoPath) next(request, response);
      else if (handOver?.request(request, response) !== true) socketIo.request(request, response);
    },
  };
}

function pathOf(url = ""): string {
  const query = url.indexOf("?");
  return query === -1 ? url : url.slice(0, query);
}

/**
 * The function that the configuration's module exports as `embed`.
 *
 * @throws ConfigError if the module cannot be loaded or has no such function.
 */
export async function embedOf(config: Pick<Config, "embed">): Promise<Embed | undefined> {
  if (config.embed === undefined) return undefined;
  let module: Readonly<Record<string, unknown>>;
  try {
    module = (await import(pathToFileURL(config.embed).href)) as typeof module;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError([`PARLANCE_EMBED: ${config.embed} cannot be loaded: ${reason}`]);
  }
  const { embed } = module;
  if (typeof embed === "function") return embed as Embed;
  throw new ConfigError([`PARLANCE_EMBED: ${config.embed} exports no function named embed`]);
}
