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
