import type { Dialect } from "@parlance/core";
import { closeCode, farewell } from "./codes.ts";
import { encodeEvent, excluded } from "./encode.ts";
import type { PusherOptions } from "./options.ts";
import { PusherTranslator } from "./translator.ts";

export {
  type ChannelAccess,
  type ChannelKind,
  channelOfRoom,
  channelOfUser,
  kindOfChannel,
  maxChannelLength,
  roomOfChannel,
} from "./channel.ts";
export {
  type ChannelEvent,
  contentOfEvent,
  type EventContent,
  eventOfFrame,
  excludedSocket,
  isClientEvent,
  maxEventData,
  maxEventName,
  type PusherEvent,
  socketIdForm,
} from "./content.ts";
export {
  type PusherDoors,
  type PusherRoute,
  pusherRoutes,
  type SignedCall,
} from "./http/routes.ts";
export {
  type PusherWebhookEvent,
  pusherEventsOf,
  sourcesOf,
} from "./http/webhook.ts";
export type { PusherOptions } from "./options.ts";
export { connectionOf, socketIdOf } from "./socket-id.ts";

/** Pusher protocol 7 over WebSocket. `docs/protocol/pusher.md`. */
export function createPusher(options: PusherOptions): Dialect {
  return {
    name: "pusher",
    readsUrl: true,
    endsWithPage: true,
    begin: () => new PusherTranslator(options),
    encodeEvent,
    excluded,
    closeCode,
    farewell,
  };
}
