/** The dialects of an install that the gateway carries: which there are, where they are spoken, and whom they trust. */
import type { Dialect, NamedRooms } from "@parlance/core";
import { createChatlogger } from "@parlance/dialects/chatlogger";
import { createMmb, type MmbOptions } from "@parlance/dialects/mmb";
import { createNative } from "@parlance/dialects/native";
import { createPortico } from "@parlance/dialects/portico";
import { createPusher } from "@parlance/dialects/pusher";
import { createSymfonyChat } from "@parlance/dialects/symfony-chat";
import { createYjs } from "@parlance/dialects/yjs";
import type { DialectEndpoint, Endpoint } from "@parlance/gateway";
import { limits, type RoomId, type RoomKind, subprotocol } from "@parlance/protocol";
import { guestsAllowed, trustedDialects } from "./config/safety.ts";
import {
  type Config,
  type DialectName,
  jsonDialectNames,
  type ListenEntry,
} from "./config/types.ts";
import type { PagesOptions } from "./pages.ts";

/** Paths of the main port, beside what `listen` adds. PorticoEstate's pages derive theirs from the page's address. */
export const ownPaths: Readonly<Record<DialectName, string>> = {
  native: "/ws",
  chatlogger: "/chatlogger",
  mmb: "/mmb",
  portico: "/wss",
  "symfony-chat": "/symfony-chat",
  yjs: "/yjs",
  pusher: "/app",
};

/** An update of the longest, and what is around it in its frame. */
const yjsFrameBytes: number = limits.documentUpdateBytes + 64;

/** MMB's switches (MMB-19). */
export function mmbOptions(config: Config): MmbOptions {
  return {
    chat: config.mmb_chat,
    collaboration: config.mmb_collaboration,
    notifications: config.mmb_notifications,
    escapesHtml: config.mmb_escape_html,
  };
}

function createDialects(
  config: Config,
  frames: ReadonlySet<string>,
): Readonly<Record<DialectName, Dialect | undefined>> {
  const { pusher_key: key, pusher_public_channels: reading } = config;
  const publicChannels = reading === "auto" ? guestsAllowed(config) : reading === "open";
  const storedEvents = new Set(config.pusher_stored_events);
  return {
    pusher: key === undefined ? undefined : createPusher({ key, publicChannels, storedEvents }),
    native: createNative(frames),
    chatlogger: createChatlogger({
      room: config.chatlogger_room as RoomId,
      history: config.chatlogger_history,
      timeZone: config.time_zone,
    }),
    mmb: createMmb(mmbOptions(config)),
    portico: createPortico({
      chatRoom: config.portico_chat_room as RoomId,
      notificationRoom: config.portico_notification_room as RoomId,
    }),
    "symfony-chat": createSymfonyChat(),
    yjs: createYjs(),
  };
}

/**
 * Every endpoint: what the configuration maps, and the dialects' own paths where it maps them to nothing else.
 *
 * @param frames Types of plug-ins' frames.
 */
export function dialectEndpoints(
  config: Config,
  entries: readonly ListenEntry[],
  frames: ReadonlySet<string>,
): readonly Endpoint[] {
  const dialects = createDialects(config, frames);
  const trusted = trustedDialects(config);
  const trust = config.trusted_network === "auto" ? "loopback" : "everybody";
  const at = (
    name: DialectName,
    place: Pick<Endpoint, "port" | "path">,
  ): readonly DialectEndpoint[] => {
    const dialect = dialects[name];
    if (dialect === undefined) return [];
    // The provider puts the room behind the path, Pusher's clients the key. On a port of its own every path is taken.
    const takesName = (name === "yjs" || name === "pusher") && place.path !== undefined;
    return [
      {
        ...place,
        dialect,
        ...(name === "yjs" ? { frameBytes: yjsFrameBytes } : {}),
        ...(takesName ? { takesName: true } : {}),
        ...(trusted.has(name) ? { trust } : {}),
        ...(jsonDialectNames.some((json) => json === name) ? { takesNullOrigin: true } : {}),
      },
    ];
  };
  const mapped = new Set(entries.flatMap(({ port, path }) => (port === undefined ? [path] : [])));
  return [
    ...Object.entries(ownPaths)
      .filter(([, path]) => !mapped.has(path))
      .flatMap(([name, path]) => at(name as DialectName, { path })),
    ...at("native", { path: ownPaths.native }).map((endpoint) => ({ ...endpoint, subprotocol })),
    ...entries.flatMap(({ dialect, port, path }) =>
      at(dialect, {
        ...(port === undefined ? {} : { port }),
        ...(path === undefined ? {} : { path }),
      }),
    ),
  ];
}

/** The rooms that clients of the dialects find there: made when the first of them comes, so that nobody else sees them before. */
export function dialectRooms(config: Config): NamedRooms {
  const rooms: readonly (readonly [string, RoomKind, string])[] = [
    [config.chatlogger_room, "public", "ChatLogger"],
    [config.portico_chat_room, "public", "PorticoEstate"],
    [config.portico_notification_room, "announcement", "Notifications"],
  ];
  return new Map(rooms.map(([room, kind, title]) => [room as RoomId, { kind, title }]));
}

/** What the served pages and scripts are told of the install. */
export function pagesOptions(config: Config): PagesOptions {
  const { pusher, yjs, ...others } = ownPaths;
  const { pusher_key: key } = config;
  return {
    features: {
      chat: config.mmb_chat,
      collaboration: config.mmb_collaboration,
      notifications: config.mmb_notifications,
    },
    mmb: {
      ...(config.mmb_public_url === undefined ? {} : { url: config.mmb_public_url }),
      reconnect: config.mmb_auto_reconnect,
      reconnectDelayMs: config.mmb_reconnect_delay_ms,
      pingIntervalMs: config.mmb_ping_interval_ms,
    },
    isDevelopment: config.mode === "development",
    endpoints: {
      ...others,
      sse: "/rooms/general/events",
      socketio: "/",
      yjs: `${yjs}/doc_playground`,
      ...(key === undefined ? {} : { pusher: `${pusher}/${key}?protocol=7` }),
    },
  };
}

/** Whose merely claimed ids the Symfony chat's REST routes take: of this machine, of everybody, of nobody. */
export function symfonyTrust(config: Config): "loopback" | "everybody" | undefined {
  if (!trustedDialects(config).has("symfony-chat")) return undefined;
  return config.trusted_network === "auto" ? "loopback" : "everybody";
}
